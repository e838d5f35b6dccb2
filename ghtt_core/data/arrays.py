"""Reading array files of others safely, and the plausibility checks every reader shares."""

import zipfile
import zlib
from collections.abc import Mapping
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ghtt_core.errors import UserError
from ghtt_core.skeleton import MCPS, WRIST

MAX_ARRAY_BYTES = 4 << 30
SMALLEST_HAND_M, LARGEST_HAND_M = 0.05, 0.14
"""Hand sizes (mean wrist-to-MCP distance) between a small child's and a very large adult's."""
_WRONG_UNITS = {
    1000.0: "the file looks like metres where millimetres are expected",
    0.001: "the file looks like millimetres where metres are expected",
    0.01: "the file looks like centimetres where metres are expected",
    10.0: "the file looks like centimetres where millimetres are expected",
    0.1: "the file looks like decimetres where metres are expected",
    0.0254: "the file looks like inches where metres are expected",
    25.4: "the file looks like inches where millimetres are expected",
}
"""What a factor that brings the hands to a person's size says about the file."""

Shape = tuple[int | None, ...]


def load_npz(path: Path, wanted: Mapping[str, tuple[Shape, str]]) -> dict[str, NDArray[np.generic]]:
    """Arrays of a NumPy archive, none of them pickled, each of the stated shape and kind.

    Args:
        path: The archive.
        wanted: Name to shape (None = any length) and the `dtype.kind`s it may have, as "fi".

    Raises:
        UserError: The file is missing, damaged or cut off, an array is absent, or it has another shape or kind.
    """
    arrays: dict[str, NDArray[np.generic]] = {}
    try:
        with zipfile.ZipFile(path) as archive:
            members = {member.filename: member for member in archive.infolist()}
            for name, (shape, kinds) in wanted.items():
                member = members.get(f"{name}.npy")
                if member is None:
                    held = ", ".join(sorted(key.removesuffix(".npy") for key in members)) or "nothing"
                    raise UserError(f"{path} holds no array named {name!r}: it has {held}.")
                arrays[name] = _read_member(archive, member, path)
                _require_shape(arrays[name], shape, kinds, f"{path}, array {name!r},")
    except FileNotFoundError as error:
        raise UserError(f"There is no file {path}.") from error
    except OSError as error:
        raise UserError(f"Cannot read {path}: {error.strerror or error}.") from error
    except (zipfile.BadZipFile, zlib.error, ValueError, EOFError, SyntaxError) as error:
        raise UserError(f"{path} is damaged or cut off ({error}): fetch or write it again.") from error
    return arrays


def npz_names(path: Path) -> frozenset[str]:
    """Names of the arrays in a NumPy archive; empty where it is none."""
    try:
        with zipfile.ZipFile(path) as archive:
            return frozenset(name.removesuffix(".npy") for name in archive.namelist())
    except (OSError, zipfile.BadZipFile):
        return frozenset()


def _read_member(archive: zipfile.ZipFile, member: zipfile.ZipInfo, path: Path) -> NDArray[np.generic]:
    # The header is compared with the stored size first: a lying header would otherwise allocate whatever it claims.
    with archive.open(member) as stream:
        version = np.lib.format.read_magic(stream)
        read_header = np.lib.format.read_array_header_1_0 if version == (1, 0) else np.lib.format.read_array_header_2_0
        shape, _, dtype = read_header(stream)
        expected = dtype.itemsize * int(np.prod(shape, dtype=np.float64)) + stream.tell()
    if dtype.hasobject:
        raise UserError(f"{path}, array {member.filename!r}, holds Python objects, which are never loaded.")
    if expected != member.file_size or expected > MAX_ARRAY_BYTES:
        raise UserError(f"{path}, array {member.filename!r}, is {member.file_size} bytes where its header says {expected}.")
    with archive.open(member) as stream:
        return np.asarray(np.lib.format.read_array(stream, allow_pickle=False))


def _require_shape(array: NDArray[np.generic], shape: Shape, kinds: str, where: str) -> None:
    fits = array.ndim == len(shape) and all(want in (None, got) for want, got in zip(shape, array.shape, strict=True))
    if not fits or array.dtype.kind not in kinds:
        dims = ", ".join("any" if length is None else str(length) for length in shape)
        raise UserError(f"{where} is {array.dtype}{array.shape}, expected ({dims}) of kind {kinds!r}.")


def hand_size(joints: NDArray[np.floating]) -> NDArray[np.float64]:
    """Mean distance from the wrist to the four finger MCPs: (..., 21, 3) to (...,), in the unit of the joints."""
    joints = np.asarray(joints, np.float64)
    return np.asarray(np.linalg.norm(joints[..., MCPS, :] - joints[..., [WRIST], :], axis=-1).mean(axis=-1))


def require_hand_size(joints_m: NDArray[np.floating], where: str) -> None:
    """Check that the median hand has a person's size.

    Args:
        joints_m: (..., 21, 3), metres after the reader's conversion, NaN where missing.
        where: File and record, for the message.

    Raises:
        UserError: The median lies outside 5-14 cm; the message names the unit that the file seems to be in.
    """
    sizes = hand_size(joints_m)
    sizes = sizes[np.isfinite(sizes)]
    if sizes.size == 0:
        return
    size = float(np.median(sizes))
    if SMALLEST_HAND_M <= size <= LARGEST_HAND_M:
        return
    guess = next((text for factor, text in _WRONG_UNITS.items() if SMALLEST_HAND_M <= size * factor <= LARGEST_HAND_M), None)
    raise UserError(
        f"{where}: the median hand measures {size * 100:.3g} cm from wrist to knuckles, "
        f"not 5 to 14 cm; {guess or 'that fits no unit of length'}."
    )
