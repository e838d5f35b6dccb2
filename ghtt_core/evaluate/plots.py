"""Figures of the evaluation, each drawn from the runs behind a table."""

from collections.abc import Sequence
from functools import partial
from pathlib import Path

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from numpy.typing import NDArray

from ghtt_core import metrics
from ghtt_core.baselines.forecasters import ConstantVelocity
from ghtt_core.evaluate.forecast import ForecastRun
from ghtt_core.evaluate.pieces import in_pieces
from ghtt_core.evaluate.recognise import RecognitionRun
from ghtt_core.evaluate.refine import RefinementRun
from ghtt_core.evaluate.tables import SEED
from ghtt_core.motion import MotionSequence
from ghtt_core.runtime import FRAME_RATE_HZ
from ghtt_core.skeleton import BONES, HANDS, WRIST

Array = NDArray[np.floating]
_COLOURS = ("#000000", "#0072b2", "#e69f00", "#009e73", "#cc79a7", "#d55e00", "#56b4e9", "#f0e442")
"""Okabe and Ito's palette, told apart by colour-blind people too."""
_HAND_COLOURS = ("#0072b2", "#d55e00")

mpl.rcParams.update({"font.size": 9, "axes.spines.top": False, "axes.spines.right": False, "svg.hashsalt": "ghtt"})


def _figure(width: float, height: float) -> Figure:
    return Figure(figsize=(width, height), dpi=130, layout="constrained")


def _save(figure: Figure, path: Path) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path)
    return path


def plot_horizon(runs: Sequence[ForecastRun], title: str, path: Path) -> Path:
    """Error at every frame of the horizon: the best sample by ADE, mean over the windows; seeds of one kind share a colour."""
    figure = _figure(7.6, 3.8)
    axes = figure.subplots()
    kinds = {run.method: run.method.partition(SEED)[0] for run in runs}
    colours = dict(zip(dict.fromkeys(kinds.values()), _COLOURS * 2, strict=False))
    top = 0.0
    for run in runs:
        errors = np.concatenate(in_pieces(partial(_best_curve, run), len(run.windows)))
        curve = np.nanmean(errors, axis=0)
        time_s = np.arange(1, len(curve) + 1) / FRAME_RATE_HZ
        kind = kinds.pop(run.method)
        label = kind if kind not in kinds.values() else None
        axes.plot(time_s, curve, color=colours[kind], lw=2.4 if "G-HTT" in kind else 1.3, label=label)
        if run.method != ConstantVelocity.name:  # it would squeeze all others together
            top = max(top, float(np.nanmax(curve)))
    samples = max(run.futures_m.shape[1] for run in runs)
    heading = f"{title}: the future of least ADE among {samples}, mean of {len(runs[0].windows)} windows"
    axes.set(xlabel="seconds ahead", ylabel="joint error, mm", title=heading)
    axes.set(ylim=(0.0, 1.1 * top), xlim=(0.0, None))
    axes.legend(frameon=False, fontsize=8, loc="upper left", bbox_to_anchor=(1.0, 1.0))
    return _save(figure, path)


def _best_curve(run: ForecastRun, rows: slice) -> Array:
    """(n, T) error over time of each window's best sample."""
    futures, truth = run.futures_m[rows], run.windows.future_m[rows]
    curves = metrics.error_over_horizon(np.moveaxis(futures, 1, 0)[:, :, None], truth[None])  # each sample by itself: (K, n, T)
    best = np.nanmean(curves, axis=2).argmin(axis=0)
    return np.asarray(curves[best, np.arange(len(best))])


