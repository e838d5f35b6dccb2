"""Command line: make up motion, film it, measure an estimator on the film.

python -m ghtt_core.synthetic render --seconds 12 --seed 7 --out clip.mp4 --truth clip_truth.npz
python -m ghtt_core.synthetic motion --seconds 60 --seed 7 --preview motion.png
python -m ghtt_core.synthetic measure RECORDING...
"""

import argparse
import math
import sys
from collections import Counter
from dataclasses import fields
from pathlib import Path

import numpy as np

from ghtt_core.errors import UserError
from ghtt_core.recording import read_recording
from ghtt_core.skeleton import BONES, HANDS
from ghtt_core.synthetic.actions import EPISODES
from ghtt_core.synthetic.film import film, load_truth
from ghtt_core.synthetic.measure import Pair, measure_noise
from ghtt_core.synthetic.motion import SyntheticMotion, generate_motion
from ghtt_core.synthetic.render import Lens


def main(arguments: list[str] | None = None) -> int:
    """Run a command; returns the exit status."""
    options = _parser().parse_args(arguments)
    try:
        if options.command == "measure":
            _measure(options.recordings)
            return 0
        motion = generate_motion(options.seed, options.seconds, episodes=_episodes(options.episodes))
        if options.command == "render":
            _render(motion, options)
        else:
            _describe(motion, options.preview)
    except UserError as error:
        print(error, file=sys.stderr)
        return 2
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m ghtt_core.synthetic", description=(__doc__ or "").splitlines()[0])
    commands = parser.add_subparsers(dest="command", required=True)
    common = argparse.ArgumentParser(add_help=False)
    common.add_argument("--seconds", type=_positive, default=12.0, help="length (default: %(default)s)")
    common.add_argument("--seed", type=int, default=0, help="everything is drawn from it (default: %(default)s)")
    common.add_argument(
        "--episodes", help=f"what happens, separated by commas: {', '.join(EPISODES)} (default: drawn at random)"
    )
    render = commands.add_parser("render", parents=[common], help="film a motion")
    render.add_argument("--out", type=Path, required=True, help="the clip (H.264 in MP4); its intrinsics go beside it")
    render.add_argument("--truth", type=Path, help="the exact poses (default: beside the clip, _truth.npz)")
    render.add_argument("--size", default="640x480", help="picture size (default: %(default)s)")
    render.add_argument("--fov", type=float, default=72.0, help="field of view along the width, degrees (default: %(default)s)")
    render.add_argument("--crf", type=int, default=20, help="x264 quality, smaller is better (default: %(default)s)")
    motion = commands.add_parser("motion", parents=[common], help="make up a motion and describe it")
    measure = commands.add_parser("measure", help="measure an estimator's noise on rendered clips: NAME/ and NAME_truth.npz")
    measure.add_argument("recordings", type=Path, nargs="+", help="recording folders made from rendered clips")
    motion.add_argument("--preview", type=Path, help="draw it as seen by the head camera to this PNG")
    return parser


def _positive(text: str) -> float:
    value = float(text)
    if not 0.1 <= value <= 3600:
        raise argparse.ArgumentTypeError(f"{text} is not between 0.1 and 3600 seconds")
    return value


def _episodes(text: str | None) -> list[str] | None:
    if text is None:
        return None
    names = [name.strip() for name in text.split(",")]
    unknown = [name for name in names if name not in EPISODES]
    if unknown:
        raise UserError(f"There is no episode {unknown[0]!r}; choose from: {', '.join(EPISODES)}.")
    return names


def _lens(size: str, fov_deg: float) -> Lens:
    try:
        width, height = (int(part) for part in size.lower().split("x"))
    except ValueError:
        raise UserError(f"--size {size} is not a size such as 640x480.") from None
    if not (32 <= width <= 4096 and 32 <= height <= 4096):
        raise UserError(f"--size {size} must lie between 32x32 and 4096x4096.")
    if not 20 <= fov_deg <= 140:
        raise UserError(f"--fov {fov_deg:g} is not a field of view between 20 and 140 degrees.")
    focal = width / 2 / math.tan(math.radians(fov_deg) / 2)
    return Lens(focal, focal, width / 2, height / 2, width, height)


