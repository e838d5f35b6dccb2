"""Fitting of the names that are read off the last clips: see `ghtt_core.model.readout`."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import torch

from ghtt_core.baselines.linear_classifier import LinearClassifier
from ghtt_core.evaluate.model import Model, last_clip_statistics
from ghtt_core.evaluate.protocol import EvaluationProtocol
from ghtt_core.evaluate.recognise import action_windows
from ghtt_core.motion import MotionSequence
from ghtt_core.runtime import CLIP_FRAMES

MOST_WINDOWS = 4_000
"""Moments of labelled actions to learn from; of more, an even share."""


def fit_readout(model: Model, examples: Sequence[MotionSequence]) -> float | None:
    """Fit the readout of a model's action block to labelled recordings; nothing else of the model changes.

    Returns:
        The inverse penalty on the weights that cross-validation chose; None, and a readout that says nothing, if fewer than two
        recordings or two actions are labelled.
    """
    readout, names = model.network.action.readout, model.spec.action_names
    some = _thinned(examples, names)
    windows = action_windows(some, names, EvaluationProtocol())
    if len(np.unique(windows.label)) < 2 or len(np.unique(windows.recording)) < 2:
        readout.weight.zero_()
        readout.bias.zero_()
        return None
    classifier = LinearClassifier(len(names))
    classifier.fit(last_clip_statistics(model.on(some), windows.histories_m), windows.label, windows.recording)
    for part in ("mean", "std", "weight", "bias"):
        getattr(readout, part).copy_(torch.from_numpy(getattr(classifier, part)))
    return classifier.strength


def _thinned(sequences: Sequence[MotionSequence], names: Sequence[str]) -> list[MotionSequence]:
    """The sequences that show named actions, with fewer of these if they have too many moments."""
    known = [[one for one in sequence.segments if one.action in names] for sequence in sequences]
    every = max(1, -(-sum((one.end - one.start) // CLIP_FRAMES + 1 for some in known for one in some) // MOST_WINDOWS))
    passed = [0, *np.cumsum([len(some) for some in known])]
    kept = [some[-before % every :: every] for some, before in zip(known, passed, strict=False)]
    return [replace(sequence, segments=tuple(some)) for sequence, some in zip(sequences, kept, strict=True) if some]
