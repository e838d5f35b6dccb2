"""A network camera on loopback: JPEG pictures over HTTP, with the faults that real ones have."""

import contextlib
import socket
import threading

import numpy as np
from fake_parts import picture
from numpy.typing import NDArray

from estimators.opencv import cv2


def pictures(count: int, size: tuple[int, int] = (64, 48)) -> list[NDArray[np.uint8]]:
    """So many plain pictures, (width, height) large."""
    return [picture(index, size) for index in range(count)]


class MjpegServer:
    """Gives each connection its pictures and cuts it, or goes silent; after the last one it refuses. A context manager.

    Attributes:
        url: Where it listens.
        served: Connections that are over.
    """

    def __init__(self, connections: list[list[NDArray[np.uint8]]], *, silent: bool = False, pause_s: float = 0.0) -> None:
        """Listen; `pause_s` lies between two pictures, and `silent` holds a connection open when its pictures are over."""
        self._connections, self._silent, self._pause_s = list(connections), silent, pause_s
        self._over = threading.Event()
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}/video"
        self.served = 0
        self._thread = threading.Thread(target=self._serve, name="mjpeg server")
        self._thread.start()

    def __enter__(self) -> "MjpegServer":
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._thread.join(10)

    def _serve(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            with client, contextlib.suppress(OSError):
                client.settimeout(10.0)
                client.recv(4096)
                if self._connections:
                    self._send(client, self._connections.pop(0))
            self.served += 1

    def _send(self, client: socket.socket, images: list[NDArray[np.uint8]]) -> None:
        client.sendall(b"HTTP/1.0 200 OK\r\nContent-Type: multipart/x-mixed-replace; boundary=cut\r\n\r\n")
        for image in images:
            data = cv2.imencode(".jpg", image)[1].tobytes()
            client.sendall(
                f"--cut\r\nContent-Type: image/jpeg\r\nContent-Length: {len(data)}\r\n\r\n".encode() + data + b"\r\n"
            )
            if self._over.wait(self._pause_s):
                return
        if self._silent:
            self._over.wait()
