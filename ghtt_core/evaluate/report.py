"""All evaluations of one data set, gathered into tables and figures."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from ghtt_core.baselines.fixed_futures import FixedFutures
from ghtt_core.baselines.forecasters import ConstantVelocity, DampedVelocity, Forecaster, NearestNeighbours, ZeroVelocity
from ghtt_core.evaluate.ablations import Companions
from ghtt_core.evaluate.datasets import TestData
from ghtt_core.evaluate.fid_network import FidNetwork, sanity_table
from ghtt_core.evaluate.forecast import MIN_WINDOWS, ForecastRun, displacement_table, run_forecasts, shape_table
from ghtt_core.evaluate.model import CascadeForecaster, Model, PoseBlockForecaster
from ghtt_core.evaluate.plots import (
    plot_confusion,
    plot_film_strip,
    plot_horizon,
    plot_jitter_spectrum,
    plot_reliability,
)
from ghtt_core.evaluate.protocol import EvaluationProtocol
from ghtt_core.evaluate.recognise import action_windows, recognition_table, run_recognition
from ghtt_core.evaluate.refine import gap_table, refinement_table, run_refinement
from ghtt_core.evaluate.tables import Table
from ghtt_core.evaluate.windows import Windows
from ghtt_core.skeleton import HAND_NAMES

NamedModels = Sequence[tuple[str, Model]]
Progress = Callable[[str], None]
MAIN_HORIZONS = (32, 64)
"""The horizons that the goals are about; documents fold the others away."""


@dataclass(slots=True)
class Report:
    """What came out.

    Attributes:
        name: The data set's name.
        data: One line on the data.
        minutes: How much motion is measured.
        tables: In order.
        figures: Paths of the figures, in order.
        skipped: What could not be measured, and why, a sentence each.
    """

    name: str
    data: str
    minutes: float
    tables: list[Table] = field(default_factory=list)
    figures: list[Path] = field(default_factory=list)
    skipped: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Evaluation:
    """The settings of a run.

    Attributes:
        models: Name and model, as many as are to be compared.
        companions: What else the tables show: flat models, recognisers, heads for other actions.
        protocol: The rules.
        fid_network: For the FID; None leaves it out.
        plots: Folder for the figures; None draws none.
        progress: Told what is being done.
    """

    models: NamedModels
    companions: Companions
    protocol: EvaluationProtocol
    fid_network: FidNetwork | None
    plots: Path | None
    progress: Progress

    def forecasters(self, data: TestData) -> list[Forecaster]:
        """Zero velocity first, then the other baselines, then P alone and the cascade of each model."""
        from ghtt_core.baselines.linear_predictor import LinearPredictor

        baselines: list[Forecaster] = [
            ZeroVelocity(),
            ConstantVelocity(),
            DampedVelocity(),
            NearestNeighbours(self.protocol.samples),
            FixedFutures(self.protocol.samples, self.protocol.seed),
            LinearPredictor(seed=self.protocol.seed),
            *self.companions.flat,
        ]
        for name, model in self.models:
            baselines += [PoseBlockForecaster(model, f"{name}, P alone"), CascadeForecaster(model.on(data.test), name)]
        return baselines

    def forecast(self, data: TestData, report: Report) -> None:
        """Displacement errors per horizon, for both hands and each, and plausibility at the longest horizon."""
        forecasters = self.forecasters(data)
        tables: list[Table] = []
        longest: list[ForecastRun] = []
        moments: Windows | None = None
        # The longest comes first: the linear predictor is trained for it, and a shorter forecast is the beginning of a longer.
        for horizon in sorted(self.protocol.horizons, reverse=True):
            runs = run_forecasts(data.test, data.training, forecasters, self.protocol, horizon, self.progress, moments)
            if not runs:
                report.skipped.append(f"Forecasts over {horizon} frames: fewer than {MIN_WINDOWS} windows are that long.")
                continue
            longest = longest or runs
            moments = runs[0].windows
            counts = moments.counts
            single = [hand for hand in range(len(HAND_NAMES)) if counts[:, hand].sum() >= MIN_WINDOWS]
            hands = (None, *single) if len(single) > 1 else (None,)
            of_horizon = [displacement_table(runs, self.protocol, data.name, hand) for hand in hands]
            for table, hand in zip(of_horizon, hands, strict=True):
                table.deep = hand is not None or horizon not in MAIN_HORIZONS
            tables[:0] = of_horizon
        if not longest:
            return
        tables.sort(key=lambda table: table.deep)
        report.tables += [*tables, shape_table(longest, self.protocol, data.name, self.fid_network)]
        self._check_fid(data, longest[0].futures_m.shape[2], report)
        if self.plots is not None:
            films = [run for run in longest if run.futures_m.shape[1] > 1][-1:]
            report.figures.append(plot_horizon(longest, data.name, self.plots / f"{data.name}-horizon.png"))
            report.figures += [plot_film_strip(run, self.plots / f"{data.name}-films.png") for run in films]

    def _check_fid(self, data: TestData, horizon: int, report: Report) -> None:
        """Whether the FID can be believed on this data."""
        if self.fid_network is not None:
            frames = self.protocol.observed_frames + horizon
            table = sanity_table(self.fid_network, data.test, frames, self.protocol.seed, data.name)
            table.deep = True
            report.tables += [table] if table.rows else []

    def refine(self, data: TestData, report: Report) -> None:
        """Refinement against exact truth where there is any, and gaps bridged."""
        test = [sequence for sequence in data.test if sequence.truth_m is not None]
        training = [sequence for sequence in data.training if sequence.truth_m is not None]
        if test:
            runs = run_refinement(test, training, self.models, self.progress)
            report.tables.append(refinement_table(runs, test, self.protocol, data.name, len(training)))
            if self.plots is not None:
                report.figures.append(plot_jitter_spectrum(runs, test, self.plots / f"{data.name}-spectrum.png"))
        else:
            report.skipped.append("Refinement: there is no exact motion to compare with.")
        if self.models:
            report.tables.append(gap_table(data.test, self.models, self.protocol, data.name))

    def recognise(self, data: TestData, report: Report) -> None:
        """Top-1 accuracy and calibration over the models' own classes, or the data's where no model knows any of them."""
        named = {segment.action for sequence in (*data.test, *data.training) for segment in sequence.segments}
        usable = [
            (name, model.on(data.test))
            for name, model in (*self.models, *self.companions.recognisers)
            if named & set(model.spec.action_names)
        ]
        classes = usable[0][1].spec.action_names if usable else tuple(sorted(named))
        usable = [(name, model) for name, model in reversed(usable) if model.spec.action_names == classes]
        left_out = [name for name, _ in self.models if name not in dict(usable)]
        if left_out and named:
            report.skipped.append(f"Recognition by {', '.join(left_out)}: knows other actions.")
        windows = action_windows(data.test, classes, self.protocol)
        if not len(windows):
            report.skipped.append("Recognition: there are no labelled windows of these actions.")
            return
        training = action_windows(data.training, classes, self.protocol)
        runs = run_recognition(windows, training, classes, usable, self.protocol, self.progress)
        report.tables.append(recognition_table(runs, windows, classes, self.protocol, data.name))
        if self.plots is not None:
            shown = runs[1:] if len(training) else runs
            report.figures.append(plot_reliability(shown, windows.label, self.plots / f"{data.name}-reliability.png"))
            report.figures.append(plot_confusion(runs[-1], windows.label, classes, self.plots / f"{data.name}-confusion.png"))