def _render(motion: SyntheticMotion, options: argparse.Namespace) -> None:
    truth = options.truth or options.out.with_name(f"{options.out.stem}_truth.npz")
    film(motion, _lens(options.size, options.fov), options.out, truth, crf=options.crf)
    known = load_truth(truth)
    seen = ", ".join(
        f"{name} hand in {share:.0%}" for name, share in zip(("left", "right"), known.visible.mean(axis=0), strict=True)
    )
    print(f"{options.out}: {len(known.visible)} frames, {seen} of them; truth in {truth}")


def _measure(folders: list[Path]) -> None:
    pairs = []
    for folder in folders:
        recording, truth = read_recording(folder), load_truth(folder.with_name(f"{folder.name}_truth.npz"))
        if recording.source_frame.size == 0 or recording.source_frame.max() >= len(truth.visible):
            raise UserError(f"The recording {folder} was not made from the clip that its truth belongs to.")
        rows = recording.source_frame
        pairs.append(Pair(recording.observed_cam_m, truth.joints_cam_m[rows], truth.visible[rows], truth.fps))
    try:
        report = measure_noise(pairs)
    except ValueError as error:
        raise UserError(f"Nothing can be measured: {error}.") from error
    print(f"visible hands found {report.found:.1%}, of these under the other hand's name {report.swapped:.1%}")
    print(f"mean joint error {report.aligned_mm:.1f} mm relative to the wrist, wrist {report.wrist_mm:.1f} mm")
    print("joint spread:", " ".join(f"{value:.2f}" for value in report.joint_spread))
    for field in fields(report.noise):
        print(f"{field.name} = {getattr(report.noise, field.name):.4g}")


def _describe(motion: SyntheticMotion, preview: Path | None) -> None:
    sequence = motion.sequence
    speed = np.linalg.norm(np.diff(sequence.joints_m[:, :, 0], axis=0), axis=-1) * sequence.fps
    frames = Counter[str]()
    for segment in sequence.segments:
        frames[segment.action] += segment.end - segment.start
    shares = ", ".join(f"{name} {count / sequence.fps:.1f} s" for name, count in frames.most_common())
    print(f"{sequence.name}: {len(sequence.joints_m) / sequence.fps:.1f} s; {shares}")
    print(f"wrist speed, m/s: median {np.median(speed):.3f}, 90 % {np.percentile(speed, 90):.3f}, most {speed.max():.3f}")
    if preview is not None:
        _draw(motion, preview)
        print(f"drawn to {preview}")


def _draw(motion: SyntheticMotion, path: Path) -> None:
    """Twelve moments as stick figures in the camera's view."""
    import matplotlib as mpl

    mpl.use("Agg")
    import matplotlib.pyplot as plt

    lens = _lens("640x480", 72.0)
    cam_from_world = np.linalg.inv(motion.world_from_cam)
    figure, axes = plt.subplots(3, 4, figsize=(16, 9.5), layout="constrained")
    for axis, frame in zip(axes.flat, np.linspace(0, len(cam_from_world) - 1, 12).astype(int), strict=True):
        turn, shift = cam_from_world[frame, :3, :3], cam_from_world[frame, :3, 3]
        places = lens.project(motion.sequence.joints_m[frame] @ turn.T + shift)
        for hand in range(HANDS):
            for bone in BONES:
                axis.plot(*places[hand, bone].T, color=("#0072b2", "#d55e00")[hand], linewidth=2)
        now = [s.action for s in motion.sequence.segments if s.start <= frame < s.end]
        axis.set(xlim=(0, 640), ylim=(480, 0), aspect="equal", xticks=(), yticks=())
        axis.set_title(f"{frame / motion.sequence.fps:.1f} s {' '.join(now)}")
    try:
        figure.savefig(path, dpi=70)
    except OSError as error:
        raise UserError(f"Cannot write {path}: {error.strerror}.") from error
    plt.close(figure)


if __name__ == "__main__":
    sys.exit(main())
