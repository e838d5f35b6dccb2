"""The floor under the hands: a disc with a grid that fades away, and the hands' shadows, which tell how high they are."""

import numpy as np
from vispy import scene
from vispy.visuals.transforms import STTransform

from app.viewer import geometry
from app.viewer.capsules import Capsules
from ghtt_core.packets import Float32

Rgb = tuple[float, float, float]

_STEP_M = 0.1
_RADIUS_M = 0.7
_SHADOW_RADIUS_M = 0.006
_FLAT = 0.02
"""Shadows are capsules, pressed flat."""


class Ground:
    """Floor, grid and shadows; stays under the hands in whole grid steps, so that its lines seem to stand still."""

    def __init__(self, parent: scene.Node) -> None:
        self._floor_at, self._floor_strength, faces = geometry.disc(_RADIUS_M)
        self._grid_at, self._grid_strength = geometry.fading_grid(_STEP_M, _RADIUS_M)
        self._node = scene.Node(parent=parent)
        self._node.transform = STTransform()
        self._faces = faces
        self._floor = scene.visuals.Mesh(self._floor_at, faces, shading=None, parent=self._node)
        self._grid = scene.visuals.Line(pos=self._grid_at, connect="segments", method="gl", width=1, parent=self._node)
        self._shadows = Capsules(geometry.BONES_PER_FRAME, sides=6, rings=2, parent=self._node)
        self._shadows.transform = STTransform(scale=(1, 1, _FLAT))
        for order, visual in enumerate((self._floor, self._grid, self._shadows), start=-3):
            visual.set_gl_state("translucent", depth_test=order == -1)
            visual.order = order
        self._shadow_color = np.zeros((geometry.BONES_PER_FRAME, 4), np.float32)

    def set_colors(self, floor: Rgb, grid: Rgb, shadow: Rgb) -> None:
        """Paint with other colours."""
        rgba = np.column_stack((np.tile(floor, (len(self._floor_strength), 1)), self._floor_strength)).astype(np.float32)
        self._floor.set_data(vertices=self._floor_at, faces=self._faces, vertex_colors=rgba)
        rgba = np.column_stack((np.tile(grid, (len(self._grid_strength), 1)), self._grid_strength)).astype(np.float32)
        self._grid.set_data(color=rgba)
        self._shadow_color[:] = (*shadow, 1.0)

    def move_under(self, focus_m: np.ndarray, height_m: float) -> None:
        """Lie under a point of the scene, at a height."""
        x, y = np.round(focus_m[:2] / _STEP_M) * _STEP_M
        self._node.transform.translate = (float(x), float(y), height_m)

    def show_shadows(self, ends: Float32) -> None:
        """Drop the shadows of (46, 2, 3) bones in the scene frame."""
        flat = ends - np.asarray(self._node.transform.translate[:3], np.float32)
        flat[..., 2] = 0.0
        gone = (ends[:, 0] == ends[:, 1]).all(axis=-1)
        flat[gone] = 0.0
        self._shadows.set_data(flat, np.full(len(flat), _SHADOW_RADIUS_M, np.float32), self._shadow_color)
