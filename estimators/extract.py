"""Hands of many clips, one recording folder a clip: `python -m estimators.extract CLIPS... --out DIR`."""

import argparse
import datetime
import os
import sys
from collections.abc import Iterator, Sequence
from dataclasses import asdict, replace
from importlib.metadata import version
from pathlib import Path

from tqdm import tqdm

from estimators.base import DEFAULT_ESTIMATOR, Estimator, EstimatorOptions, create_estimator, estimator_names
from estimators.clips import ClipReader
from estimators.intrinsics import IntrinsicsChoice
from ghtt_core.errors import UserError
from ghtt_core.packets import Frame
from ghtt_core.recording import RecordingHeader, RecordingWriter

Crop = tuple[int, int]
"""Rows at the top and at the bottom that are no picture."""


def add_estimator_arguments(parser: argparse.ArgumentParser) -> None:
    """What every command that runs an estimator over clips asks for."""
    parser.add_argument("clips", nargs="+", type=Path, metavar="CLIP", help="video files")
    parser.add_argument("--estimator", default=DEFAULT_ESTIMATOR, help=f"one of: {', '.join(estimator_names())}")
    parser.add_argument("--hand-model", type=Path, metavar="FILE", help="a model bundle to use in place of the downloaded one")
    parser.add_argument("--intrinsics", type=Path, metavar="FILE", help="JSON with fx, fy, cx, cy, width, height")
    parser.add_argument("--fov", type=float, metavar="DEGREES", help="field of view along the longer side")
    parser.add_argument("--mirror", action="store_true", help="the pictures are mirrored (selfie view)")
    parser.add_argument("--crop", default="0,0", metavar="TOP,BOTTOM", help="rows that are no picture: overlays, bars")
    parser.add_argument(
        "--trajectory", type=Path, metavar="FILE", help="the camera's recorded poses, for one clip (TUM format)"
    )
    parser.add_argument("--no-camera-motion", action="store_true", help="take the camera for standing still")


def options_from(arguments: argparse.Namespace) -> EstimatorOptions:
    """The estimator options that the command line asks for.

    Raises:
        UserError: Several clips, but the trajectory of one.
    """
    if arguments.trajectory is not None and len(arguments.clips) > 1:
        raise UserError("--trajectory belongs to one clip: name only that.")
    return EstimatorOptions(
        intrinsics=IntrinsicsChoice(arguments.intrinsics, arguments.fov),
        mirror=arguments.mirror,
        hand_model=arguments.hand_model,
        camera_motion=not arguments.no_camera_motion,
        trajectory=arguments.trajectory,
    )


def parse_crop(text: str) -> Crop:
    """Turn the text 12,8 into rows at the top and at the bottom.

    Raises:
        UserError: It is something else.
    """
    parts = text.split(",")
    if len(parts) != 2 or not all(part.strip().isdigit() for part in parts):
        raise UserError(f"--crop {text!r} must be two numbers of rows, such as 12,8.")
    return int(parts[0]), int(parts[1])


def masked(frame: Frame, crop: Crop) -> Frame:
    """The frame with the cropped rows painted over by their neighbours, so that all pixel coordinates stay."""
    top, bottom = crop
    height = frame.image_bgr.shape[0]
    if top + bottom >= height:
        raise UserError(f"--crop {top},{bottom} leaves nothing of pictures {height} rows high.")
    if not (top or bottom):
        return frame
    image = frame.image_bgr.copy()
    image[:top] = image[top]
    image[height - bottom :] = image[height - bottom - 1]
    return replace(frame, image_bgr=image)


def extract_clip(path: Path, estimator: Estimator, options: EstimatorOptions, crop: Crop, directory: Path) -> int:
    """Run the estimator over one clip and write its recording; returns the number of frames.

    Raises:
        UserError: The clip cannot be read or the recording not be written.
    """
    estimator.reset()
    with ClipReader(path) as reader:
        intrinsics = options.intrinsics.for_size(reader.width, reader.height)
        header = RecordingHeader(
            source=path.name,
            clip=os.path.relpath(path.resolve(), directory.resolve()),
            frame_size_px=(reader.width, reader.height),
            intrinsics=asdict(intrinsics),
            estimator=estimator.name,
            options={"mirror": options.mirror, "camera_motion": options.camera_motion, "crop": list(crop)},
            versions={name: version(name) for name in ("mediapipe", "ai-edge-litert", "opencv-contrib-python", "av")},
            created=datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
        )
        with RecordingWriter(directory, header) as writer:
            for frame in _with_bar(reader, path.name):
                writer.append(estimator.estimate(masked(frame, crop)), None)
            if reader.truncated:
                print(reader.truncated, file=sys.stderr)
            return writer.frames


def _with_bar(reader: ClipReader, name: str) -> Iterator[Frame]:
    yield from tqdm(reader, total=reader.length_estimate, desc=name, unit="frame", file=sys.stderr, leave=False, disable=None)


def run(arguments: argparse.Namespace) -> int:
    """Extract every clip; one that cannot be read is reported and passed over. Returns how many failed."""
    crop, options = parse_crop(arguments.crop), options_from(arguments)
    estimator = create_estimator(arguments.estimator, options)
    failed = 0
    try:
        for path in arguments.clips:
            directory = arguments.out / path.stem
            try:
                frames = extract_clip(path, estimator, options, crop, directory)
            except UserError as error:
                print(error, file=sys.stderr)
                failed += 1
                continue
            print(f"{directory}: {frames} frames")
    finally:
        estimator.close()
    return failed


def main(argv: Sequence[str] | None = None) -> int:
    """The command line."""
    parser = argparse.ArgumentParser(prog="python -m estimators.extract", description=__doc__)
    add_estimator_arguments(parser)
    parser.add_argument("--out", type=Path, required=True, metavar="DIR", help="one recording folder a clip is made here")
    try:
        return 2 if run(parser.parse_args(argv)) else 0
    except UserError as error:
        print(error, file=sys.stderr)
        return 2


if __name__ == "__main__":
    sys.exit(main())
