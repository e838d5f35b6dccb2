"""The lines between a lossless run's threads: order, room, ends and faults."""

import threading
from contextlib import suppress

import pytest

from app.pipeline.line import Line, LineEndedError, processor, producer


def test_items_come_out_in_order_and_then_the_end() -> None:
    line: Line[int] = Line(3)
    for item in (1, 2, 3):
        line.put(item)
    line.end()
    assert [line.take(), line.take(), line.take()] == [1, 2, 3]
    with pytest.raises(LineEndedError):
        line.take()
    assert line.error is None


def test_taking_from_an_empty_line_gives_none_in_time() -> None:
    assert Line[int](1).take(0.01) is None


def test_a_full_line_holds_up_who_puts_until_there_is_room() -> None:
    line: Line[int] = Line(1)
    line.put(1)
    putting = threading.Thread(target=line.put, args=(2,))
    putting.start()
    assert (line.take(), line.take(10)) == (1, 2)
    putting.join(10)
    assert not putting.is_alive()


@pytest.mark.parametrize("fault_at", [None, 7])
def test_a_chain_hands_out_everything_before_a_fault_and_then_the_fault(fault_at: int | None) -> None:
    numbers = iter(range(20))
    squares: list[int | None] = []
    made: Line[int] = Line(2)
    squared: Line[int] = Line(2)

    def square(number: int) -> int:
        if number == fault_at:
            raise RuntimeError("no square")
        return number * number

    workers = (
        producer("count", lambda: next(numbers, None), made, lambda: numbers.__length_hint__() == 0),
        processor("square", made, square, squared),
    )
    for worker in workers:
        worker.start()
    with suppress(LineEndedError):
        while True:
            squares.append(squared.take())
    made.cut()
    assert all(worker.join(10) for worker in workers)
    assert squares == [number * number for number in range(20 if fault_at is None else fault_at)]
    assert (str(squared.error) if squared.error else None) == (None if fault_at is None else "no square")


def test_cutting_wakes_both_sides() -> None:
    full: Line[int] = Line(1)
    full.put(1)
    empty: Line[int] = Line(1)
    ended: list[str] = []

    def put() -> None:
        with pytest.raises(LineEndedError):
            full.put(2)
        ended.append("put")

    def take() -> None:
        with pytest.raises(LineEndedError):
            empty.take()
        ended.append("take")

    threads = [threading.Thread(target=each) for each in (put, take)]
    for thread in threads:
        thread.start()
    full.cut()
    empty.cut()
    for thread in threads:
        thread.join(10)
    assert sorted(ended) == ["put", "take"]
