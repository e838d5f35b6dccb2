"""npz files written from streams and checked before anything is allocated: NumPy's own reader and writer hold whole arrays."""

import math
import re
import zipfile
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

import numpy as np
from numpy.lib import format as npy
from numpy.typing import NDArray

from ghtt_core.errors import UserError
from ghtt_core.untrusted import ZIP_ERRORS, zip_member

_MAX_INFLATED_BYTES = 1 << 32
"""A compressed array may claim any size; beyond 4 GiB it is taken for a damaged or hostile file."""
_HEADER = re.compile(
    rb"\{'descr': '([<|](?:b1|[iu][1248]|f[248]|U\d{1,6}))', 'fortran_order': False, "
    rb"'shape': \(((?:\d{1,18}, ?)*\d{0,18})\), ?\}[ \n]*"
)
"""What NumPy writes for a plain array. NumPy's own reader evaluates the header as Python, and takes records and pickles."""


@dataclass(frozen=True, slots=True)
class ArrayStream:
    """An array to be written: its type, its shape, and its bytes in C order."""

    dtype: np.dtype[Any]
    shape: tuple[int, ...]
    chunks: Iterable[bytes]

    @classmethod
    def of(cls, array: NDArray[Any]) -> "ArrayStream":
        """A stream of an array that is already in memory."""
        return cls(array.dtype, array.shape, (np.ascontiguousarray(array).tobytes(),))


def write_npz(path: Path, arrays: Mapping[str, ArrayStream]) -> None:
    """Write uncompressed arrays, then move the file to its name in one step."""
    draft = path.with_name(f"{path.name}.tmp")
    try:
        with zipfile.ZipFile(draft, "w", zipfile.ZIP_STORED) as archive:
            for name, array in arrays.items():
                # A ZipInfo of its own keeps the time of day out: the same arrays give the same bytes.
                with archive.open(zipfile.ZipInfo(f"{name}.npy"), "w", force_zip64=True) as member:
                    header = {"descr": npy.dtype_to_descr(array.dtype), "fortran_order": False, "shape": array.shape}
                    npy.write_array_header_1_0(member, header)
                    for chunk in array.chunks:
                        member.write(chunk)
    except BaseException:
        draft.unlink(missing_ok=True)
        raise
    draft.replace(path)


def read_npz(path: Path, expected: Mapping[str, tuple[str, tuple[int | None, ...]]]) -> dict[str, NDArray[Any]]:
    """Read the named arrays; stored ones come as read-only memory maps.

    Args:
        path: The npz file.
        expected: Per array its dtype kind and item size as in `np.dtype.str` without the byte order ("f4", "U" for any
            text), and its shape with None where any length goes.

    Raises:
        UserError: The file is missing, damaged, or an array has another type, shape or size.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            return {name: _read_member(path, archive, name, kind, shape) for name, (kind, shape) in expected.items()}
    except FileNotFoundError as error:
        raise UserError(f"{path} is missing.") from error
    except OSError as error:
        raise UserError(f"Cannot read {path}: {error.strerror or error}.") from error
    except ZIP_ERRORS as error:
        reason = str(error.args[0] if error.args else type(error).__name__).rstrip(".")
        raise UserError(f"{path} is damaged: {reason[:200]}.") from error


def _read_member(
    path: Path, archive: zipfile.ZipFile, name: str, kind: str, expected_shape: tuple[int | None, ...]
) -> NDArray[Any]:
    info = zip_member(archive, f"{name}.npy", _MAX_INFLATED_BYTES)
    with archive.open(info) as member:
        shape, dtype = _read_header(member)
        fits = len(shape) == len(expected_shape) and all(
            want in (None, got) for want, got in zip(expected_shape, shape, strict=True)
        )
        if not fits or not dtype.str[1:].startswith(kind) or not dtype.itemsize:
            raise ValueError(f"{name} is {dtype}{shape}, expected {kind}{expected_shape}")
        start, size = member.tell(), math.prod(shape) * dtype.itemsize
        if info.file_size != start + size:
            raise ValueError(f"{name} holds {info.file_size - start} bytes, its shape {shape} needs {size}")
        if info.compress_type != zipfile.ZIP_STORED:
            data = member.read()
            if len(data) != size:
                raise ValueError(f"{name} is cut short")
            return np.frombuffer(data, dtype).reshape(shape)
    return _map(path, _data_start(path, info) + start, dtype, shape, size)


def _read_header(member: IO[bytes]) -> tuple[tuple[int, ...], np.dtype[Any]]:
    magic = member.read(10)
    if magic[:8] != b"\x93NUMPY\x01\x00":
        raise ValueError("an array is not in NumPy's format 1.0")
    header = _HEADER.fullmatch(member.read(int.from_bytes(magic[8:], "little")))
    if header is None:
        raise ValueError("an array is not a plain C-ordered one")
    try:
        dtype = np.dtype(header[1].decode())
    except TypeError as error:
        raise ValueError(f"an array has an impossible type: {error}") from error
    return tuple(int(length) for length in header[2].split(b",") if length.strip()), dtype


def _data_start(path: Path, info: zipfile.ZipInfo) -> int:
    """Where a stored member's bytes begin: its local header repeats the name and has an extra field of its own length."""
    with path.open("rb") as file:
        file.seek(info.header_offset)
        local = file.read(30)
        if len(local) != 30 or local[:4] != b"PK\x03\x04":
            raise ValueError("a local header is broken")
        return info.header_offset + 30 + int.from_bytes(local[26:28], "little") + int.from_bytes(local[28:30], "little")


def _map(path: Path, offset: int, dtype: np.dtype[Any], shape: tuple[int, ...], size: int) -> NDArray[Any]:
    if size == 0:
        return np.empty(shape, dtype)
    if offset + size > path.stat().st_size:
        raise ValueError("the file is cut short")
    return np.memmap(path, dtype, "r", offset, shape)
