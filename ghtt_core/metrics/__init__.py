"""The measures of `docs/results.md`: joints in metres with NaN for what is missing; errors in millimetres, per-joint means."""

from ghtt_core.anatomy import FLEXION_LIMITS_DEG
from ghtt_core.features import bone_lengths
from ghtt_core.features import hand_size as palm_size
from ghtt_core.metrics.anatomy import (
    bone_length_deviation,
    finger_flexion,
    within_joint_limits,
)
from ghtt_core.metrics.distribution import fid
from ghtt_core.metrics.forecast import ForecastErrors, ade_fde, apd, cmd, error_over_horizon, mmade_mmfde
from ghtt_core.metrics.pose import mpjpe, mpjpe_pa, mpjpe_ra
from ghtt_core.metrics.recognition import Reliability, confusion, expected_calibration_error, reliability, top1
from ghtt_core.metrics.smoothness import acceleration, acceleration_error, jitter, lag

__all__ = [
    "FLEXION_LIMITS_DEG",
    "ForecastErrors",
    "Reliability",
    "acceleration",
    "acceleration_error",
    "ade_fde",
    "apd",
    "bone_length_deviation",
    "bone_lengths",
    "cmd",
    "confusion",
    "error_over_horizon",
    "expected_calibration_error",
    "fid",
    "finger_flexion",
    "jitter",
    "lag",
    "mmade_mmfde",
    "mpjpe",
    "mpjpe_pa",
    "mpjpe_ra",
    "palm_size",
    "reliability",
    "top1",
    "within_joint_limits",
]
