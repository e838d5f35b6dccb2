"""Run a program that must not touch the network: `python without_network.py main.py --headless ...`.

Two walls: Python's own sockets raise, and on Linux the kernel ends this process and its children with SIGSYS as soon as one
asks for an internet socket, also from inside a native library.
"""

import runpy
import socket
import sys


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
    from estimators.network_wall import kernel_can_refuse, refuse_internet

    refuse_in_python()
    if kernel_can_refuse():
        refuse_internet(fatal=True)
    runpy.run_path(sys.argv[0], run_name="__main__")
