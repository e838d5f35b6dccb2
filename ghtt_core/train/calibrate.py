"""What is fitted after training: the spread of the samples, and how sure the names are.

Training draws rare actions more often than they occur, so that they are learned too, and its softmax then believes in them too
often. The bias takes that back (logit adjustment: Menon et al., "Long-Tail Learning via Logit Adjustment", ICLR 2021), and the
scale makes the confidence mean what it says (Guo et al., "On Calibration of Modern Neural Networks", ICML 2017).
"""

import copy
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch.nn import functional

from ghtt_core.checkpoint import load_checkpoint, save_checkpoint
from ghtt_core.evaluate.model import Model, last_clip_statistics, recognise
from ghtt_core.evaluate.protocol import EvaluationProtocol
from ghtt_core.evaluate.recognise import action_windows
from ghtt_core.model.ghtt import GHTT
from ghtt_core.motion import MotionSequence
from ghtt_core.train.action import forecast_ratios, recognition_metrics, spec_of
from ghtt_core.train.readout import fit_readout
from ghtt_core.train.store import RARITY

TEMPERATURES = (0.7, 1.0, 1.4, 2.0, 3.0, 5.0)
SCALES = np.geomspace(0.05, 3.0, 60)
SHARES = tuple(round(0.1 * step, 1) for step in range(16))
"""Of what the latent says and of what the readout says, as powers of their probabilities."""

HeldOut = Sequence[tuple[str, Sequence[MotionSequence]]]


def calibrate(path: Path, held_out: HeldOut, labelled: Sequence[MotionSequence], examples: Sequence[MotionSequence]) -> None:
    """Fit everything to a trained checkpoint and write it back.

    The sampling temperature minimises the best-of-20 errors on held-out recordings.

    Args:
        path: The checkpoint.
        held_out: Recordings that it was not trained on.
        labelled: Recordings that tell how frequent each action is.
        examples: Recordings that show what the actions look like.
    """
    network, spec, card = load_checkpoint(path)
    errors = {
        temperature: [
            value
            for _, sequences in held_out
            for name, value in forecast_ratios(Model(network, spec, temperature), sequences).items()
            if name.startswith("best")
        ]
        for temperature in TEMPERATURES
    }
    temperature = min(TEMPERATURES, key=lambda one: float(np.mean(errors[one] or [one])))
    fitted = {"sampling_temperature": temperature, **fit_names(network, held_out, labelled, examples)}
    save_checkpoint(path, network, default_temperature=temperature, card=_renewed(card, fitted, network, held_out))


def calibrate_names(
    path: Path,
    out: Path,
    held_out: HeldOut,
    labelled: Sequence[MotionSequence],
    examples: Sequence[MotionSequence],
    command: str | None = None,
) -> None:
    """Fit the names' bias and scale alone, and write the checkpoint to another place; its futures stay as they are."""
    network, spec, card = load_checkpoint(path)
    fitted = card.get("calibration", {}) | fit_names(network, held_out, labelled, examples)
    if command:
        fitted["command"] = command
    save_checkpoint(out, network, default_temperature=spec.default_temperature, card=_renewed(card, fitted, network, held_out))


def _renewed(card: dict[str, Any], fitted: dict[str, Any], network: GHTT, held_out: HeldOut) -> dict[str, Any]:
    """The card with what was fitted, and with the recognition as it is now in place of what it was before."""
    measured = {
        f"{name}/{key}": value
        for name, sequences in held_out
        for key, value in recognition_metrics(Model(network, spec_of(network), 1.0), sequences).items()
    }
    others = {name: value for name, value in card.get("validation", {}).items() if name.endswith("_ratio")}
    return {**card, "calibration": fitted, "validation": others | measured}


def fit_names(
    network: GHTT, held_out: HeldOut, labelled: Sequence[MotionSequence], examples: Sequence[MotionSequence]
) -> dict[str, Any]:
    """Fit what turns the action latent and the last clips into confidences; nothing else in a network changes.

    The bias of the latent's logits follows from the actions' frequencies and the readout from the examples. The
    scale of the former, and then the shares of both, minimise the negative log-likelihood on held-out recordings.

    Returns:
        For the model card: what was fitted, and on what.
    """
    block, spec = network.action, spec_of(network)
    model = Model(network, spec, 1.0)
    strength = fit_readout(model, examples)
    readout = copy.deepcopy(block.readout)
    block.readout.weight.zero_()
    block.readout.bias.zero_()
    block.logit_scale.fill_(1.0)
    block.class_bias.copy_(torch.from_numpy(class_bias(labelled, network.action_names)))
    logits, statistics, labels = [], [], []
    for _, sequences in held_out:
        windows = action_windows(sequences, network.action_names, EvaluationProtocol())
        if len(windows):
            logits.append(np.log(recognise(model.on(sequences), windows.histories_m).clip(1e-12)))
            statistics.append(last_clip_statistics(model.on(sequences), windows.histories_m))
            labels.append(windows.label)
    if not logits:
        return {"on": [name for name, _ in held_out]}
    bias = block.class_bias.double()
    cosines, label = torch.from_numpy(np.concatenate(logits)).double() - bias, torch.from_numpy(np.concatenate(labels))
    scale = min(SCALES, key=lambda one: float(functional.cross_entropy(cosines * float(one) + bias, label)))
    said = torch.from_numpy(np.concatenate(statistics))
    read = readout.linear(said.nan_to_num(), said.isfinite()).double()
    named = cosines * float(scale) + bias
    shares = [(one, other) for one in SHARES for other in (SHARES if strength else (0.0,))]
    share, of_readout = min(shares, key=lambda some: float(functional.cross_entropy(some[0] * named + some[1] * read, label)))
    block.logit_scale.fill_(float(scale) * share)
    block.class_bias.mul_(share)
    block.readout.weight.copy_(of_readout * readout.weight)
    block.readout.bias.copy_(of_readout * readout.bias)
    fitted = {"logit_scale": round(float(scale) * share, 4), "share_of_the_readout": of_readout}
    return fitted | ({"readout_strength": strength} if strength else {}) | {"on": [name for name, _ in held_out]}


def class_bias(labelled: Sequence[MotionSequence], classes: Sequence[str]) -> NDArray[np.float32]:
    """(C,) what the rarity weights of training take away from a frequent class; 0 throughout where nothing is labelled."""
    index = {name: number for number, name in enumerate(classes)}
    seconds = np.zeros(len(classes))
    for sequence in labelled:
        for segment in sequence.segments:
            if segment.action in index:
                seconds[index[segment.action]] += (segment.end - segment.start) / sequence.fps
    share = (seconds + 1.0) / (seconds + 1.0).mean() if len(classes) else seconds
    return np.asarray(RARITY * np.log(share), np.float32)
