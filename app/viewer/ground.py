"""The floor under the hands: a disc with a grid that fades away, and the hands' shadows, which tell how high they are."""

import numpy as np

from app.viewer import geometry
from app.viewer.parts import Capsules, Faces, Lines
from app.viewer.picture import Rgb, SceneColors
from ghtt_core.packets import Float32

GRID_STEP_M = 0.1
_RADIUS_M = 0.7
_SHADOW_RADII_M = np.full(geometry.BONES_PER_FRAME, 0.006, np.float32)
_FLAT = np.diag(np.array((1, 1, 0.02, 1), np.float32))
"""Shadows are capsules, pressed flat."""


class Ground:
    """Floor, grid and shadows, around the origin until they are drawn."""

    def __init__(self, line_width: float) -> None:
        self._floor_at, self._floor_strength, faces = geometry.disc(_RADIUS_M)
        self._grid_at, self._grid_strength = geometry.fading_grid(GRID_STEP_M, _RADIUS_M)
        self._floor = Faces(faces)
        self._grid = Lines(line_width, depth_test=False)
        self._shadows = Capsules(geometry.BONES_PER_FRAME, sides=6, rings=2)
        self._shadow_color = np.zeros((geometry.BONES_PER_FRAME, 4), np.float32)

    def set_colors(self, colors: SceneColors) -> None:
        """Paint with other colours."""
        self._floor.set_data(self._floor_at, _rgba(colors.floor, self._floor_strength))
        self._grid.set_data(self._grid_at, _rgba(colors.grid, self._grid_strength))
        self._shadow_color[:] = (*colors.shadow, 1.0)

    def show_shadows(self, ends: Float32, middle_m: Float32) -> None:
        """Drop the shadows of (46, 2, 3) bones in the scene frame on a floor around a point."""
        flat = ends - middle_m
        flat[..., 2] = 0.0
        flat[(ends[:, 0] == ends[:, 1]).all(axis=-1)] = 0.0
        self._shadows.set_data(flat, _SHADOW_RADII_M, self._shadow_color)

    def draw(self, matrix: Float32, middle_m: Float32) -> None:
        """Draw it around a point, as seen by a camera with that (4, 4) matrix."""
        moved = np.eye(4, dtype=np.float32)
        moved[:3, 3] = middle_m
        matrix = matrix @ moved
        self._floor.draw(matrix)
        self._grid.draw(matrix)
        self._shadows.draw(matrix @ _FLAT)


def _rgba(color: Rgb, strength: Float32) -> Float32:
    return np.column_stack((np.tile(color, (len(strength), 1)), strength)).astype(np.float32)
