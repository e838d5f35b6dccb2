"""`open_dataset`: any data set on disk, recognised by its layout, as an iterable of motion sequences."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from ghtt_core.data import assembly101, assemblyhands, h2o, recordings, sign_sets
from ghtt_core.data.arrays import npz_names
from ghtt_core.data.splits import Part
from ghtt_core.errors import UserError
from ghtt_core.motion import MotionSequence


@dataclass(frozen=True, slots=True)
class DataSet:
    """A data set on disk. Iterating reads it anew, sequence by sequence.

    Attributes:
        kind: Its layout's name in `KINDS`.
        path: Where it lies.
        read: Makes the sequences.
        parts: Recording to "validation" or "test", where the set has an official split; the rest trains.
    """

    kind: str
    path: Path
    read: Callable[[], Iterator[MotionSequence]]
    parts: Mapping[str, Part]

    def __iter__(self) -> Iterator[MotionSequence]:
        return self.read()

    def part(self, part: Part) -> Iterator[MotionSequence]:
        """The sequences of one part of the official split."""
        return (sequence for sequence in self.read() if self.parts.get(sequence.recording, "train") == part)


@dataclass(frozen=True, slots=True)
class Kind:
    """A layout: how to recognise it and how to read it."""

    title: str
    matches: Callable[[Path], bool]
    read: Callable[[Path], Iterator[MotionSequence]]
    parts: Callable[[Path], Mapping[str, Part]]


KINDS: dict[str, Kind] = {
    "leap": Kind(
        "Leap Motion signs (one npz, millimetres)",
        lambda path: npz_names(path) >= sign_sets.LEAP_ARRAYS,
        sign_sets.read_leap,
        sign_sets.leap_parts,
    ),
    "landmarks": Kind(
        "image-normalised landmark sequences (one npz)",
        lambda path: npz_names(path) >= sign_sets.LANDMARK_ARRAYS,
        sign_sets.read_landmarks,
        lambda path: {},
    ),
    "recordings": Kind(
        "recordings of this program (a folder with recording.json, or of such folders)",
        recordings.matches_recordings,
        recordings.read_recordings,
        recordings.recording_parts,
    ),
    "h2o": Kind("H2O", h2o.matches_h2o, h2o.read_h2o, h2o.h2o_parts),
    "assemblyhands": Kind(
        "AssemblyHands",
        assemblyhands.matches_assemblyhands,
        assemblyhands.read_assemblyhands,
        assemblyhands.assemblyhands_parts,
    ),
    "assembly101": Kind(
        "Assembly101", assembly101.matches_assembly101, assembly101.read_assembly101, assembly101.assembly101_parts
    ),
}


def open_dataset(path: Path | str, kind: str | None = None) -> DataSet:
    """A data set on disk; nothing is read before it is iterated, but what tells its layout and split.

    Args:
        path: File or folder.
        kind: One of `KINDS`; None: recognised from the layout.

    Raises:
        UserError: There is nothing at the path, its layout is of no known kind, or the kind's name is unknown.
    """
    path = Path(path).expanduser()
    if not path.exists():
        raise UserError(f"There is no data set at {path}.")
    if kind is None:
        kind = next((name for name, layout in KINDS.items() if layout.matches(path)), None)
    if kind is None:
        titles = "; ".join(f"{name}: {layout.title}" for name, layout in KINDS.items())
        raise UserError(f"{path} has none of the layouts known here ({titles}).")
    if kind not in KINDS:
        raise UserError(f"There is no kind of data set named {kind!r}; choose one of: {', '.join(KINDS)}.")
    layout = KINDS[kind]
    return DataSet(kind, path, lambda: layout.read(path), layout.parts(path))
