import sys
from pathlib import Path

import numpy as np
import pytest
from data_trees import analytic_hands, write_leap, write_recording

from ghtt_core.data.__main__ import main
from ghtt_core.data.summary import summarise
from ghtt_core.motion import MotionSequence, Segment


def _moving(frames: int, step_mm: float, **options: object) -> MotionSequence:
    """Both hands rigid and going straight."""
    joints_m = np.repeat(analytic_hands(1), frames, axis=0)
    joints_m[..., 0] += step_mm / 1000 * np.arange(frames)[:, None, None]
    return MotionSequence(joints_m.astype(np.float32), 30.0, "straight", "r", **options)  # type: ignore[arg-type]


def test_known_motion_gives_known_figures() -> None:
    sequence = _moving(120, 4.0, segments=(Segment(0, 30, "pour"), Segment(50, 70, "stir")))
    summary = summarise([sequence], {})
    for hand in summary.hands:
        assert hand.frames == 120
        np.testing.assert_allclose(hand.speed_mm, 4.0, atol=1e-3)
        np.testing.assert_allclose(hand.acceleration_mm, 0.0, atol=1e-3)
        assert hand.own_side_share == 1.0
    assert summary.classes == {"pour": (1, 30, 1), "stir": (1, 20, 1)}
    near, far = summary.difficulty
    # Held still, a hand that goes 4 mm a frame is 4 mm off after one frame, 4 T mm after T.
    assert near.ade_mm == pytest.approx(4 * 33 / 2, abs=0.01)
    assert (near.fde_mm, far.fde_mm) == (pytest.approx(4 * 32, abs=0.01), pytest.approx(4 * 64, abs=0.01))


def test_gaps_jumps_and_missing_hands_are_counted() -> None:
    sequence = _moving(60, 1.0)
    joints_m = sequence.joints_m.copy()
    joints_m[:, 0] = np.nan
    joints_m[10:14] = np.nan
    joints_m[40:] += 1.0
    summary = summarise([MotionSequence(joints_m, 30.0, "broken", "r")], {})
    left, right = summary.hands
    assert left.frames == 0
    assert right.frames == 56
    assert right.gap_frames.tolist() == [4]
    assert right.jumps == 1
    assert (summary.both, summary.none) == (0, 4)


def test_swapped_hands_are_noticed() -> None:
    sequence = MotionSequence(analytic_hands(40)[:, ::-1].astype(np.float32), 30.0, "swapped", "r")
    assert all(hand.own_side_share < 0.5 for hand in summarise([sequence], {}).hands)


def test_inspect_prints_and_plots(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write_leap(tmp_path / "leap.npz", lengths=(40, 35, 100, 20))
    assert main(["inspect", str(tmp_path / "leap.npz"), "--plot", str(tmp_path / "out.png")]) == 0
    printed = capsys.readouterr().out
    assert "4 sequences, 195 frames, 6.5 s at 30 fps; 4 recordings" in printed
    assert "train 3 sequences / 95 frames, validation 1 sequences / 100 frames" in printed
    assert "hello" in printed
    assert (tmp_path / "out.png").read_bytes().startswith(b"\x89PNG")


def test_inspect_tells_of_swapped_hands(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write_recording(tmp_path / "walk", np.arange(40) / 30, analytic_hands(40)[:, ::-1])
    assert main(["inspect", str(tmp_path / "walk")]) == 0
    assert "left and right are swapped" in capsys.readouterr().out


def test_faults_end_with_status_2_and_one_sentence(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "leap.npz").write_bytes(b"no archive")
    assert main(["inspect", str(tmp_path / "leap.npz"), "--kind", "leap"]) == 2
    error = capsys.readouterr().err
    assert error.startswith("error: ")
    assert error.count("\n") == 1


def test_plots_without_matplotlib_say_what_to_install(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    write_leap(tmp_path / "leap.npz")
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    assert main(["inspect", str(tmp_path / "leap.npz"), "--plot", str(tmp_path / "out.png")]) == 2
    assert "pip install" in capsys.readouterr().err
