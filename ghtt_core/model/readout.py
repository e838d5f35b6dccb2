"""Names read in a straight line off the last clips, beside the action latent.

A transformer learns a few hundred labelled actions by heart and names those of other people and rooms worse than a linear
classifier of the same mid-levels does, if that is given how they spread over the last two seconds. So the class logits are the
latent's and such a classifier's together (the publication has the latent's alone). It is not trained with the block but fitted
afterwards, which takes seconds and has one answer (`ghtt_core.train.readout`); before that it says nothing.
"""

import torch
from torch import Tensor, nn

from ghtt_core.placement import POSITION_SCALE
from ghtt_core.skeleton import HANDS

READ_CLIPS = 4
"""Clips that are read; names that lie further back are others'."""
_STATISTICS = 5
_HAND = 12
LIMIT = 5.0
"""Standard deviations beyond which a number counts no more: nothing like it was there when the classifier was fitted."""
_FAR = 1e4


class Readout(nn.Module):
    """A multinomial logistic regression on statistics of the last clips.

    Over the last four clips, the mean, spread, least and greatest of every component of the mid-level, and its newest value;
    the same, for each hand that was seen, of its rotation and place in the camera's frame; and in which of the clips it was
    seen. What is not known, as all of a hand that was never seen, counts as usual.
    """

    mean: Tensor
    std: Tensor
    weight: Tensor
    bias: Tensor

    def __init__(self, width: int, classes: int) -> None:
        super().__init__()
        numbers = _STATISTICS * width + HANDS * (_STATISTICS * _HAND + 2)
        self.register_buffer("mean", torch.zeros(numbers))
        self.register_buffer("std", torch.ones(numbers))
        self.register_buffer("weight", torch.zeros(classes, numbers))
        self.register_buffer("bias", torch.zeros(classes))

    def forward(self, m: Tensor, valid: Tensor, placement: Tensor) -> Tensor:
        """(B, N, d) mid-levels, the newest last, (B, N) bool and (B, N, 26) placements to (B, C) class logits."""
        return self.linear(*statistics(m, valid, placement))

    def linear(self, values: Tensor, known: Tensor) -> Tensor:
        """(B, S) `statistics` to (B, C) class logits."""
        logits: Tensor = self.standardise(values, known) @ self.weight.T + self.bias
        return logits

    def standardise(self, values: Tensor, known: Tensor) -> Tensor:
        """(B, S) `statistics` to zero mean and unit spread, 0 where they are not known."""
        return torch.where(known, ((values - self.mean) / self.std).clamp(-LIMIT, LIMIT), 0.0)


def statistics(m: Tensor, valid: Tensor, placement: Tensor) -> tuple[Tensor, Tensor]:
    """What the classifier reads: see `Readout`.

    Returns:
        (B, S) values, and (B, S) bool which of them are known.
    """
    m, valid, placement = m[:, -READ_CLIPS:], valid[:, -READ_CLIPS:], placement[:, -READ_CLIPS:]
    parts = [_course(m, valid)]
    clips = valid.sum(dim=1, keepdim=True).clamp(min=1)
    for hand in placement.unflatten(2, (HANDS, -1)).unbind(dim=2):  # type: ignore[no-untyped-call]
        axes, eye, seen = hand[..., :9], hand[..., 9:12], valid & (hand[..., 12] > 0.5)
        # The camera's axes in the hand's frame are the rows of the hand's rotation in the camera's.
        place = -(axes.unflatten(2, (3, 3)) @ eye[..., None])[..., 0] / POSITION_SCALE
        parts.append(_course(torch.cat((axes, place), dim=2), seen))
        share = torch.cat((seen.sum(dim=1, keepdim=True) / clips, seen[:, -1:].to(m.dtype)), dim=1)
        parts.append((share, (placement[..., 12::13] > 0.5).flatten(1).any(dim=1, keepdim=True).expand_as(share)))
    values, known = zip(*parts, strict=True)
    return torch.cat(values, dim=1), torch.cat(known, dim=1)


def _course(x: Tensor, known: Tensor) -> tuple[Tensor, Tensor]:
    """Mean, spread, least, greatest and newest of (B, N, D) over the clips in which they are known, (B, N) bool."""
    there = known[..., None]
    count = there.sum(dim=1).clamp(min=1)
    mean = torch.where(there, x, 0.0).sum(dim=1) / count
    variance = torch.where(there, (x - mean[:, None]) ** 2, 0.0).sum(dim=1) / count
    least, greatest = torch.where(there, x, _FAR).amin(dim=1), torch.where(there, x, -_FAR).amax(dim=1)
    ever, now = (some.expand_as(mean) for some in (there.any(dim=1), there[:, -1]))
    values = torch.cat((mean, variance.sqrt(), least, greatest, x[:, -1]), dim=1)
    return values, torch.cat((ever, ever, ever, ever, now), dim=1)
