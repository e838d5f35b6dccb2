"""One more thread for native work."""

import subprocess
import sys
import threading
from pathlib import Path

import pytest

from estimators.base import EstimatorOptions
from estimators.intrinsics import IntrinsicsChoice
from estimators.mediapipe_hands import MediaPipeHands
from estimators.side_thread import SideThread

ROOT = Path(__file__).parents[2]


def test_calls_are_made_in_order_in_another_thread() -> None:
    side, seen = SideThread("aside"), []
    futures = [side.submit(seen.append, number) for number in range(20)]
    assert side.submit(lambda: threading.current_thread().name).result() == "aside"
    assert [future.result() for future in futures] == [None] * 20
    assert seen == list(range(20))
    side.close()


def test_a_fault_reaches_whoever_waits_and_the_next_call_is_made() -> None:
    side = SideThread("aside")
    with pytest.raises(ZeroDivisionError):
        side.submit(lambda: 1 / 0).result()
    assert side.submit(max, 1, 2).result() == 2
    side.close()


def test_a_fault_at_the_beginning_is_raised_at_once() -> None:
    with pytest.raises(ZeroDivisionError):
        SideThread("aside", lambda: 1 // 0)  # type: ignore[arg-type,return-value]


def test_an_estimator_that_cannot_be_made_leaves_no_thread(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(MediaPipeHands, "_make_landmarker", lambda self: 1 // 0)
    with pytest.raises(ZeroDivisionError):
        MediaPipeHands(EstimatorOptions(IntrinsicsChoice()))
    for thread in threading.enumerate():
        if thread.name == "mediapipe":
            thread.join(timeout=30)
            assert not thread.is_alive()


def test_a_call_that_hangs_does_not_keep_the_program_from_ending() -> None:
    program = "import threading; from estimators.side_thread import SideThread; SideThread('x').submit(threading.Event().wait)"
    subprocess.run([sys.executable, "-c", program], cwd=ROOT, check=True, timeout=60)
