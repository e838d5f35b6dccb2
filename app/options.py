"""What a run is told, checked once, and the command line that says it."""

import argparse
import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NoReturn

from app.sources.base import SourceRequest
from estimators.base import DEFAULT_ESTIMATOR, EstimatorOptions, estimator_names
from estimators.intrinsics import IntrinsicsChoice
from ghtt_core.errors import UserError
from ghtt_core.streaming import PredictorOptions
from trt_engines.select import BACKENDS

DEMO_INTRINSICS = Path(__file__).parents[1] / "assets" / "demo_intrinsics.json"
FUTURES_EVERY = 4
"""Frames between two sets of futures in a lossless run: 7.5 a second of a 30 Hz clip. One at every frame would hold up the
estimator on two cores, and fill 20 MB of disk a second."""


@dataclass(frozen=True, slots=True)
class AppOptions:
    """A run.

    Attributes:
        source: Where pictures come from.
        headless: Without a window, every frame.
        export: Folder of the recording to write.
        record: MP4 of the view to write.
        estimator: Its registered name.
        hand_model: A bundle in place of the downloaded one.
        offline: Fetch nothing from the network.
        backend: Of G-HTT.
        checkpoint: In place of the bundled one.
        prediction: Samples, horizon, temperature, condition, seed.
        intrinsics: The camera, as chosen; see `camera`.
        mirror: The pictures are mirrored (selfie view).
        trajectory: The camera's recorded poses.
        camera_motion: Whether the camera's motion is told from the hands'.
        max_frames: Stop after so many.
        loop: Begin a clip again at its end.
        futures_every: Frames between two sets of futures in a lossless run.

    Raises:
        UserError: Values that make no sense, alone or together.
    """

    source: SourceRequest = field(default_factory=lambda: SourceRequest("demo"))
    headless: bool = False
    export: Path | None = None
    record: Path | None = None
    estimator: str = DEFAULT_ESTIMATOR
    hand_model: Path | None = None
    offline: bool = False
    backend: str = "auto"
    checkpoint: Path | None = None
    prediction: PredictorOptions = field(default_factory=PredictorOptions)
    intrinsics: IntrinsicsChoice = field(default_factory=IntrinsicsChoice)
    mirror: bool = False
    trajectory: Path | None = None
    camera_motion: bool = True
    max_frames: int | None = None
    loop: bool = False
    futures_every: int = FUTURES_EVERY

    def __post_init__(self) -> None:
        prediction, fov_deg = self.prediction, self.intrinsics.fov_deg
        temperature = prediction.temperature
        _require(self.max_frames is None or self.max_frames >= 1, f"--max-frames {self.max_frames} must be at least 1.")
        _require(self.futures_every >= 1, f"--futures-every {self.futures_every} must be at least 1.")
        _require(1 <= prediction.samples <= 1000, f"--samples {prediction.samples} must be from 1 to 1000.")
        _require(0 < prediction.horizon_s <= 60, f"--horizon {prediction.horizon_s:g} must be above 0 and at most 60 seconds.")
        _require(prediction.seed >= 0, f"--seed {prediction.seed} must be 0 or more.")
        _require(temperature is None or 0 <= temperature <= 100, f"--temperature {temperature} must be from 0 to 100.")
        _require(fov_deg is None or 10 <= fov_deg <= 170, f"--fov {fov_deg} must be from 10 to 170 degrees.")
        _require(
            self.trajectory is None or self.source.kind not in ("camera", "stream", "recording"),
            "--trajectory belongs to a clip: name that with --video.",
        )
        _require(
            not (self.loop and self.headless),
            "--loop is for the window: a run with --headless ends with its clip; leave one of them out.",
        )
        if self.record is not None and self.record.suffix.lower() != ".mp4":
            raise UserError(f"--record writes MP4: name a file that ends in .mp4, not {self.record.name!r}.")
        self._check_outputs()

    @property
    def camera(self) -> IntrinsicsChoice:
        """The camera in force: the one chosen, or else the bundled clip's own, which is known exactly."""
        if self.source.kind == "demo" and self.intrinsics == IntrinsicsChoice() and DEMO_INTRINSICS.exists():
            return IntrinsicsChoice(DEMO_INTRINSICS)
        return self.intrinsics

    @property
    def for_estimator(self) -> EstimatorOptions:
        """What the estimator is told."""
        return EstimatorOptions(
            self.camera,
            mirror=self.mirror,
            hand_model=self.hand_model,
            offline=self.offline,
            trajectory=self.trajectory,
            camera_motion=self.camera_motion,
        )

    def _check_outputs(self) -> None:
        target = Path(self.source.target).absolute() if self.source.target else None
        if target is not None and self.record is not None and self.record.absolute().resolve() == target.resolve():
            raise UserError(f"--record {self.record} would overwrite its own source: choose another file.")
        if target is not None and self.export is not None and self.export.absolute().resolve() == target.resolve():
            raise UserError(f"--export {self.export} would overwrite its own source: choose another folder.")


def _require(fine: bool, sentence: str) -> None:
    if not fine:
        raise UserError(sentence)


class _Parser(argparse.ArgumentParser):
    """Says what is wrong in one sentence, without the usage lines."""

    def error(self, message: str) -> NoReturn:
        raise UserError(f"{message[:1].upper()}{message[1:].rstrip('.')}; see --help.")


