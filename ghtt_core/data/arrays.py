"""Reading files of others safely, and the plausibility checks that every reader shares."""

import zipfile
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ghtt_core.errors import UserError
from ghtt_core.features import hand_size
from ghtt_core.skeleton import HAND_NAMES
from ghtt_core.untrusted import ZIP_ERRORS, read_json, read_text

SMALLEST_HAND_M, LARGEST_HAND_M = 0.05, 0.14
"""Hand sizes (mean wrist-to-MCP distance) between a small child's and a very large adult's."""
FARTHEST_JOINT_M = 100.0
"""No hand is further from the origin of its data set than this."""
_MOST_JSON_BYTES = 4 << 30
_MOST_NUMBERS_BYTES = 1 << 20
_LARGEST_NUMBER = 1e9
"""More than any coordinate, in any unit that is told apart here."""
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


def npz_names(path: Path) -> frozenset[str]:
    """Names of the arrays in a NumPy archive; empty where it is none."""
    try:
        with zipfile.ZipFile(path) as archive:
            return frozenset(name.removesuffix(".npy") for name in archive.namelist())
    except (OSError, *ZIP_ERRORS):
        return frozenset()


def load_json(path: Path) -> Any:
    """The content of a JSON file of a data set, which may be large: a video's poses have some hundred megabytes.

    Raises:
        UserError: As `ghtt_core.untrusted.read_json`.
    """
    return read_json(path, most_bytes=_MOST_JSON_BYTES)


def load_numbers(path: Path, count: int) -> NDArray[np.float64]:
    """The numbers of a text file, exactly `count` of them.

    Raises:
        UserError: The file is missing, holds something else than finite numbers, or another count of them.
    """
    try:
        numbers = np.array([float(word) for word in read_text(path, _MOST_NUMBERS_BYTES).split()])
    except ValueError as error:
        raise UserError(f"{path} holds something that is not a number: {error}.") from error
    if numbers.size != count:
        raise UserError(f"{path} holds {numbers.size} numbers, expected {count}.")
    if not (np.abs(numbers) < _LARGEST_NUMBER).all():
        raise UserError(f"{path} holds a number that is not finite or far too large.")
    return numbers


def points(values: Any, count: int, where: str, valid: NDArray[np.bool_] | None = None) -> NDArray[np.float64]:
    """Lists from JSON as (count, 3) finite numbers; NaN where not `valid`.

    Raises:
        UserError: They are something else.
    """
    try:
        joints = np.array(values, np.float64)
    except (TypeError, ValueError, OverflowError) as error:
        raise UserError(f"{where}: the joints are not {count} x 3 numbers.") from error
    if joints.shape != (count, 3):
        raise UserError(f"{where}: the joints have the shape {joints.shape}, expected ({count}, 3).")
    used = np.ones(count, bool) if valid is None else valid
    joints[~used] = np.nan
    if not (np.abs(joints[used]) < _LARGEST_NUMBER).all():
        raise UserError(f"{where}: a joint is not a number, or far too large.")
    return joints


def require_rigid(transforms: NDArray[np.float64], where: str) -> None:
    """Check that (..., 4, 4) matrices are rotations and translations.

    Raises:
        UserError: One is not.
    """
    rotation, last_row = transforms[..., :3, :3], transforms[..., 3, :]
    if (np.abs(transforms) < _LARGEST_NUMBER).all() and np.allclose(last_row, (0, 0, 0, 1), atol=1e-6):
        turned_back = rotation @ np.swapaxes(rotation, -1, -2)
        if np.allclose(turned_back, np.eye(3), atol=1e-2) and (np.linalg.det(rotation) > 0).all():
            return
    raise UserError(f"{where}: a matrix is no camera pose (a rotation and a translation).")


def require_hands(joints_m: NDArray[np.floating], where: str) -> None:
    """Check that the hands have a person's size and stand in a room.

    Args:
        joints_m: (..., 2, 21, 3), metres after the reader's conversion, NaN where missing.
        where: File and record, for the message.

    Raises:
        UserError: The median size lies outside 5-14 cm (the message names the unit that the file seems to be in), or a joint
            is infinite or far away.
    """
    if np.isinf(joints_m).any():
        raise UserError(f"{where}: a joint is infinitely far away.")
    for hand, name in enumerate(HAND_NAMES):
        sizes = np.asarray(hand_size(joints_m[..., hand, :, :]), np.float64)
        sizes = sizes[np.isfinite(sizes)]
        if sizes.size:
            _require_size(float(np.median(sizes)), f"{where}: the median {name} hand")
    if (np.abs(joints_m) > FARTHEST_JOINT_M).any():
        raise UserError(f"{where}: a joint lies more than {FARTHEST_JOINT_M:g} m from the origin.")


def _require_size(size_m: float, what: str) -> None:
    if SMALLEST_HAND_M <= size_m <= LARGEST_HAND_M:
        return
    guess = next((text for factor, text in _WRONG_UNITS.items() if SMALLEST_HAND_M <= size_m * factor <= LARGEST_HAND_M), None)
    raise UserError(
        f"{what} measures {size_m * 100:.3g} cm from wrist to knuckles, not 5 to 14 cm; "
        f"{guess or 'that fits no unit of length'}."
    )
