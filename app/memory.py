"""What the C library keeps of freed memory."""

import ctypes
import sys


def return_freed_memory() -> None:
    """Give memory that was freed back to the system, where the C library is glibc; elsewhere do nothing.

    A recording has threads of its own, and glibc keeps what they freed in their arenas (`man malloc_trim`): a program that
    records again and again would seem to grow.
    """
    if sys.platform != "linux":
        return
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
    if trim is not None:
        trim(ctypes.c_size_t(0))
