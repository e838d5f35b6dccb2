"""Network streams, through PyAV with time limits."""

from urllib.parse import urlsplit

import av
import numpy as np
from av.container import InputContainer
from numpy.typing import NDArray

from app.privacy import without_secrets
from app.sources.live import Connection, ConnectionLostError, Connector, LiveSource
from ghtt_core.errors import UserError
from ghtt_core.untrusted import MOST_PIXELS

SCHEMES = ("http", "https", "rtsp", "rtsps", "rtmp", "rtmps", "tcp", "udp", "rtp", "srt")
_OPEN_TIMEOUT_S, _READ_TIMEOUT_S = 4.0, 2.0
_OPTIONS = {
    "fflags": "nobuffer",
    "flags": "low_delay",
    "probesize": "500000",
    "analyzeduration": "500000",
    # A stream must not make libav open other things: playlists can name local files.
    "protocol_whitelist": ",".join((*SCHEMES, "tls", "crypto")),
}


class StreamConnector(Connector):
    """One stream URL."""

    def __init__(self, url: str) -> None:
        self._url = url
        self.name = f"stream {without_secrets(url)}"

    def connect(self) -> "StreamConnection":
        """Open the stream."""
        try:
            container = av.open(self._url, mode="r", options=_OPTIONS, timeout=(_OPEN_TIMEOUT_S, _READ_TIMEOUT_S))
        except (av.FFmpegError, OSError) as error:
            reason = error.strerror or type(error).__name__
            # Not "from error": its text holds the whole URL, with its password, and would go to the log.
            raise UserError(f"Cannot open {self.name}: {reason}; check the address and that it is being served.") from None
        if not container.streams.video:
            container.close()
            raise UserError(f"{self.name} carries no video.")
        return StreamConnection(container)


class StreamConnection(Connection):
    """An open stream."""

    def __init__(self, container: InputContainer) -> None:
        self._container = container
        stream = container.streams.video[0]
        stream.thread_type = "SLICE"  # Frame threads would hold back a frame each.
        stream.codec_context.options = {"max_pixels": str(MOST_PIXELS)}
        self.fps = float(stream.average_rate) if stream.average_rate else None
        self._frames = container.decode(stream)

    def read(self) -> NDArray[np.uint8]:
        """The next picture."""
        try:
            frame = next(self._frames)
        except StopIteration:
            raise ConnectionLostError("the stream ended") from None
        except (av.FFmpegError, OSError) as error:
            reason = "no data" if isinstance(error, av.ExitError) else error.strerror or type(error).__name__
            raise ConnectionLostError(reason) from None
        return np.ascontiguousarray(frame.to_ndarray(format="bgr24"), np.uint8)

    def close(self) -> None:
        """Hang up."""
        self._container.close()


def open_stream(target: str) -> LiveSource:
    """Open a stream by its URL.

    Raises:
        UserError: The URL is none, has a scheme that is not opened, or nothing answers.
    """
    require_stream_url(target)
    return LiveSource(StreamConnector(target))


def require_stream_url(url: str) -> None:
    """Check that a URL leads to the network: libav would also open files, devices and lists of them.

    Raises:
        UserError: It does not.
    """
    try:
        scheme = urlsplit(url).scheme.lower()
    except ValueError as error:
        raise UserError("The stream's address cannot be read; give one such as rtsp://host:554/path.") from error
    if scheme not in SCHEMES:
        raise UserError(f"Streams with the scheme {scheme!r} are not opened; use one of: {', '.join(SCHEMES)}.")
