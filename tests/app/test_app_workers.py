"""Mailboxes let the newest win; workers show their state and stop."""

import gc
import threading
import weakref

import pytest

from app.workers import Mailbox, MailWorker, Worker, WorkerState
from ghtt_core.errors import UserError


def test_the_newest_item_wins_and_the_others_are_counted() -> None:
    box: Mailbox[int] = Mailbox()
    for item in range(5):
        box.put(item)
    assert box.take(0) == 4
    assert box.take(0) is None
    assert box.newest() == 4
    assert box.dropped == 4


def test_a_taken_item_is_not_a_dropped_one() -> None:
    box: Mailbox[int] = Mailbox()
    for item in range(5):
        box.put(item)
        assert box.take(0) == item
    assert box.dropped == 0


def test_take_waits_for_an_item() -> None:
    box: Mailbox[str] = Mailbox()
    taken: list[str | None] = []
    thread = threading.Thread(target=lambda: taken.append(box.take(30)))
    thread.start()
    box.put("it")
    thread.join(30)
    assert taken == ["it"]


def test_closing_wakes_who_waits() -> None:
    box: Mailbox[str] = Mailbox()
    taken: list[str | None] = []
    thread = threading.Thread(target=lambda: taken.append(box.take(30)))
    thread.start()
    box.close()
    thread.join(10)
    assert taken == [None]


def test_a_worker_runs_until_its_turn_says_no() -> None:
    turns: list[int] = []

    def turn() -> bool:
        turns.append(1)
        return len(turns) < 3

    worker = Worker("count", turn)
    assert worker.status.state is WorkerState.STARTING
    worker.start()
    assert worker.join(10)
    assert len(turns) == 3
    assert worker.status.state is WorkerState.STOPPED
    assert worker.finished


def test_a_worker_stops_when_told_and_cleans_up() -> None:
    running, ended = threading.Event(), threading.Event()

    def turn() -> bool:
        running.set()
        return True

    worker = Worker("loop", turn, at_end=ended.set)
    worker.start()
    assert running.wait(10)
    assert worker.status.state is WorkerState.RUNNING
    worker.request_stop()
    assert worker.join(10)
    assert ended.is_set()
    assert worker.status.state is WorkerState.STOPPED


@pytest.mark.parametrize(
    ("error", "sentence"), [(UserError("The disk is full."), "The disk is full."), (ValueError("odd"), "ValueError: odd")]
)
def test_an_error_faults_the_worker_and_is_told(error: Exception, sentence: str) -> None:
    ended = threading.Event()

    def turn() -> bool:
        raise error

    worker = Worker("bad", turn, at_end=ended.set)
    worker.start()
    assert worker.join(10)
    assert worker.status.state is WorkerState.FAULTED
    assert worker.status.error == sentence
    assert worker.exception is error
    assert ended.is_set()


def test_a_worker_that_was_told_to_stop_before_it_ran_takes_no_turn() -> None:
    worker = Worker("never", lambda: pytest.fail("took a turn"))
    worker.request_stop()
    assert worker.status.state is WorkerState.STOPPING
    worker.start()
    assert worker.join(10)
    assert worker.status.state is WorkerState.STOPPED


def test_an_ended_worker_keeps_its_owner_in_no_cycle() -> None:
    """Owners hold pictures and encoders: they must go when they are let go, not when the collector comes by."""

    class Owner:
        def __init__(self) -> None:
            self.worker = Worker("owned", self.turn, at_end=self.end)
            self.worker.start()

        def turn(self) -> bool:
            return False

        def end(self) -> None:
            pass

    gc.disable()
    try:
        owner = Owner()
        assert owner.worker.join(10)
        gone = weakref.ref(owner)
        del owner
        assert gone() is None
    finally:
        gc.enable()


def test_work_that_fails_is_told_and_the_next_is_done() -> None:
    mailbox: Mailbox[int] = Mailbox()
    done: list[int] = []

    def work(item: int) -> None:
        if item == 1:
            raise RuntimeError("one is too few")
        done.append(item)

    worker = MailWorker("mail", mailbox, work)
    worker.start()
    mailbox.put(1)
    while worker.status.state is not WorkerState.FAILING:
        pass
    assert worker.status.error == "RuntimeError: one is too few"
    mailbox.put(2)
    while not done:
        pass
    worker.request_stop()
    mailbox.close()
    assert worker.join(10)
    assert worker.status.state is WorkerState.STOPPED


def test_a_worker_with_a_share_of_the_time_rests_after_its_work(monkeypatch: pytest.MonkeyPatch) -> None:
    """A quarter of the time: what took a tenth of a second is followed by three of rest, in which a stop is heard."""
    box: Mailbox[str] = Mailbox()
    now_s, rests_s, rested = [0.0], [], threading.Event()
    monkeypatch.setattr("app.workers.worker.time.perf_counter", lambda: now_s[0])

    def work(_item: str) -> None:
        now_s[0] += 0.1

    def rest(timeout_s: float) -> bool:
        rests_s.append(timeout_s)
        rested.set()
        return False

    worker = MailWorker("drawer", box, work, share=0.25)
    monkeypatch.setattr(worker._stop, "wait", rest)
    worker.start()
    box.put("it")
    assert rested.wait(30)
    worker.request_stop()
    box.close()
    assert worker.join(30)
    assert rests_s == [pytest.approx(0.3)]
