"""Work shared out over the cores."""

import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

import torch

Result = TypeVar("Result")


def in_pieces(work: Callable[[slice], Result], count: int, size: int = 32) -> list[Result]:
    """What `work` makes of rows 0 to `count`, `size` rows at a time, in order; nothing for no rows.

    The pieces run on all cores, since NumPy and torch let go of the interpreter while they compute, and keep intermediate
    arrays small. Inside a piece torch has one thread, so that the pieces do not get in each other's way.
    """
    threads = torch.get_num_threads()
    try:
        with ThreadPoolExecutor(os.cpu_count(), initializer=torch.set_num_threads, initargs=(1,)) as pool:
            return list(pool.map(work, (slice(start, min(start + size, count)) for start in range(0, count, size))))
    finally:
        torch.set_num_threads(threads)  # part of the setting is the process's
