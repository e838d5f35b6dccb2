"""Work shared out over the cores."""

import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

Result = TypeVar("Result")


def in_pieces(work: Callable[[slice], Result], count: int, size: int = 32) -> list[Result]:
    """What `work` makes of rows 0 to `count`, `size` rows at a time, in order; nothing for no rows.

    The pieces run on all cores, since NumPy lets go of the interpreter while it computes, and keep intermediate arrays small.
    """
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        return list(pool.map(work, (slice(start, min(start + size, count)) for start in range(0, count, size))))