def build_parser() -> argparse.ArgumentParser:
    """The command line."""
    parser = _Parser(
        prog="python main.py",
        description="3D hands, what they do and what they will do next, from a camera or a clip. "
        "Without a source the bundled demo clip is shown.",
        allow_abbrev=False,
    )
    source = parser.add_argument_group("source").add_mutually_exclusive_group()
    source.add_argument("--camera", metavar="N|DEVICE|URL", help="a camera: index, device path or stream URL")
    source.add_argument("--video", type=Path, metavar="PATH", help="a recorded clip, or a folder of pictures")
    source.add_argument("--replay", type=Path, metavar="DIR", help="an exported recording, without its estimator")
    output = parser.add_argument_group("output")
    output.add_argument("--headless", action="store_true", help="no window; every frame; needs no display and no GL")
    output.add_argument("--export", type=Path, metavar="DIR", help="write a recording; replaces one that is there")
    output.add_argument("--record", type=Path, metavar="OUT.mp4", help="record the view: video, overlay, 3D, actions")
    output.add_argument("--max-frames", type=int, metavar="N", help="stop after so many frames")
    output.add_argument("--loop", action="store_true", help="begin a clip again at its end (window)")
    hands = parser.add_argument_group("hands")
    hands.add_argument("--estimator", default=DEFAULT_ESTIMATOR, metavar="NAME", help=f"one of: {', '.join(estimator_names())}")
    hands.add_argument("--hand-model", type=Path, metavar="FILE", help="a hand model bundle in place of the downloaded one")
    hands.add_argument("--offline", action="store_true", help="fetch nothing: the hand model must be there already")
    hands.add_argument("--intrinsics", type=Path, metavar="FILE", help="JSON with fx, fy, cx, cy, width, height")
    hands.add_argument("--fov", type=float, metavar="DEGREES", help="field of view along the longer side")
    hands.add_argument(
        "--mirror", action=argparse.BooleanOptionalAction, default=False, help="the pictures are mirrored (selfie view)"
    )
    hands.add_argument("--trajectory", type=Path, metavar="FILE", help="the camera's recorded poses, for a clip (TUM format)")
    hands.add_argument("--no-camera-motion", action="store_true", help="take the camera for standing still")
    model = parser.add_argument_group("model")
    model.add_argument("--backend", default="auto", metavar="NAME", help=f"one of: {', '.join(BACKENDS)}")
    model.add_argument("--checkpoint", type=Path, metavar="FILE", help="a G-HTT checkpoint in place of the bundled one")
    model.add_argument("--samples", type=int, default=PredictorOptions().samples, metavar="K", help="futures to draw")
    model.add_argument(
        "--horizon", type=float, default=PredictorOptions().horizon_s, metavar="SECONDS", help="how far they reach"
    )
    model.add_argument("--temperature", type=float, metavar="X", help="their spread; the checkpoint's own if left out")
    model.add_argument("--condition", metavar="ACTION", help="imagine this action instead of the recognised one")
    model.add_argument("--seed", type=int, default=0, metavar="N", help="fixes the samples")
    model.add_argument(
        "--futures-every",
        type=int,
        default=FUTURES_EVERY,
        metavar="N",
        help=f"with --headless: draw futures at every so many frames (default {FUTURES_EVERY})",
    )
    return parser


def parse_options(argv: Sequence[str] | None = None) -> AppOptions:
    """Options from a command line.

    Raises:
        UserError: It makes no sense.
    """
    arguments = build_parser().parse_args(argv)
    for name in ("horizon", "temperature", "fov"):
        value = getattr(arguments, name)
        _require(value is None or math.isfinite(value), f"--{name} {value} is not a number that can be used.")
    return AppOptions(
        source=_source(arguments),
        headless=arguments.headless,
        export=arguments.export,
        record=arguments.record,
        estimator=_one_of("--estimator", arguments.estimator, estimator_names()),
        hand_model=arguments.hand_model,
        offline=arguments.offline,
        backend=_one_of("--backend", arguments.backend, BACKENDS),
        checkpoint=arguments.checkpoint,
        prediction=PredictorOptions(
            samples=arguments.samples,
            horizon_s=arguments.horizon,
            temperature=arguments.temperature,
            condition=arguments.condition,
            seed=arguments.seed,
        ),
        intrinsics=IntrinsicsChoice(arguments.intrinsics, arguments.fov),
        mirror=arguments.mirror,
        trajectory=arguments.trajectory,
        camera_motion=not arguments.no_camera_motion,
        max_frames=arguments.max_frames,
        loop=arguments.loop,
        futures_every=arguments.futures_every,
    )


def _source(arguments: argparse.Namespace) -> SourceRequest:
    if arguments.camera is not None:
        return SourceRequest.for_camera(arguments.camera)
    if arguments.replay is not None:
        return SourceRequest("recording", str(arguments.replay))
    if arguments.video is not None:
        return SourceRequest.for_path(arguments.video)
    return SourceRequest("demo")


def _one_of(option: str, value: str, known: Sequence[str]) -> str:
    _require(value in known, f"{option} {value!r} is not known; choose one of: {', '.join(known)}.")
    return value


def as_document(options: AppOptions) -> dict[str, Any]:
    """The options as they are saved beside an export: files by their names only, since folders are private."""
    prediction = options.prediction
    return {
        "samples": prediction.samples,
        "horizon_s": prediction.horizon_s,
        "temperature": prediction.temperature,
        "condition": prediction.condition,
        "seed": prediction.seed,
        "futures_every": options.futures_every if options.headless else None,
        "mirror": options.mirror,
        "trajectory": options.trajectory.name if options.trajectory else None,
        "camera_motion": options.camera_motion,
        "max_frames": options.max_frames,
        "intrinsics": options.intrinsics.file.name if options.intrinsics.file else None,
        "fov_deg": options.intrinsics.fov_deg,
        "hand_model": options.hand_model.name if options.hand_model else None,
        "checkpoint": options.checkpoint.name if options.checkpoint else None,
        "backend": options.backend,
    }
