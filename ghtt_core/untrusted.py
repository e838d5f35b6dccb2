"""Files of others: what they claim is checked before any memory is taken for it."""

import json
import os
import struct
import zipfile
import zlib
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from ghtt_core.errors import UserError

ZIP_ERRORS = (zipfile.BadZipFile, zlib.error, struct.error, EOFError, KeyError, ValueError, RuntimeError)
"""What reading a damaged or hostile zip raises beside `OSError`; an encrypted member is a RuntimeError."""
MOST_PIXELS = 1 << 26
"""Of one picture, 8192 x 8192: a file of some hundred kilobytes can claim four times as many, a gigabyte when decoded."""
LONGEST_NAME = 200
_ALWAYS_ALLOWED_BYTES = 64 << 20
_MOST_INFLATION = 100
"""Motion, weights and text shrink to a tenth at best; what swells more than a hundredfold is a bomb."""


def read_text(path: Path, most_bytes: int = 16 << 20) -> str:
    """The content of a UTF-8 file.

    Raises:
        UserError: It is missing, unreadable, larger than `most_bytes`, or no text.
    """
    try:
        with path.open("rb") as file:
            size = os.fstat(file.fileno()).st_size
            if size > most_bytes:
                raise UserError(f"{path} has {size} bytes, more than the {most_bytes} that such a file may have.")
            return file.read(size).decode("utf-8-sig")
    except FileNotFoundError as error:
        raise UserError(f"{path} is missing.") from error
    except OSError as error:
        raise UserError(f"Cannot read {path}: {error.strerror}.") from error
    except UnicodeDecodeError as error:
        raise UserError(f"{path} is damaged: it is not UTF-8 text (byte {error.start}).") from error


def read_json(path: Path, most_bytes: int = 16 << 20) -> Any:
    """The content of a JSON file.

    Raises:
        UserError: As for `read_text`, or it is not JSON; the message has the line.
    """
    text = read_text(path, most_bytes)
    try:
        return json.loads(text)
    except json.JSONDecodeError as error:
        raise UserError(
            f"{path}, line {error.lineno}, column {error.colno}: not valid JSON ({error.msg}); the file may be cut off."
        ) from error
    except (ValueError, RecursionError) as error:
        raise UserError(f"{path} is not valid JSON: it nests too deeply or holds a number of thousands of digits.") from error


def names(values: object, most: int) -> tuple[str, ...]:
    """Names as they may be shown on a screen: without control characters, and of a bearable length and number.

    Raises:
        ValueError: They are something else.
    """
    if not isinstance(values, list) or len(values) > most or not all(isinstance(name, str) for name in values):
        raise ValueError(f"not a list of names, or more than {most}")
    require_printable(values)
    return tuple(values)


def require_printable(texts: Iterable[str], longest: int = LONGEST_NAME) -> None:
    """Check texts that will be shown: no line ends, terminal commands or halves of characters.

    Raises:
        ValueError: One is too long, or holds such a thing.
    """
    for text in texts:
        if len(text) > longest or not text.isprintable():
            raise ValueError(f"{text[:40]!a} is too long or holds characters that cannot be shown")


def zip_member(archive: zipfile.ZipFile, name: str, most_inflated_bytes: int) -> zipfile.ZipInfo:
    """The entry of a member that may be read: stored or deflated, not encrypted, no bomb.

    Raises:
        KeyError: There is no such member.
        ValueError: It is another kind, or claims too many bytes.
    """
    info = archive.getinfo(name)
    if info.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED) or info.flag_bits & 1:
        raise ValueError(f"{name} is packed in a way that is not read here")
    if info.header_offset + info.compress_size > archive.start_dir:
        raise ValueError(f"{name} is cut short")
    inflated = min(most_inflated_bytes, max(_ALWAYS_ALLOWED_BYTES, _MOST_INFLATION * info.compress_size))
    if info.file_size > (info.compress_size if info.compress_type == zipfile.ZIP_STORED else inflated):
        raise ValueError(f"{name} claims {info.file_size} bytes")
    return info
