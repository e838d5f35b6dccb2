"""Write a recording so that whatever was written survives a crash."""

import shutil
from collections import OrderedDict
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import IO, Any, Self

import numpy as np
from numpy.typing import NDArray

from ghtt_core.claims import Claim
from ghtt_core.errors import UserError
from ghtt_core.packets import Futures, HandsObservation, Prediction
from ghtt_core.recording import hands_csv
from ghtt_core.recording.layout import (
    FRAMES_PART,
    FUTURES_FILE,
    FUTURES_PART,
    HANDS_CSV_FILE,
    HEADER_FILE,
    POSES_FILE,
    FutureShape,
    RecordingHeader,
    State,
    frame_dtype,
    write_state,
)
from ghtt_core.recording.npz import ArrayStream, write_npz

_CHUNK_BYTES = 8 << 20
_ROWS_KEPT = 4096
"""How many frames back late futures still find their row."""


class RecordingWriter:
    """Appends frames to a recording; a context manager.

    Every frame goes to disk at once, unbuffered, so that killing the program loses none. A recording that is already in
    the folder is replaced; its `labels.csv`, written by people, and foreign files stay.

    Raises:
        UserError: The folder cannot be made or written (also from `append` and `close`), or another copy of the program is
            writing it.
    """

    def __init__(self, directory: Path, header: RecordingHeader) -> None:
        self.directory = directory
        self.frames = 0
        self._state = State(header)
        self._dtype = frame_dtype(len(header.action_names))
        self._rows: OrderedDict[int, int] = OrderedDict()
        self._open_parts: list[IO[bytes]] = []
        self._futures_part: IO[bytes] | None = None
        try:
            self._claim = Claim(directory)
        except OSError as error:
            raise _write_error(directory, error) from error
        try:
            self._clear()
            (directory / FRAMES_PART).parent.mkdir(parents=True, exist_ok=True)
            write_state(directory, self._state)
            self._frames_part = self._open(FRAMES_PART)
            self._hands_csv = self._open(Path(HANDS_CSV_FILE))
            _write_all(self._hands_csv, (",".join(hands_csv.columns()) + "\n").encode())
        except OSError as error:
            self._close_parts()
            self._claim.release()
            raise _write_error(directory, error) from error

    def append(self, observation: HandsObservation, prediction: Prediction | None) -> None:
        """Add one frame; None where no model ran.

        Raises:
            ValueError: The prediction belongs to another frame or to other classes.
            UserError: It cannot be written.
        """
        record = np.zeros((), self._dtype)
        record["time_s"], record["source_frame"] = observation.time_s, observation.frame_index
        record["observed_cam_m"], record["observed_px"] = observation.joints_cam_m, observation.joints_px
        record["confidence"], record["world_from_cam"] = observation.confidence, observation.world_from_cam
        record["refined_cam_m"] = record["action_prob"] = np.nan
        if prediction is not None:
            if prediction.frame_index != observation.frame_index:
                raise ValueError(f"prediction for frame {prediction.frame_index} beside frame {observation.frame_index}")
            record["refined_cam_m"], record["action_prob"] = prediction.refined_cam_m, prediction.action_prob
        try:
            _write_all(self._frames_part, record.tobytes())
            _write_all(self._hands_csv, (hands_csv.row(observation) + "\n").encode())
        except OSError as error:
            raise _write_error(self.directory, error) from error
        self._rows[observation.frame_index] = self.frames
        if len(self._rows) > _ROWS_KEPT:
            self._rows.popitem(last=False)
        self.frames += 1
        if prediction is not None and prediction.futures is not None:
            self.append_futures(prediction.futures)

    def append_futures(self, futures: Futures) -> None:
        """Add futures of a frame that was appended before; of one that was not, they are left out.

        The first set fixes samples and steps. Later ones with fewer are filled up with NaN, with more are cut.
        """
        row = self._rows.get(futures.frame_index)
        if row is None:
            return
        try:
            if self._futures_part is None:
                shape = FutureShape(futures.joints_cam_m.shape[0], tuple(map(float, futures.offset_s)))
                self._state = State(self._state.header, shape)
                write_state(self.directory, self._state)
                self._futures_part = self._open(FUTURES_PART)
            assert self._state.futures is not None
            record = np.zeros((), self._state.futures.dtype)
            record["frame_index"] = row
            kept = record["futures_cam_m"]
            kept[:] = np.nan
            samples, steps = (min(a, b) for a, b in zip(kept.shape, futures.joints_cam_m.shape[:2], strict=False))
            kept[:samples, :steps] = futures.joints_cam_m[:samples, :steps]
            _write_all(self._futures_part, record.tobytes())
        except OSError as error:
            raise _write_error(self.directory, error) from error

    def close(self) -> None:
        """Turn the parts into the npz files. Memory stays bounded, however long the recording; a second call does nothing."""
        if not self._open_parts:
            return
        self._close_parts()
        try:
            # An interruption may have come between the writing of a frame and the counting of it.
            self.frames = _whole_records(self.directory / FRAMES_PART, self._dtype)
            self._assemble_poses()
            self._assemble_futures()
            write_state(self.directory, State(self._state.header, self._state.futures, True, self.frames))
            shutil.rmtree((self.directory / FRAMES_PART).parent)
        except OSError as error:
            raise _write_error(self.directory, error) from error
        finally:
            self._claim.release()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        if error is None:
            self.close()
            return
        with suppress(UserError):  # On a full disk the parts stay as they are; the first error is the one to tell.
            self.close()

    def _clear(self) -> None:
        for name in (HEADER_FILE, POSES_FILE, FUTURES_FILE, HANDS_CSV_FILE):
            (self.directory / name).unlink(missing_ok=True)
        for part in (FRAMES_PART, FUTURES_PART):
            (self.directory / part).unlink(missing_ok=True)

    def _open(self, name: Path) -> IO[bytes]:
        part = (self.directory / name).open("wb", buffering=0)
        self._open_parts.append(part)
        return part

    def _close_parts(self) -> None:
        for part in self._open_parts:
            part.close()
        self._open_parts.clear()

    def _assemble_poses(self) -> None:
        path = self.directory / FRAMES_PART
        arrays = {
            name: ArrayStream(field.base, (self.frames, *field.shape), _column(path, self._dtype, self.frames, name))
            for name in self._dtype.names or ()
            for field in (self._dtype[name],)
        }
        names = np.array(self._state.header.action_names, np.str_)
        write_npz(self.directory / POSES_FILE, arrays | {"action_names": ArrayStream.of(names)})

    def _assemble_futures(self) -> None:
        shape = self._state.futures or FutureShape(0, ())
        path, dtype = self.directory / FUTURES_PART, shape.dtype
        count = _whole_records(path, dtype) if self._futures_part is not None else 0
        offsets = np.array(shape.offset_s, np.float32)
        values = dtype["futures_cam_m"]
        arrays = {
            "frame_index": ArrayStream(np.dtype("<i8"), (count,), _column(path, dtype, count, "frame_index")),
            "offset_s": ArrayStream.of(offsets),
            "futures_cam_m": ArrayStream(values.base, (count, *values.shape), _column(path, dtype, count, "futures_cam_m")),
        }
        write_npz(self.directory / FUTURES_FILE, arrays)


def _write_all(file: IO[bytes], data: bytes) -> None:
    """Write all or nothing: an unbuffered write may take only a part, as it does when the disk fills up; then it raises."""
    start, rest = file.tell(), memoryview(data)
    try:
        while rest:
            rest = rest[file.write(rest) :]
    except OSError:
        file.seek(start)
        file.truncate()
        raise


def _whole_records(path: Path, dtype: np.dtype[np.void]) -> int:
    return path.stat().st_size // dtype.itemsize


def _column(path: Path, dtype: np.dtype[np.void], count: int, name: str) -> Iterator[bytes]:
    """One field of a file of records, a few megabytes at a time."""
    step = max(1, _CHUNK_BYTES // dtype.itemsize)
    if not count:
        return
    with path.open("rb") as file:
        for start in range(0, count, step):
            records: NDArray[Any] = np.fromfile(file, dtype, min(step, count - start))
            yield np.ascontiguousarray(records[name]).tobytes()


def _write_error(directory: Path, error: OSError) -> UserError:
    return UserError(
        f"Cannot write the recording to {directory}: {error.strerror or error}; free the disk or choose another folder."
    )
