"""The hand networks: fetched on first use, checked by SHA-256, kept per user.

MediaPipe ships no model. Its bundle `hand_landmarker.task` (a zip of a palm detector and a landmark network, Apache-2.0)
comes from one of two sources: the vendor's download, or the package index, where the older wheel mediapipe 0.10.21 carries
the same two networks (their hashes are those of MediaPipe's own `third_party/external_files.bzl`).
"""

import argparse
import hashlib
import io
import subprocess
import sys
import tempfile
import urllib.error
import urllib.request
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import platformdirs
from tqdm import tqdm

from ghtt_core.errors import UserError
from ghtt_core.untrusted import ZIP_ERRORS, zip_member

Progress = Callable[[str, int, int | None], None]
"""Called with what is going on, the bytes done, and the bytes in all where they are known."""

OFFICIAL_URL = "https://storage.googleapis.com/mediapipe-models/hand_landmarker/hand_landmarker/float16/1/hand_landmarker.task"
OFFICIAL_SHA256 = "fbc2a30080c3c557093b5ddfc334698132eb341044ccee322ccf8bcf3607cde1"
BUNDLE_NAME = "hand_landmarker.task"
WHEEL = "mediapipe==0.10.21"
_WHEEL_TAGS = ("3.11", "manylinux_2_28_x86_64")
_ALIGNMENT = 16
_ZIP_HEADER_BYTES = 30
_TIMEOUT_S = 20.0
_CHUNK_BYTES = 1 << 16
_MOST_BYTES = 64 << 20
"""Eight times the official bundle."""


@dataclass(frozen=True, slots=True)
class Network:
    """One network of the bundle.

    Attributes:
        member: Its name in the bundle.
        wheel_path: Where the older wheel keeps it.
        sha256: Its hash.
    """

    member: str
    wheel_path: str
    sha256: str


PALM_DETECTOR = Network(
    "hand_detector.tflite",
    "mediapipe/modules/palm_detection/palm_detection_full.tflite",
    "1b14e9422c6ad006cde6581a46c8b90dd573c07ab7f3934b5589e7cea3f89a54",
)
LANDMARK_NETWORK = Network(
    "hand_landmarks_detector.tflite",
    "mediapipe/modules/hand_landmark/hand_landmark_full.tflite",
    "11c272b891e1a99ab034208e23937a8008388cf11ed2a9d776ed3d01d0ba00e3",
)
_NETWORKS = (PALM_DETECTOR, LANDMARK_NETWORK)


class _SourceError(Exception):
    """A source did not deliver; the next one is tried."""


def default_bundle_path() -> Path:
    """Where the bundle is kept for this user."""
    return platformdirs.user_cache_path("ghtt") / "models" / BUNDLE_NAME


def fetch_hand_model(*, offline: bool = False, path: Path | None = None, progress: Progress | None = None) -> Path:
    """The checked bundle's path; fetched first if it is not there.

    Args:
        offline: Use what is cached, do not ask the network.
        path: Where to keep it (default: the user's cache folder).
        progress: Told how far a download is; by default a bar on standard error.

    Raises:
        UserError: It is not there and cannot be fetched.
    """
    target = path or default_bundle_path()
    if target.is_file() and target.stat().st_size <= _MOST_BYTES and is_intact(target.read_bytes()):
        return target
    reasons = ["not asked for (offline)"] if offline else []
    for source in () if offline else (_download_official, _assemble_from_wheel):
        try:
            bundle = source(progress or _ProgressBar())
            if not is_intact(bundle):
                raise _SourceError("what came does not have the expected SHA-256")
        except _SourceError as error:
            reasons.append(str(error))
            continue
        _write_atomically(target, bundle)
        return target
    raise UserError(
        f"The hand model is missing and could not be fetched ({'; '.join(reasons)}): "
        f"download {OFFICIAL_URL} on another machine and put it at {target}, or name it with --hand-model FILE."
    )


def load_networks(path: Path) -> dict[str, bytes]:
    """The networks in a bundle by member name, whatever their hashes (a user may bring another bundle).

    Raises:
        UserError: The file is missing or no such bundle.
    """
    try:
        return _read_members(path, {network.member: network.member for network in _NETWORKS})
    except FileNotFoundError as error:
        raise UserError(f"There is no hand model at {path}; check --hand-model.") from error
    except (OSError, *ZIP_ERRORS) as error:
        raise UserError(f"{path} is no hand model: a bundle such as {BUNDLE_NAME} with its two networks is needed.") from error


