"""Losses per sample, so that their mean over a batch is the same however the batch is split over processes."""

import torch
from torch import Tensor

METRES = 0.05
"""Positions count in units of 5 cm, which brings their errors to the size of the standardised features'."""


def masked_l1(predicted: Tensor, target: Tensor, mask: Tensor) -> Tensor:
    """Mean absolute error over the known numbers of each sample: (B, ...) to (B,); 0 where nothing is known."""
    error = torch.where(mask, (predicted - target).abs(), 0.0).flatten(1)
    return error.sum(dim=1) / mask.flatten(1).sum(dim=1).clamp(min=1)


def joint_error(predicted_m: Tensor, target_m: Tensor) -> Tensor:
    """Mean joint distance of each sample, in units of `METRES`: (B, T, 2, 21, 3), target NaN where unknown, to (B,)."""
    known = target_m.isfinite().all(dim=-1)
    offset = torch.where(known[..., None], predicted_m - torch.nan_to_num(target_m), 0.0)
    # The square root's slope is infinite at 0, which a masked joint is.
    distance = torch.where(known, (offset.square().sum(dim=-1) + 1e-10).sqrt(), 0.0).flatten(1)
    return distance.sum(dim=1) / known.flatten(1).sum(dim=1).clamp(min=1) / METRES


def kl_to_standard_normal(mean: Tensor, logvar: Tensor) -> Tensor:
    """KL divergence of diagonal Gaussians from the standard normal, summed over dimensions: (B, d) to (B,)."""
    return -0.5 * (1 + logvar - mean.square() - logvar.exp()).sum(dim=1)
