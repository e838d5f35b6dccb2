"""An exported recording, with the pictures of its clip where that can be found."""

import time
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np

from app.sources.base import Source, SourceInfo, SourceState
from app.sources.files import DEMO_CLIP
from estimators.clips import ClipReader
from estimators.intrinsics import Intrinsics, IntrinsicsChoice
from ghtt_core.errors import UserError
from ghtt_core.packets import Frame, Futures, HandsObservation, Prediction
from ghtt_core.recording import Recording, read_recording
from ghtt_core.streaming import Predictor, PredictorOptions

_BLANK_BGR = (38, 31, 26)
_MAX_BLANK_PX = 4096
_READ_AHEAD = 60
"""A frame this near is reached by decoding up to it, a farther one by seeking."""


class ReplaySource(Source):
    """The frames of a recording.

    Attributes:
        recording: What it replays. A frame's `index` is the row.
    """

    def __init__(self, recording: Recording) -> None:
        self.recording = recording
        self._next = 0
        self._clip, note = _find_clip(recording)
        if not recording.complete:
            note = f"{recording.directory} was not closed: {len(recording)} frames were recovered. {note}".strip()
        width, height = recording.header.frame_size_px
        shown = (min(max(height, 1), _MAX_BLANK_PX), min(max(width, 1), _MAX_BLANK_PX), 3)
        self._image = np.full(shown, _BLANK_BGR, np.uint8)
        self._image_frame = -1
        steps_s = np.diff(recording.time_s)
        usual_s = float(np.median(steps_s)) if steps_s.size else 0.0
        fps = 1.0 / usual_s if usual_s > 0 else None
        self.info = SourceInfo(f"recording {recording.directory.name}", False, fps, len(recording), note)

    @classmethod
    def open(cls, target: str) -> "ReplaySource":
        """Open a recording by its folder."""
        return cls(read_recording(Path(target)))

    def read(self, timeout_s: float) -> Frame | None:
        """The next frame."""
        if self.state is SourceState.ENDED:
            return None
        row, self._next = self._next, self._next + 1
        self._show(int(self.recording.source_frame[row]))
        return Frame(self._image, row, time.monotonic(), float(self.recording.time_s[row]))

    @property
    def state(self) -> SourceState:
        """Running until the last frame was read."""
        return SourceState.RUNNING if self._next < len(self.recording) else SourceState.ENDED

    def seek(self, index: int) -> None:
        """Go to a row."""
        if not 0 <= index < len(self.recording):
            raise UserError(f"{self.info.name} has frames 0 to {len(self.recording) - 1}; there is no frame {index}.")
        self._next = index

    def close(self) -> None:
        """Close the clip."""
        if self._clip is not None:
            self._clip.close()

    def _show(self, wanted: int) -> None:
        """Bring the clip to a frame; where the clip ends earlier, its last picture stays."""
        if self._clip is None or wanted == self._image_frame:
            return
        if not 0 < wanted - self._image_frame <= _READ_AHEAD:
            try:
                self._clip.seek(wanted)
            except UserError:
                return
        while self._image_frame != wanted and (frame := next(self._clip, None)) is not None:
            self._image, self._image_frame = frame.image_bgr, frame.index


class ReplayStages:
    """What was recorded, in place of an estimator and a model. With a predictor, the model runs again on the recorded hands."""

    swaps = 0

    def __init__(self, recording: Recording, predictor: Predictor | None = None, description: str = "") -> None:
        """Replay a recording; `description` is that of the predictor's runtime."""
        self.action_names = recording.header.action_names if predictor is None else predictor.action_names
        self.description = description if predictor is not None else f"as recorded ({recording.header.backend or 'no model'})"
        self._recording, self._predictor = recording, predictor

    def intrinsics(self, width: int, height: int) -> Intrinsics:
        """The recorded camera, scaled to the picture shown."""
        stored = self._recording.header.intrinsics
        if stored is None:
            return IntrinsicsChoice().for_size(width, height)
        sx, sy = width / float(stored["width"]), height / float(stored["height"])
        fx, fy, cx, cy = (float(stored[key]) for key in ("fx", "fy", "cx", "cy"))
        return Intrinsics(fx * sx, fy * sy, cx * sx, cy * sy, width, height, str(stored.get("origin", "recording")))

    def estimate(self, frame: Frame) -> HandsObservation:
        """The recorded hands of a frame."""
        return replace(self._recording.observation(frame.index), frame_index=frame.index)

    def look(self, frame: Frame) -> Callable[[], HandsObservation]:
        """Nothing takes long here."""
        return partial(self.estimate, frame)

    def observe(self, observation: HandsObservation) -> tuple[Prediction, Callable[[], Futures] | None]:
        """What was recorded, or what the predictor makes of the hands now."""
        if self._predictor is not None:
            prediction, imagination = self._predictor.observe(observation)
            return prediction, None if imagination is None else partial(self._predictor.imagine, imagination)
        row = observation.frame_index
        recorded = self._recording.prediction(row)
        futures = recorded.futures
        prediction = replace(recorded, frame_index=row, futures=None)
        return prediction, None if futures is None else partial(replace, futures, frame_index=row)

    def forget_images(self) -> None:
        """Nothing is kept from picture to picture."""

    def forget_poses(self) -> None:
        """Reset the predictor."""
        if self._predictor is not None:
            self._predictor.reset()

    def configure(self, options: PredictorOptions) -> None:
        """Pass new options to the predictor.

        Raises:
            UserError: There is none: recorded futures stay as they are.
        """
        if self._predictor is None:
            raise UserError("A replay shows the recorded futures; give --checkpoint to draw new ones.")
        self._predictor.configure(options)

    def close(self) -> None:
        """Nothing to free."""


def _find_clip(recording: Recording) -> tuple[ClipReader | None, str]:
    """The clip a recording was made from, if it still lies where it was."""
    header = recording.header
    source = DEMO_CLIP if header.source == "demo" else Path(header.source)
    named = [path for path in (recording.directory / header.clip, source) if path.is_file()]
    if not named:
        return None, "The clip it was made from is not there; the hands are shown on an empty picture."
    try:
        return ClipReader(named[0]), ""
    except UserError as error:
        return None, f"The clip it was made from cannot be shown: {error}"
