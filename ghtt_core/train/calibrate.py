"""The two numbers that are fitted after training: the spread of the samples and the confidence of the names."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from torch.nn import functional

from ghtt_core.checkpoint import load_checkpoint, save_checkpoint
from ghtt_core.evaluate.model import Model, recognise
from ghtt_core.evaluate.protocol import EvaluationProtocol
from ghtt_core.evaluate.recognise import action_windows
from ghtt_core.motion import MotionSequence
from ghtt_core.train.action import forecast_ratios

TEMPERATURES = (0.7, 1.0, 1.4, 2.0, 3.0, 5.0)
SCALES = np.geomspace(0.05, 3.0, 60)


def calibrate(path: Path, held_out: Sequence[tuple[str, Sequence[MotionSequence]]]) -> None:
    """Fit both on held-out recordings and write them into the checkpoint.

    The sampling temperature minimises the best-of-20 errors; the scale of the class logits minimises the negative
    log-likelihood (Guo et al., "On Calibration of Modern Neural Networks", ICML 2017).
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
    logits, labels = [], []
    for _, sequences in held_out:
        windows = action_windows(sequences, spec.action_names, EvaluationProtocol())
        if len(windows):
            logits.append(np.log(recognise(Model(network, spec, temperature), windows.histories_m).clip(1e-12)))
            labels.append(windows.label)
    scale = 1.0
    if logits:
        raw, label = torch.from_numpy(np.concatenate(logits)), torch.from_numpy(np.concatenate(labels))
        scale = min(SCALES, key=lambda one: float(functional.cross_entropy(raw * float(one), label)))
        network.action.logit_scale.mul_(float(scale))
    fitted = {"sampling_temperature": temperature, "logit_scale": round(float(scale), 4), "on": [name for name, _ in held_out]}
    save_checkpoint(path, network, default_temperature=temperature, card={**card, "calibration": fitted})
