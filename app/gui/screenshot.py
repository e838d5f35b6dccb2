"""Pictures of the real window at work, for the README: `python -m app.gui.screenshot --out window.png`.

The clip goes on when a frame is done, so that a slow machine drops none and every run shows the same hands.
"""

import argparse
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from PIL import Image
from PyQt6.QtCore import QSettings, QTimer
from PyQt6.QtGui import QImage
from PyQt6.QtWidgets import QApplication

from app.display import has_display
from app.gui.run import make_application
from app.gui.session import LiveSession
from app.gui.store import Store
from app.gui.window import MainWindow
from app.options import parse_options
from ghtt_core.errors import UserError

_POLL_MS = 10
_FUTURES_WAIT_S = 5.0
_LIMIT_MS = 1_200_000
_ANIMATION_FPS = 8
_ANIMATION_WIDTHS, _ANIMATION_COLORS = (800, 720, 640, 560), 128
_HEAVIEST_BYTES = 2_900_000
_WINDOW_SIZE = (1280, 800)


Take = Callable[[QImage], None]


class Photographer:
    """Waits until everything is loaded, steps through the clip and takes pictures at given times."""

    def __init__(
        self, window: MainWindow, session: LiveSession, times_s: Sequence[float], take: Callable[[QImage], None]
    ) -> None:
        self._window, self._session = window, session
        self._times_s = list(times_s)
        self._take = take
        self._next: int | None = None
        self._since_s = 0.0
        self._posed = False
        self._timer = QTimer(window)
        self._timer.timeout.connect(self._look)
        self._timer.start(_POLL_MS)

    def _look(self) -> None:
        status = self._session.status()
        if error := status.error or self._window.display.error:
            print(error, file=sys.stderr)
            QApplication.exit(2)
        elif self._next is not None:
            self._go_on(self._next)
        elif self._session.action_names and self._session.position() is not None and not status.notice:
            self._session.set_playing(False)
            self._session.seek(0.0)
            self._window.forget_past(None)
            self._next, self._since_s = 0, time.monotonic()

    def _go_on(self, awaited: int) -> None:
        moment = self._session.moment()
        if moment is None or moment.frame.index != awaited:
            return
        if moment.frame.source_time_s >= self._times_s[0]:
            drawn = moment.futures is not None and moment.futures.time_s == moment.frame.source_time_s
            if not drawn and time.monotonic() - self._since_s < _FUTURES_WAIT_S:
                return
            if not self._posed:
                self._pose()
            if not self._window.display.up_to_date:
                return
            self._times_s.pop(0)
            self._posed = False
            self._take(self._window.grab().toImage())
        if not self._times_s:
            QApplication.exit(0)
            return
        self._window.refresh()
        self._session.step(1)
        self._next, self._since_s = awaited + 1, time.monotonic()

    def _pose(self) -> None:
        """Have the moment drawn as the picture is to show it."""
        self._posed = True
        self._window.toasts.clear()
        self._window.display.redraw()
        self._window.refresh()
        self._window.refresh_metrics()


def save_animation(images: Sequence[QImage], path: Path) -> None:
    """Write pictures as a GIF that loops, as wide as may be without growing too heavy for a page."""
    for width in _ANIMATION_WIDTHS:
        _save_gif([_shrunk(image, width) for image in images], path)
        if path.stat().st_size <= _HEAVIEST_BYTES:
            return


def _shrunk(image: QImage, width: int) -> Image.Image:
    rgba = image.convertToFormat(QImage.Format.Format_RGBA8888)
    bits = rgba.constBits()
    assert bits is not None
    bits.setsize(rgba.sizeInBytes())
    frame = Image.frombuffer("RGBA", (rgba.width(), rgba.height()), bits.asstring()).convert("RGB")
    return frame.resize((width, round(width * frame.height / frame.width)), Image.Resampling.LANCZOS)


def _save_gif(frames: Sequence[Image.Image], path: Path) -> None:
    """With one palette for all, so that what stands still does not flicker."""
    palette = frames[len(frames) // 2].quantize(_ANIMATION_COLORS)
    indexed = [frame.quantize(palette=palette, dither=Image.Dither.NONE) for frame in frames]
    indexed[0].save(path, save_all=True, append_images=indexed[1:], duration=1000 // _ANIMATION_FPS, loop=0, optimize=True)


def main(argv: Sequence[str] | None = None) -> int:
    """Take the pictures; further options are those of `main.py`."""
    parser = argparse.ArgumentParser(prog="python -m app.gui.screenshot", description=__doc__)
    parser.add_argument("--out", type=Path, required=True, help="the PNG to write")
    parser.add_argument("--animation", type=Path, help="a GIF to write as well")
    parser.add_argument("--at", type=float, default=6.5, help="time in the clip, seconds")
    parser.add_argument("--seconds", type=float, default=4.0, help="length of the animation, up to that time")
    arguments, rest = parser.parse_known_args(argv)
    try:
        if not has_display():
            raise UserError("There is no display: put `xvfb-run -a -s '-screen 0 1280x800x24'` before the command.")
        options = parse_options(rest)
    except UserError as error:
        print(error, file=sys.stderr)
        return 2
    steps = round(arguments.seconds * _ANIMATION_FPS) if arguments.animation else 0
    times_s = [arguments.at - step / _ANIMATION_FPS for step in range(steps, -1, -1)]
    images: list[QImage] = []
    application = make_application()
    with tempfile.TemporaryDirectory() as folder:
        store = Store(QSettings(str(Path(folder) / "settings.ini"), QSettings.Format.IniFormat))
        session = LiveSession(options)
        window = MainWindow(session, store, Path(folder), options)
        window.resize(*_WINDOW_SIZE)
        window.show()
        photographer = Photographer(window, session, times_s, images.append)
        QTimer.singleShot(_LIMIT_MS, lambda: QApplication.exit(1))
        status = application.exec()
        window.close()
        del photographer
    if status == 0:
        arguments.out.parent.mkdir(parents=True, exist_ok=True)
        images[-1].save(str(arguments.out))
        if arguments.animation:
            save_animation(images, arguments.animation)
    return status


if __name__ == "__main__":
    sys.exit(main())
