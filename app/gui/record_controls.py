"""Recording the view, exporting poses, saving pictures, and finding them again."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from queue import Empty, SimpleQueue
from threading import Thread
from typing import TYPE_CHECKING

from PyQt6.QtCore import QSignalBlocker, QUrl
from PyQt6.QtGui import QDesktopServices, QImage

from app.gui.actions import Handler
from app.gui.port import Session, Writing
from app.gui.text import tr

if TYPE_CHECKING:
    from app.gui.window import MainWindow


class RecordControls:
    """Starts and ends what is written. Every file gets a name of its own, made from the time."""

    def __init__(self, window: MainWindow, session: Session, output_dir: Path) -> None:
        self._window = window
        self._session = session
        self._output_dir = output_dir
        self._export_dir: Path | None = None
        self._video_path: Path | None = None
        self._written: dict[str, Path] = {}
        self._pictures: SimpleQueue[tuple[Path, bool]] = SimpleQueue()
        self._savers: list[Thread] = []
        self.opened_recording: Path | None = None

    def handlers(self) -> Mapping[str, Handler]:
        """What each command does."""
        return {
            "toggle_record": self._record,
            "toggle_export": self._export,
            "save_picture": self.save_picture,
            "show_recordings": self._show_folder,
        }

    def start_at_once(self, video: Path | None, export: Path | None) -> None:
        """Write what the command line asked for, from the first frame on."""
        if video is not None:
            self._session.start_video(video)
            self._check("toggle_record", True)
        if export is not None:
            self._export_dir = export
            self._session.start_export(export)
            self._check("toggle_export", True)

    def labelled_directory(self) -> Path | None:
        """The recording that labels belong to: the one being exported, else the one opened."""
        return self._export_dir or self.opened_recording

    def follow(self, video: Writing | None, export: Writing | None) -> None:
        """Keep the menu's marks in line with what is really being written, and tell where it lies when it is done."""
        for name, writing in (("toggle_record", video), ("toggle_export", export)):
            if writing is not None:
                self._written[name] = writing.path
            elif name in self._written:
                path = self._written.pop(name)
                if self._window.actions_by_name[name].isChecked():  # It failed; the session says why.
                    self._check(name, False)
                else:
                    self._saved(path)
        self._follow_pictures()

    @property
    def finished(self) -> bool:
        """Whether nothing is being written."""
        return not any(self._session.writing())

    def finish(self) -> bool:
        """End what is being written; whether that is done already, or goes on beside the window."""
        if not self.finished:
            self._session.stop_video()
            self._session.stop_export()
        return self.finished

    def close(self) -> None:
        """Wait for the pictures that are being saved."""
        for saver in self._savers:
            saver.join()

    def _follow_pictures(self) -> None:
        try:
            path, saved = self._pictures.get_nowait()
        except Empty:
            return
        self._savers = [saver for saver in self._savers if saver.is_alive()]
        if saved:
            self._saved(path)
        else:
            self._window.toasts.show(tr("The picture cannot be written to {path}.").format(path=path), error=True)

    def _check(self, name: str, on: bool) -> None:
        action = self._window.actions_by_name[name]
        with QSignalBlocker(action):
            action.setChecked(on)

    def save_picture(self) -> None:
        """Save the window as it is; a thread packs it, which takes longer than a frame lasts."""
        path = self._new_path("picture", ".png")
        if path is None:
            return
        image = self._window.grab().toImage()
        saver = Thread(target=self._save, args=(image, path), name="picture", daemon=True)
        self._savers.append(saver)
        saver.start()

    def _save(self, image: QImage, path: Path) -> None:
        self._pictures.put((path, image.save(str(path))))

    def _record(self, on: bool) -> None:
        path = self._new_path("video", ".mp4") if on else None
        if path is not None:
            self._video_path = path
            self._session.start_video(path)
            return
        self._session.stop_video()
        self._note_ended("toggle_record", self._video_path)
        self._video_path = None

    def _export(self, on: bool) -> None:
        path = self._new_path("recording", "") if on else None
        if path is not None:
            self._export_dir = path
            self._session.start_export(path)
            return
        self._session.stop_export()
        if self._export_dir is not None:
            self._note_ended("toggle_export", self._export_dir)
            self._window.labels.save()
            self._export_dir = None

    def _note_ended(self, name: str, path: Path | None) -> None:
        """A recording of a moment may be over before it was once followed."""
        if path is not None and path.exists():
            self._written[name] = path

    def _saved(self, path: Path) -> None:
        folder = QUrl.fromLocalFile(str(path.parent))
        button = (tr("Show in folder"), lambda: QDesktopServices.openUrl(folder))
        self._window.toasts.show(tr("Saved {name}").format(name=path.name), action=button)

    def _show_folder(self) -> None:
        QDesktopServices.openUrl(QUrl.fromLocalFile(str(self._output_dir)))

    def _new_path(self, kind: str, suffix: str) -> Path | None:
        try:
            self._output_dir.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            sentence = tr("Cannot write to {path}: {reason}.").format(path=self._output_dir, reason=error.strerror)
            self._window.toasts.show(sentence, error=True)
            return None
        name = f"ghtt-{datetime.now():%Y%m%d-%H%M%S}-{kind}"
        path = self._output_dir / (name + suffix)
        number = 2
        while path.exists():
            path = self._output_dir / f"{name}-{number}{suffix}"
            number += 1
        return path