def plot_reliability(runs: Sequence[RecognitionRun], labels: NDArray[np.int64], path: Path) -> Path:
    """Stated probability against how often it was right, and under it how many windows that is, a panel per method."""
    across = min(len(runs), 4)
    down = -(-len(runs) // across)
    figure = _figure(3.2 * across, 4.0 * down)
    grid = figure.subplots(2 * down, across, squeeze=False, sharex=True, sharey="row", height_ratios=[3.0, 1.0] * down)
    panels = [(upper, lower) for row in range(down) for upper, lower in zip(grid[2 * row], grid[2 * row + 1], strict=True)]
    for (upper, lower), run in zip(panels, runs, strict=False):
        diagram = metrics.reliability(run.probabilities, labels, bins=10)
        centres = (diagram.edges[:-1] + diagram.edges[1:]) / 2.0
        upper.plot([0.0, 1.0], [0.0, 1.0], color="black", lw=1.0, ls="--")
        # A bin of few windows says little: its mark is small.
        sizes = 12.0 + 160.0 * diagram.count / diagram.count.sum()
        upper.scatter(diagram.confidence, diagram.accuracy, sizes, color=_COLOURS[1], zorder=3, clip_on=False)
        lower.bar(centres, diagram.count, width=0.09, color="0.6")
        error = metrics.expected_calibration_error(run.probabilities, labels)
        upper.set(xlim=(0, 1), ylim=(0, 1))
        upper.set_title(f"{run.method}\ncalibration error {error:.3f}", fontsize=9)
        lower.tick_params(labelbottom=True)
        lower.set_xlabel("stated probability")
    for axes in (axes for panel in panels[len(runs) :] for axes in panel):
        axes.set_axis_off()
    for upper, lower in panels[::across]:
        upper.set_ylabel("share right")
        lower.set_ylabel("windows")
    return _save(figure, path)


def plot_confusion(run: RecognitionRun, labels: NDArray[np.int64], classes: Sequence[str], path: Path) -> Path:
    """Rows: what it was; columns: what was said; shares of the row."""
    counts = metrics.confusion(run.probabilities.argmax(axis=1), labels, len(classes))
    share = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    size = 2.2 + (0.28 if len(classes) <= 16 else 0.17) * len(classes)
    figure = _figure(size, size)
    axes = figure.subplots()
    axes.imshow(share, cmap="Blues", vmin=0.0, vmax=1.0)
    names = [f"{name} ({total})" for name, total in zip(classes, counts.sum(axis=1), strict=True)]
    axes.set_xticks(range(len(classes)), classes, rotation=90, fontsize=9 if len(classes) <= 16 else 7)
    axes.set_yticks(range(len(classes)), names, fontsize=9 if len(classes) <= 16 else 7)
    if len(classes) <= 16:
        for row, column in np.argwhere(counts > 0):
            colour = "white" if share[row, column] > 0.5 else "black"
            axes.text(column, row, counts[row, column], ha="center", va="center", fontsize=7, color=colour)
    right = float(np.trace(counts)) / max(int(counts.sum()), 1)
    axes.set(xlabel="said", ylabel="true (windows)", title=f"{run.method}: {right:.0%} of {counts.sum()} windows right")
    return _save(figure, path)


def plot_jitter_spectrum(runs: Sequence[RefinementRun], test: Sequence[MotionSequence], path: Path) -> Path:
    """Power of the joints' motion by frequency, over stretches of 64 seen frames, for every method and the truth."""
    truth = [sequence.truth_m for sequence in test if sequence.truth_m is not None]
    figure = _figure(7.6, 3.8)
    axes = figure.subplots()
    for colour, (name, motions) in zip(
        _COLOURS * 2, [("truth", truth), *((run.method, run.refined_m) for run in runs)], strict=False
    ):
        heavy = name == "truth" or "G-HTT" in name
        powers = [power for index, motion in enumerate(motions) for power in _spectra(motion, runs[0].refined_m[index])]
        if powers:
            frequency = np.fft.rfftfreq(64, 1.0 / FRAME_RATE_HZ)
            power = np.mean(powers, axis=0)[1:]
            axes.semilogy(frequency[1:], power, color=colour, lw=2.4 if heavy else 1.2, label=name)
            if name == "truth":  # what is smoothed to nothing would squeeze all others together
                axes.set_ylim(bottom=float(power.min()) / 10.0)
    title = "Power of the joints' motion: above the truth is error, at high frequencies jitter"
    axes.set(xlabel="frequency, Hz", ylabel="power, mm²", title=title)
    axes.legend(frameon=False, fontsize=8, loc="upper left", bbox_to_anchor=(1.0, 1.0))
    return _save(figure, path)


def _spectra(motion: Array, reference: Array, frames: int = 64) -> list[Array]:
    """Power spectra of each hand's joints in stretches in which the reference has it throughout."""
    window = np.hanning(frames)[:, None, None]
    found = []
    for start in range(0, len(motion) - frames + 1, frames // 2):
        for hand in range(HANDS):
            stretch = motion[start : start + frames, hand]
            if np.isfinite(reference[start : start + frames, hand]).all() and np.isfinite(stretch).all():
                centred = (stretch - stretch.mean(axis=0)) * 1000.0 * window
                found.append(np.square(np.abs(np.fft.rfft(centred, axis=0)) / frames).sum(axis=-1).mean(axis=-1))
    return found


def plot_film_strip(run: ForecastRun, path: Path, rows: int = 4, samples: int = 8) -> Path:
    """Observed hands, then true (black), sampled (faint) and best (strong) ones at a few moments, seen from the camera."""
    windows = run.windows
    horizon = windows.future_m.shape[1]
    moments = np.unique(np.linspace(min(4, horizon - 1), horizon - 1, 5).astype(int))
    picked = _most_moving(windows.future_m, rows)
    figure = _figure(1.9 * (len(moments) + 1), 1.9 * len(picked) + 0.5)
    grid = figure.subplots(len(picked), len(moments) + 1, squeeze=False)
    for index, line in zip(picked, grid, strict=True):
        best = int(metrics.mpjpe(run.futures_m[index], windows.future_m[index]).argmin())
        counted = np.where(windows.counts[index][:, None, None], windows.observed_m[index], np.nan)
        for frame, strength in ((0, 0.2), (8, 0.45), (-1, 1.0)):
            _draw(line[0], counted[frame], strength)
        for axes, moment in zip(line[1:], moments, strict=True):
            _draw(axes, run.futures_m[index, :samples, moment], 0.18)
            _draw(axes, windows.future_m[index, moment], 1.0, "black", 1.3)
            _draw(axes, run.futures_m[index, best, moment], 1.0, width=1.6)
        _frame(line, np.concatenate([counted, windows.future_m[index]]))
    grid[0, 0].set_title("observed, 0.5 s", fontsize=8)
    for axes, moment in zip(grid[0, 1:], moments, strict=True):
        axes.set_title(f"+{(moment + 1) / FRAME_RATE_HZ:.1f} s", fontsize=8)
    kinds = (("black", "what happened"), *zip(_HAND_COLOURS, ("left, best future", "right, best future"), strict=True))
    handles = [Line2D([], [], color=colour, label=label) for colour, label in kinds]
    handles.append(Line2D([], [], color=_HAND_COLOURS[0], alpha=0.3, label=f"other futures of {run.method}"))
    figure.legend(handles=handles, loc="outside lower center", ncols=len(handles), frameon=False, fontsize=8)
    return _save(figure, path)


def _frame(line: NDArray[np.object_], joints_m: Array) -> None:
    """The same square for every picture of a line, around all that was seen and happened."""
    low, high = np.nanmin(joints_m, axis=(0, 1, 2))[:2], np.nanmax(joints_m, axis=(0, 1, 2))[:2]
    centre, reach = (low + high) / 2.0, max(0.08, float((high - low).max()) * 0.6)
    for axes in line:
        axes.set(xlim=(centre[0] - reach, centre[0] + reach), ylim=(centre[1] + reach, centre[1] - reach), aspect="equal")
        axes.set(xticks=(), yticks=())
        for spine in axes.spines.values():
            spine.set(visible=True, color="0.85")
    # How large the square is, on the first picture of the line.
    line[0].plot([centre[0] - 0.9 * reach, centre[0] - 0.9 * reach + 0.1], [centre[1] + 0.9 * reach] * 2, color="0.4", lw=1.5)
    line[0].annotate("10 cm", (centre[0] - 0.9 * reach, centre[1] + 0.84 * reach), fontsize=6, color="0.4")


def _most_moving(future_m: Array, rows: int) -> list[int]:
    """Windows in the upper half of motion, spread over the set."""
    moved = np.nan_to_num(
        np.nanmax(np.linalg.norm(future_m[:, -1, :, WRIST] - future_m[:, 0, :, WRIST], axis=-1), axis=1, initial=0.0)
    )
    moving = np.flatnonzero(moved >= np.median(moved))
    return [int(index) for index in moving[np.linspace(0, len(moving) - 1, min(rows, len(moving))).astype(int)]]


def _draw(axes: Axes, hands_m: Array, strength: float, colour: str | None = None, width: float = 1.0) -> None:
    """Pairs of hands (..., 2, 21, 3) seen along the optical axis."""
    for hand in range(HANDS):
        bones = hands_m[..., hand, np.array(BONES), :2].reshape(-1, len(BONES), 2, 2)
        there = bones[np.isfinite(bones).all(axis=(1, 2, 3))].reshape(-1, 2, 2)
        axes.add_collection(LineCollection(list(there), colors=colour or _HAND_COLOURS[hand], alpha=strength, lw=width))
