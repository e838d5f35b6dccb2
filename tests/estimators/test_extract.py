"""Clips to recordings, with an estimator that marks what it is shown."""

import numpy as np
import pytest
from test_clips import write_clip

from estimators import base, extract
from ghtt_core.errors import UserError
from ghtt_core.packets import Frame, HandsObservation
from ghtt_core.recording import read_recording


class Bright:
    """Tells the brightness of the top row as the left wrist's depth."""

    name = "bright"

    def __init__(self, options):
        self.frames = 0

    def estimate(self, frame):
        self.frames += 1
        joints = np.full((2, 21, 3), np.nan, np.float32)
        joints[0] = frame.image_bgr[0].mean() / 100
        px = np.where(np.isfinite(joints), np.float32(self.frames), np.float32(np.nan))[..., :2]
        return HandsObservation(joints, px, np.array([1, 0], np.float32), frame.index, frame.source_time_s)

    def reset(self):
        self.frames = 0

    def close(self):
        pass


@pytest.fixture(autouse=True)
def bright(monkeypatch):
    monkeypatch.setitem(base._FACTORIES, "bright", Bright)


def test_every_frame_of_every_clip_is_recorded(tmp_path, capsys):
    clips = [write_clip(tmp_path / name, frames=9) for name in ("a.mp4", "b.mp4")]
    out = tmp_path / "out"
    command = [*map(str, clips), str(tmp_path / "missing.mp4"), "--estimator", "bright", "--out", str(out), "--fov", "80"]
    assert extract.main(command) == 2  # the missing one
    assert "There is no file" in capsys.readouterr().err
    for clip in clips:
        recording = read_recording(out / clip.stem)
        np.testing.assert_allclose(recording.time_s, np.arange(9) / 25, atol=1e-3)
        assert recording.header.estimator == "bright"
        assert (out / clip.stem / recording.header.clip).resolve() == clip
        np.testing.assert_array_equal(recording.observed_px[:, 0, 0, 0], np.arange(1, 10))  # reset between clips


def test_cropped_rows_are_painted_over_and_coordinates_stay():
    image = np.arange(20, dtype=np.uint8)[:, None, None].repeat(8, 1).repeat(3, 2)
    shown = extract.masked(Frame(image, 0, 0.0, 0.0), (3, 2)).image_bgr
    assert shown.shape == image.shape
    assert shown[:3].max() == shown[:4].min() == 3
    assert shown[-3:].min() == shown[-3:].max() == 17
    np.testing.assert_array_equal(shown[3:18], image[3:18])
    assert image[0, 0, 0] == 0


@pytest.mark.parametrize("text", ["12", "a,b", "1,2,3", "-1,4"])
def test_a_crop_that_makes_no_sense_is_refused(text):
    with pytest.raises(UserError, match="two numbers"):
        extract.parse_crop(text)


def test_a_crop_must_leave_a_picture():
    with pytest.raises(UserError, match="leaves nothing"):
        extract.masked(Frame(np.zeros((10, 10, 3), np.uint8), 0, 0.0, 0.0), (6, 4))
