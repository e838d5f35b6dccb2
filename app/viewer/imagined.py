"""Futures in the 3D view: paths that fade with time, and hands along the strongest of them."""

import numpy as np

from app.viewer import geometry
from app.viewer.parts import Capsules, Lines
from app.viewer.picture import ImaginedMotion
from ghtt_core.packets import Float32, Float64
from ghtt_core.skeleton import FINGERTIPS, WRIST

_DRAWN_SAMPLES = 24
_TRAIL_JOINTS = (WRIST, FINGERTIPS[1])
_TRAIL_POINTS = 20
_GHOSTS = 4
_GHOST_RADIUS = 0.45
"""Of the hand's own."""
_TIP_FADE = 0.12
_SAMPLE_WIDTH, _MAIN_WIDTH = 1.2, 3.0
_NONE = np.empty((0, 3), np.float32)


class Imagined:
    """Paths of the samples and of the deterministic future; ghosts of the latter's hand, or every sample's at one moment."""

    def __init__(self, line_width: float) -> None:
        self._samples = Lines(_SAMPLE_WIDTH * line_width)
        self._main = Lines(_MAIN_WIDTH * line_width)
        self._poses = Lines(_SAMPLE_WIDTH * line_width)
        self._ghosts = Capsules(_GHOSTS * geometry.BONES_PER_FRAME, sides=6, rings=2)
        self._drawn = False

    def show(self, motion: ImaginedMotion | None, hand_rgb: Float64) -> None:
        """Draw these futures in (2, 3) colours; None for none."""
        self._drawn = motion is not None and len(motion.futures.joints_cam_m) > 0
        if motion is None or not self._drawn:
            return
        joints, offset_s = motion.futures.joints_cam_m, motion.futures.offset_s
        joints = joints[np.unique(np.linspace(0, len(joints) - 1, _DRAWN_SAMPLES).round().astype(int))]
        horizon_s = min(motion.horizon_s, float(offset_s[-1]))
        at_s = np.linspace(float(offset_s[0]), horizon_s, _TRAIL_POINTS, dtype=np.float32)
        fade = np.linspace(1.0, _TIP_FADE, _TRAIL_POINTS, dtype=np.float32)
        _set_paths(self._samples, geometry.trails(joints[1:], offset_s, _TRAIL_JOINTS, at_s), hand_rgb, 0.42 * fade)
        _set_paths(self._main, geometry.trails(joints[:1], offset_s, FINGERTIPS, at_s), hand_rgb, 0.95 * fade)
        if motion.at_s is None:
            self._poses.set_data(_NONE, _NONE)
            times = np.linspace(horizon_s / _GHOSTS, horizon_s, _GHOSTS)
            self._set_ghosts(joints[:1], offset_s, times, np.linspace(0.5, _TIP_FADE, _GHOSTS), hand_rgb)
        else:
            ends = geometry.bone_ends(geometry.pose_at(joints, offset_s, motion.at_s))
            bones = geometry.bone_colors(hand_rgb, 0.5)
            color = np.broadcast_to(bones[None, :, None, :], (*ends.shape[:-1], 4))
            self._poses.set_data(ends.reshape(-1, 3), color.reshape(-1, 4))
            alphas = np.array([0.9] + [0.0] * (_GHOSTS - 1))
            self._set_ghosts(joints[:1], offset_s, np.full(_GHOSTS, motion.at_s), alphas, hand_rgb)

    def draw_ghosts(self, matrix: Float32) -> None:
        """Draw the hands, as seen by a camera with that (4, 4) matrix."""
        if self._drawn:
            self._ghosts.draw(matrix)

    def draw_paths(self, matrix: Float32) -> None:
        """Draw the lines."""
        if self._drawn:
            for lines in (self._samples, self._main, self._poses):
                lines.draw(matrix)

    def _set_ghosts(self, main: Float32, offset_s: Float32, times_s: Float64, alphas: Float64, hand_rgb: Float64) -> None:
        ends = [geometry.bone_ends(geometry.pose_at(main, offset_s, float(at_s)))[0] for at_s in times_s]
        color = [geometry.bone_colors(hand_rgb, float(alpha)) for alpha in alphas]
        radius = np.concatenate([_GHOST_RADIUS * geometry.BONE_RADII_M * (alpha > 0) for alpha in alphas])
        self._ghosts.set_data(np.concatenate(ends), radius.astype(np.float32), np.concatenate(color))


def _set_paths(lines: Lines, paths: Float32, hand_rgb: Float64, fade: Float32) -> None:
    """(S, 2, J, P - 1, 2, 3) segment ends, which fade by (P,)."""
    color = np.empty((*paths.shape[:-1], 4), np.float32)
    color[..., :3] = hand_rgb[:, None, None, None, :]
    color[..., 3] = np.stack((fade[:-1], fade[1:]), axis=-1)
    lines.set_data(paths.reshape(-1, 3), color.reshape(-1, 4))
