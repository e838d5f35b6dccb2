"""Draws the 3D picture of one moment: hands, futures, ground and camera."""

import numpy as np
from numpy.typing import NDArray
from PyQt6.QtGui import QOffscreenSurface
from vispy import gloo

from app.viewer import geometry
from app.viewer.ground import Ground
from app.viewer.imagined import Imagined
from app.viewer.offscreen import OffscreenContext
from app.viewer.parts import Capsules, Lines
from app.viewer.picture import SceneColors, ScenePicture
from ghtt_core.packets import Float32

_NOTHING = np.full((2, 21, 3), np.nan, np.float32)


class SceneRenderer:
    """Draws pictures. The thread of the application object makes it; everything else belongs to one thread, maybe another."""

    def __init__(self, line_width: float = 1.0) -> None:
        """Prepare; lines are drawn so many times as wide as usual."""
        self._line_width = line_width
        self._surface = QOffscreenSurface()
        self._surface.create()
        self._scene: _Scene | None = None

    def render(self, picture: ScenePicture) -> NDArray[np.uint8]:
        """(height, width, 4) RGBA.

        Raises:
            RuntimeError: OpenGL does not work, or not any more; the next call begins anew.
        """
        try:
            if self._scene is None:
                self._scene = _Scene(self._surface, self._line_width)
            return self._scene.render(picture)
        except Exception:
            self.close()
            raise

    def close(self) -> None:
        """Free what OpenGL holds; in the thread that drew."""
        if self._scene is not None:
            self._scene.close()
            self._scene = None


class _Scene:
    """The parts of the picture, in one context."""

    def __init__(self, surface: QOffscreenSurface, line_width: float) -> None:
        self._context = OffscreenContext(surface)
        with self._context.current():
            self._ground = Ground(line_width)
            self._frustum = Lines(1.5 * line_width)
            self._refined = Capsules(geometry.BONES_PER_FRAME)
            self._imagined = Imagined(line_width)
            self._observed = Lines(1.5 * line_width, depth_test=False)  # Seen through the refined hand, like its bones.
        self._colors: SceneColors | None = None

    def render(self, picture: ScenePicture) -> NDArray[np.uint8]:
        with self._context.current():
            self._show(picture)
            return self._context.picture(*picture.size_px, lambda: self._draw(picture))

    def close(self) -> None:
        self._context.close()

    def _show(self, picture: ScenePicture) -> None:
        colors = picture.colors
        if colors is not self._colors:
            self._colors = colors
            self._ground.set_colors(colors)
        observed, refined = (
            geometry.bone_ends(_NOTHING if joints is None else joints)
            for joints in (picture.observed_cam_m, picture.refined_cam_m)
        )
        self._refined.set_data(refined, geometry.BONE_RADII_M, geometry.bone_colors(colors.hands, 1.0))
        self._observed.set_data(observed.reshape(-1, 3), np.repeat(geometry.bone_colors(colors.observed, 0.8), 2, axis=0))
        self._ground.show_shadows(refined if refined.any() else observed, picture.floor_m)
        self._imagined.show(picture.imagined, colors.futures)
        camera = np.array((*colors.camera, 0.9), np.float32)
        self._frustum.set_data(picture.frustum_m, np.broadcast_to(camera, (len(picture.frustum_m), 4)))

    def _draw(self, picture: ScenePicture) -> None:
        """From what lies under everything to what is seen through everything."""
        matrix: Float32 = picture.matrix
        gloo.clear(color=(*picture.colors.background, 1.0), depth=True)
        self._ground.draw(matrix, picture.floor_m)
        self._frustum.draw(matrix)
        self._refined.draw(matrix)
        self._imagined.draw_ghosts(matrix)
        self._imagined.draw_paths(matrix)
        self._observed.draw(matrix)
