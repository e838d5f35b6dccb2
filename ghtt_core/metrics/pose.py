"""Errors of single poses: how far the joints are from where they should be.

All take joints in metres as (..., T, H, J, 3), missing joints NaN, and return millimetres with the leading axes (...) kept:
the mean over the frames, hands and joints that both sides have. Errors are means of per-joint distances, never norms of the
flattened pose. Pass one hand (a slice that keeps the axis) for a per-hand figure.
"""

import numpy as np
from numpy.typing import NDArray

from ghtt_core.features import hand_size as palm_size
from ghtt_core.metrics._masked import Array, distances_mm, masked_mean
from ghtt_core.skeleton import WRIST

_FRAMES_HANDS_JOINTS = (-3, -2, -1)


def mpjpe(predicted_m: Array, true_m: Array) -> NDArray[np.float64]:
    """Mean per-joint position error in the camera frame, millimetres.

    Source: Ionescu et al., Human3.6M, TPAMI 2014, eq. 8, without any alignment.
    """
    return masked_mean(distances_mm(predicted_m, true_m), _FRAMES_HANDS_JOINTS)


def root_aligned(joints_m: Array, palm_size_m: Array) -> Array:
    """Each hand with its wrist at the origin, scaled to a palm size, (..., J, 3); `palm_size_m` is (...)."""
    local = joints_m - joints_m[..., WRIST : WRIST + 1, :]
    return np.asarray(local * (palm_size_m / palm_size(joints_m))[..., None, None])


def mpjpe_ra(predicted_m: Array, true_m: Array) -> NDArray[np.float64]:
    """Root-aligned error, millimetres: wrists put together and the prediction rescaled to the true palm size, per frame.

    The palm size is the mean wrist-to-MCP distance. Source: G-HTT (arXiv 2311.17366), "MPJPE-RA". A hand without its wrist
    or an MCP counts as missing. The wrist itself counts as a joint, with error zero, as in the paper's own figures.
    """
    size = palm_size(true_m)
    return masked_mean(distances_mm(root_aligned(predicted_m, size), root_aligned(true_m, size)), _FRAMES_HANDS_JOINTS)


def mpjpe_pa(predicted_m: Array, true_m: Array) -> NDArray[np.float64]:
    """Error after a similarity Procrustes alignment of every hand in every frame, millimetres.

    The rotation, translation and scale that bring the prediction closest to the truth in the least-squares sense (Umeyama,
    TPAMI 1991), reflections excluded. A hand with fewer than three joints that both sides have counts as missing.
    """
    both = ~(np.isnan(predicted_m) | np.isnan(true_m)).any(axis=-1, keepdims=True)
    aligned = similarity_aligned(np.where(both, predicted_m, np.nan), np.where(both, true_m, np.nan))
    return masked_mean(distances_mm(aligned, true_m), _FRAMES_HANDS_JOINTS)


def similarity_aligned(points: Array, target: Array) -> Array:
    """`points` after the best similarity transform onto `target`, both (..., J, 3), NaN in the same places (Umeyama 1991)."""
    weight = (~np.isnan(points[..., :1])).astype(np.float64)
    count = weight.sum(axis=-2, keepdims=True)
    enough = count >= 3
    source = np.where(weight > 0, points, 0.0).astype(np.float64)
    wanted = np.where(weight > 0, target, 0.0).astype(np.float64)
    divisor = np.maximum(count, 1.0)
    source_mean = source.sum(axis=-2, keepdims=True) / divisor
    wanted_mean = wanted.sum(axis=-2, keepdims=True) / divisor
    source_centred = (source - source_mean) * weight
    wanted_centred = (wanted - wanted_mean) * weight
    u, singular, vt = np.linalg.svd(np.swapaxes(wanted_centred, -1, -2) @ source_centred)
    sign = np.ones_like(singular)
    sign[..., -1] = np.where(np.linalg.det(u @ vt) < 0, -1.0, 1.0)
    rotation = (u * sign[..., None, :]) @ vt
    spread = np.square(source_centred).sum(axis=(-2, -1))
    scale = (singular * sign).sum(axis=-1) / np.where(spread > 0, spread, 1.0)
    aligned = scale[..., None, None] * ((points - source_mean) @ np.swapaxes(rotation, -1, -2)) + wanted_mean
    return np.where(enough, aligned, np.nan)