def is_intact(bundle: bytes) -> bool:
    """Whether it is the official bundle, or one assembled from the same networks."""
    if hashlib.sha256(bundle).hexdigest() == OFFICIAL_SHA256:
        return True
    try:
        networks = _read_members(io.BytesIO(bundle), {network.member: network.member for network in _NETWORKS})
    except (OSError, *ZIP_ERRORS):
        return False
    return all(hashlib.sha256(networks[network.member]).hexdigest() == network.sha256 for network in _NETWORKS)


def _read_members(file: Path | io.BytesIO, paths: dict[str, str]) -> dict[str, bytes]:
    """Members of a zip, given and returned by the name of the network."""
    with zipfile.ZipFile(file) as archive:
        members = {name: zip_member(archive, path, _MOST_BYTES) for name, path in paths.items()}
        if sum(member.file_size for member in members.values()) > _MOST_BYTES:
            raise ValueError("the networks are too large")
        return {name: archive.read(member) for name, member in members.items()}


def assemble_bundle(networks: dict[str, bytes]) -> bytes:
    """A stored zip with every member aligned, as MediaPipe wants it: it maps the networks in place."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_STORED) as archive:
        for name, data in networks.items():
            entry = zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0))
            entry.external_attr = 0o644 << 16
            padding = -(out.tell() + _ZIP_HEADER_BYTES + len(name) + 4) % _ALIGNMENT  # an extra field has a head of four bytes
            entry.extra = b"\xff\xff" + padding.to_bytes(2, "little") + bytes(padding)
            archive.writestr(entry, data)
    return out.getvalue()


def _download_official(progress: Progress) -> bytes:
    try:
        # The scanners warn of addresses that lead to files; this one is a constant.
        with urllib.request.urlopen(OFFICIAL_URL, timeout=_TIMEOUT_S) as response:  # nosec B310
            length = response.headers.get("Content-Length")
            total = int(length) if length else None
            out = io.BytesIO()
            while chunk := response.read(_CHUNK_BYTES):
                out.write(chunk)
                if out.tell() > _MOST_BYTES:
                    raise ValueError("it sends more than a hand model")
                progress("hand model from the vendor", out.tell(), total)
            return out.getvalue()
    except (urllib.error.URLError, OSError, ValueError) as error:
        reason = getattr(error, "reason", error)
        raise _SourceError(f"the vendor's download: {reason}") from error


def _assemble_from_wheel(progress: Progress) -> bytes:
    """Ask pip, with the user's own index settings, for the wheel, and take the networks out of it without installing."""
    version, platform = _WHEEL_TAGS
    progress(f"hand model from the package index ({WHEEL}, 36 MB)", 0, None)
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check", "--no-deps"]
        command += ["--only-binary=:all:", "--python-version", version, "--platform", platform, "--dest", folder, WHEEL]
        try:
            done = subprocess.run(command, capture_output=True, text=True, timeout=600, check=False)
        except (OSError, subprocess.TimeoutExpired) as error:
            raise _SourceError(f"the package index: {error}") from error
        wheels = list(Path(folder).glob("*.whl"))
        if done.returncode or not wheels:
            last_line = (done.stderr.strip().splitlines() or ["pip gave no reason"])[-1]
            raise _SourceError(f"the package index: {last_line.removeprefix('ERROR: ')}")
        try:
            bundle = assemble_bundle(_read_members(wheels[0], {network.member: network.wheel_path for network in _NETWORKS}))
        except (OSError, *ZIP_ERRORS) as error:
            raise _SourceError(f"the package index: {WHEEL} does not hold the networks") from error
    progress("hand model assembled", len(bundle), len(bundle))
    return bundle


def _write_atomically(target: Path, data: bytes) -> None:
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=target.parent, prefix=".new-") as folder:
            part = Path(folder, BUNDLE_NAME)
            part.write_bytes(data)
            part.replace(target)
    except OSError as error:
        raise UserError(
            f"Cannot keep the hand model at {target}: {error.strerror}; free some space or allow writing."
        ) from error


class _ProgressBar:
    """A bar on standard error that appears with the first byte."""

    def __init__(self) -> None:
        self._bar: tqdm[None] | None = None

    def __call__(self, what: str, done: int, total: int | None) -> None:
        if self._bar is None:
            self._bar = tqdm(desc=what, total=total, unit="B", unit_scale=True, file=sys.stderr)
        self._bar.set_description(what)
        if total is not None:
            self._bar.total = total
        self._bar.update(done - self._bar.n)
        if done == total:
            self._bar.close()


def main() -> int:
    """`python -m estimators.model_bundle`: fetch the bundle and say where it is."""
    parser = argparse.ArgumentParser(prog="python -m estimators.model_bundle", description=main.__doc__)
    parser.add_argument("--offline", action="store_true", help="only look whether it is there; fetch nothing")
    options = parser.parse_args()
    try:
        print(fetch_hand_model(offline=options.offline))
    except UserError as error:
        print(error, file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
