"""Puts a run together from its options: source, estimator, model, and what is saved about them."""

import datetime
import os
import platform
from collections.abc import Callable
from dataclasses import asdict
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from app.options import AppOptions, as_document
from app.pipeline import ModelStages, PipelineResult, Stages
from app.pipeline.stages import LosslessStages
from app.sources import ReplaySource, Source
from app.sources.replay import ReplayStages
from estimators.base import create_estimator
from ghtt_core.errors import UserError
from ghtt_core.recording import RecordingHeader
from ghtt_core.runtime import Runtime
from ghtt_core.streaming import Predictor
from trt_engines.select import load_runtime

Progress = Callable[[str], None]
_PACKAGES = ("mediapipe", "ai-edge-litert", "opencv-contrib-python", "numpy", "onnxruntime", "torch", "av", "tensorrt-rtx")


def needs_model(options: AppOptions, source: Source) -> bool:
    """Whether G-HTT has to run: not where a recording holds its results already, unless a checkpoint is named."""
    return not isinstance(source, ReplaySource) or options.checkpoint is not None or not source.recording.header.checkpoint


def load_model(options: AppOptions, progress: Progress) -> Runtime:
    """Compile or load the checkpoint on a backend.

    Raises:
        UserError: It cannot be used.
    """
    runtime = load_runtime(options.checkpoint, options.backend, progress=progress)
    if not runtime.spec.action_names:
        runtime.close()
        raise UserError(
            f"The checkpoint {runtime.spec.name} was trained on poses only and knows no actions: "
            "train its action block with `python -m ghtt_core.train action`."
        )
    return runtime


def build_stages(options: AppOptions, source: Source, runtime: Runtime | None) -> LosslessStages:
    """The stages for a source; `runtime` may be None where `needs_model` says so.

    Raises:
        UserError: The estimator cannot be made, or the options do not fit the checkpoint.
    """
    predictor = None if runtime is None else Predictor(runtime, options.prediction)
    description = "" if runtime is None else runtime.description
    if isinstance(source, ReplaySource):
        return ReplayStages(source.recording, predictor, description)
    if predictor is None:
        raise UserError("Without a model nothing can be predicted: name one with --checkpoint FILE.")
    estimator = create_estimator(options.estimator, options.for_estimator)
    return ModelStages(estimator, predictor, options.camera, description)


def recording_header(
    options: AppOptions, source: Source, stages: Stages, runtime: Runtime | None, first: PipelineResult, directory: Path
) -> RecordingHeader:
    """What is saved beside an export, once the first frame is there."""
    height, width = first.frame.image_bgr.shape[:2]
    recorded = source.recording.header if isinstance(source, ReplaySource) else None
    checkpoint, sha256 = (runtime.spec.name, runtime.spec.sha256) if runtime is not None else ("", "")
    if runtime is None and recorded is not None:
        checkpoint, sha256 = recorded.checkpoint, recorded.checkpoint_sha256
    return RecordingHeader(
        source=source_name(options, source),
        frame_size_px=(width, height),
        estimator=options.estimator if recorded is None else recorded.estimator,
        intrinsics=asdict(first.intrinsics),
        checkpoint=checkpoint,
        checkpoint_sha256=sha256,
        backend=stages.description,
        action_names=stages.action_names,
        options=as_document(options),
        versions=package_versions(),
        created=datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
        clip=_relative_clip(options, directory),
    )


def source_name(options: AppOptions, source: Source) -> str:
    """The source for people, without the folders it lies in: they are private."""
    if options.source.kind in ("clip", "images", "recording"):
        return Path(options.source.target).name
    return source.info.name


def package_versions() -> dict[str, str]:
    """Versions of Python and of the packages that results depend on."""
    versions = {"python": platform.python_version()}
    for package in _PACKAGES:
        try:
            versions[package] = version(package)
        except PackageNotFoundError:
            continue
    return versions


def _relative_clip(options: AppOptions, directory: Path) -> str:
    """The way from a recording to its clip, where both lie in one person's folder; else nothing: it would tell too much."""
    if options.source.kind != "clip":
        return ""
    clip, directory = Path(options.source.target).resolve(), directory.resolve()
    try:
        common = Path(os.path.commonpath((clip, directory)))
    except ValueError:  # Two drives.
        return ""
    if common in (Path(common.anchor), Path.home().parent):
        return ""
    return Path(os.path.relpath(clip, directory)).as_posix()
