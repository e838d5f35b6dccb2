"""The window with a session whose hands are known."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from fake_session import FakeSession
    from pytestqt.qtbot import QtBot

    from app.gui.window import MainWindow


@pytest.fixture
def session() -> FakeSession:
    from fake_session import FakeSession  # Here, since tests without a window should not need Qt.

    return FakeSession()


@pytest.fixture
def settings_file(tmp_path: Path) -> Path:
    return tmp_path / "settings.ini"


@pytest.fixture
def window(qtbot: QtBot, session: FakeSession, settings_file: Path) -> Iterator[MainWindow]:
    from window_parts import open_window

    window = open_window(qtbot, session, settings_file)
    yield window
    window.close()
