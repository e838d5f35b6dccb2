"""Where the forearms are: elbows by two-bone inverse kinematics, and sleeves."""

import numpy as np
from numpy.typing import NDArray
from scipy.spatial.transform import Rotation

from ghtt_core.synthetic.flesh import forearm_radii, linear_rgb
from ghtt_core.synthetic.mesh import Mesh
from ghtt_core.synthetic.props import tube

Float64 = NDArray[np.float64]

_SHOULDER_FROM_HEAD_M = np.array((0.17, -0.13, -0.25))
_UPPER_M, _FORE_M = 0.30, 0.26
_POLE = np.array((0.75, -0.35, -0.55))
_MAX_BEND_RAD = 1.05


def forearm_rotations(world_from_hand: Float64, head_m: Float64) -> Float64:
    """(..., 3, 3) rotation of the forearm in the hand's frame.

    Args:
        world_from_hand: (..., 4, 4) wrist poses, each in its hand's own (mirrored for the left) frame.
        head_m: (3,) where the head usually is.
    """
    wrist = world_from_hand[..., :3, 3]
    shoulder = head_m + _SHOULDER_FROM_HEAD_M
    reach = wrist - shoulder
    length = np.linalg.norm(reach, axis=-1, keepdims=True)
    straight = np.clip(length, 0.05, 0.98 * (_UPPER_M + _FORE_M))
    share = (straight**2 + _UPPER_M**2 - _FORE_M**2) / (2 * straight)
    direction = reach / np.maximum(length, 1e-6)
    aside = _POLE - (direction @ _POLE)[..., None] * direction
    aside /= np.linalg.norm(aside, axis=-1, keepdims=True)
    elbow = shoulder + direction * share + aside * np.sqrt(np.maximum(_UPPER_M**2 - share**2, 0.0))
    along = np.einsum("...ji,...j->...i", world_from_hand[..., :3, :3], wrist - elbow)
    along /= np.linalg.norm(along, axis=-1, keepdims=True)
    axis = np.cross((0.0, 1.0, 0.0), along)
    sine = np.linalg.norm(axis, axis=-1, keepdims=True)
    angle = np.arctan2(sine, along[..., 1:2])
    vector = axis / np.maximum(sine, 1e-9) * np.minimum(angle, _MAX_BEND_RAD)
    return np.asarray(Rotation.from_rotvec(vector.reshape(-1, 3)).as_matrix().reshape(*vector.shape, 3))


def build_arm(girth: float, skin: Float64, rng: np.random.Generator) -> Mesh:
    """The forearm behind the wrist in the forearm's frame: bare, or in a sleeve with folds."""
    sleeve = rng.random() < 0.65
    start = float(rng.uniform(0.045, 0.10)) if sleeve else 0.085
    along = np.linspace(start, 0.42, 40)
    radii = forearm_radii(along) * girth
    centres = np.stack((np.zeros(40), -along, np.full(40, -0.002)), axis=-1)
    colour = np.tile(skin, (40, 1))
    if sleeve:
        cloth = linear_rgb(rng.uniform(25, 200) + rng.normal(0, 28, 3)).clip(0.01, 0.8)
        folds = 0.0022 * np.sin(along * 330 + rng.uniform(0, 6)) * np.exp(-(along - start) / 0.12)
        radii = radii + 0.006 + folds[:, None]
        colour = np.tile(cloth, (40, 1))
        colour[:3] *= 0.8
        radii = np.concatenate((radii[:1] - 0.006, radii))
        centres = np.concatenate((centres[:1] - (0.0, 0.004, 0.0), centres))
        colour = np.concatenate((colour[:1] * 0.3, colour))
    return tube(centres[::-1], radii[::-1], colour[::-1], 0.02)
