"""A wall around a thread: what it runs cannot reach the network, native libraries included (Linux).

The kernel checks every system call of a thread against a filter (seccomp), which the threads and processes that it starts
inherit. Other threads keep their network.
"""

import ctypes
import errno
import platform
import socket
import struct
import sys

_ARCHITECTURES = {"x86_64": (0xC000003E, 41), "aarch64": (0xC00000B7, 198)}
"""The audit number of the architecture and the number of its system call `socket`."""
_PR_SET_NO_NEW_PRIVS, _PR_SET_SECCOMP, _FILTER = 38, 22, 2
_LOAD, _EQUAL, _RETURN = 0x20, 0x15, 0x06
_ALLOW, _KILL_PROCESS, _ERROR = 0x7FFF0000, 0x80000000, 0x00050000


def kernel_can_refuse() -> bool:
    """Whether this system has such a filter."""
    return sys.platform == "linux" and platform.machine() in _ARCHITECTURES


def refuse_internet(*, fatal: bool = False) -> None:
    """From now on this thread, and all that it starts, is denied internet sockets ("permission denied"). There is no way back.

    Args:
        fatal: End the whole process at the attempt instead, which no library can hide.

    Raises:
        OSError: The kernel takes no filter.
    """
    architecture, socket_call = _ARCHITECTURES[platform.machine()]
    # (operation, jump if true, jump if false, value); in the system call's record lie its number at 0, the architecture at 4,
    # and the first argument at 16.
    rules = (
        (_LOAD, 0, 0, 4),
        (_EQUAL, 0, 5, architecture),
        (_LOAD, 0, 0, 0),
        (_EQUAL, 0, 3, socket_call),
        (_LOAD, 0, 0, 16),
        (_EQUAL, 2, 0, socket.AF_INET),
        (_EQUAL, 1, 0, socket.AF_INET6),
        (_RETURN, 0, 0, _ALLOW),
        (_RETURN, 0, 0, _KILL_PROCESS if fatal else _ERROR | errno.EACCES),
    )
    code = ctypes.create_string_buffer(b"".join(struct.pack("HBBI", *rule) for rule in rules))
    program = ctypes.create_string_buffer(struct.pack("HL", len(rules), ctypes.addressof(code)))
    libc = ctypes.CDLL(None, use_errno=True)
    for arguments in ((_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), (_PR_SET_SECCOMP, _FILTER, program, 0, 0)):
        if libc.prctl(*arguments):
            raise OSError(ctypes.get_errno(), "prctl")
