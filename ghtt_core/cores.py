"""How many CPU cores there are to share."""

import os


def usable_cores() -> int:
    """Cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def half_of_the_cores() -> int:
    """Threads for one of the two that compute beside each other, the estimator and G-HTT."""
    return max(1, usable_cores() // 2)
