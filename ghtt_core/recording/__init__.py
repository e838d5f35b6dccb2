"""Recordings on disk: what --export writes, and what replay, training and evaluation read.

A recording is a folder:

- `recording.json`: format version, source, picture size, intrinsics, estimator, checkpoint, backend, options, versions, times.
- `poses.npz`: `time_s` float64 (N,); `source_frame` int64 (N,), the frame's number in its source; `observed_cam_m` and
  `refined_cam_m` float32 (N, 2, 21, 3), NaN where missing; `observed_px` float32 (N, 2, 21, 2); `confidence` float32 (N, 2);
  `world_from_cam` float64 (N, 4, 4); `action_names` (C,) str; `action_prob` float32 (N, C).
- `futures.npz`: `frame_index` int64 (F,), rows of `poses.npz`; `offset_s` float32 (T,); `futures_cam_m` float32
  (F, S, T, 2, 21, 3), the deterministic future first.
- `hands.csv`: the observed hands in the landmark columns of Project Aria's hand-tracking CSV (see `hands_csv`).
- `labels.csv`, optional, written by people: `start_s,end_s,action`.

While it is being written, the arrays grow as flat files in `parts/`; closing turns them into the npz files. So a crash, a
full disk or a kill leaves every frame that was written, and the reader takes it from there.
"""

from ghtt_core.recording.layout import RecordingHeader
from ghtt_core.recording.reader import Label, Recording, read_labels, read_recording
from ghtt_core.recording.writer import RecordingWriter

__all__ = ["Label", "Recording", "RecordingHeader", "RecordingWriter", "read_labels", "read_recording"]
