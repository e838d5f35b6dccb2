"""Run a program that must not touch the network: `python without_network.py main.py --headless ...`.

Two walls: Python's own sockets raise, and on Linux the kernel ends this process and its children with SIGSYS as soon as one
asks for an internet socket, also from inside a native library.
"""

import ctypes
import platform
import runpy
import socket
import struct
import sys

ARCHITECTURES = {"x86_64": (0xC000003E, 41), "aarch64": (0xC00000B7, 198)}
"""The audit number of the architecture and the number of its system call `socket`."""
_PR_SET_NO_NEW_PRIVS, _PR_SET_SECCOMP, _FILTER = 38, 22, 2
_LOAD, _EQUAL, _RETURN = 0x20, 0x15, 0x06
_KILL_PROCESS, _ALLOW = 0x80000000, 0x7FFF0000


def kernel_can_refuse() -> bool:
    """Whether this system has such a filter."""
    return sys.platform == "linux" and platform.machine() in ARCHITECTURES


def refuse_in_kernel() -> None:
    """Install the filter for this process and all that it starts."""
    architecture, socket_call = ARCHITECTURES[platform.machine()]
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
        (_RETURN, 0, 0, _KILL_PROCESS),
    )
    code = ctypes.create_string_buffer(b"".join(struct.pack("HBBI", *rule) for rule in rules))
    program = ctypes.create_string_buffer(struct.pack("HL", len(rules), ctypes.addressof(code)))
    libc = ctypes.CDLL(None, use_errno=True)
    for arguments in ((_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), (_PR_SET_SECCOMP, _FILTER, program, 0, 0)):
        if libc.prctl(*arguments):
            raise OSError(ctypes.get_errno(), "prctl")


def refuse_in_python() -> None:
    """Raise at every internet socket and every look-up of a name."""

    def refuse(*_arguments: object, **_options: object) -> None:
        raise AssertionError("the program asked for the network")

    class LocalSocket(socket.socket):
        def __init__(self, family: int = socket.AF_INET, *arguments: int, **options: int) -> None:
            if family != getattr(socket, "AF_UNIX", None):
                refuse()
            super().__init__(family, *arguments, **options)

    socket.socket = LocalSocket
    socket.getaddrinfo = socket.gethostbyname = socket.create_connection = refuse


if __name__ == "__main__":
    sys.argv = sys.argv[1:]
    sys.path[0] = "."
    refuse_in_python()
    if kernel_can_refuse():
        refuse_in_kernel()
    runpy.run_path(sys.argv[0], run_name="__main__")
