"""What the window remembers from one run to the next."""

import math
from collections.abc import Mapping

from PyQt6.QtCore import QByteArray, QSettings

from app.gui.futures_panel import HORIZON_S, SAMPLES, FutureSettings
from app.privacy import without_secrets
from app.sources import SourceRequest
from ghtt_core.errors import UserError

FORMAT_VERSION = 1
"""Raised when a program of today could misread what a later one writes; files from before it was written count as 1."""
_RECENT = 8


class Store:
    """Typed access to the settings file."""

    def __init__(self, settings: QSettings) -> None:
        """Open the settings.

        Raises:
            UserError: A newer version of the program wrote them.
        """
        version = str(settings.value("format_version", FORMAT_VERSION))
        if version.isdecimal() and int(version) > FORMAT_VERSION:
            raise UserError(
                f"The settings in {settings.fileName()} have format version {version} and come from a newer version of this "
                f"program, which reads up to {FORMAT_VERSION}: update the program, or move that file away."
            )
        self._settings = settings
        settings.setValue("format_version", FORMAT_VERSION)

    @property
    def theme(self) -> str:
        """Name of the theme."""
        return str(self._settings.value("theme", "dark"))

    @theme.setter
    def theme(self, name: str) -> None:
        self._settings.setValue("theme", name)

    @property
    def text_steps(self) -> int:
        """By how many pixels the text is larger or smaller than usual."""
        try:
            return int(self._settings.value("text_steps", 0))
        except (TypeError, ValueError):
            return 0

    @text_steps.setter
    def text_steps(self, steps: int) -> None:
        self._settings.setValue("text_steps", steps)

    @property
    def first_run(self) -> bool:
        """Whether the window was never opened before."""
        return not self._settings.contains("layout/state")

    def recent(self) -> list[SourceRequest]:
        """Sources opened lately, the newest first."""
        value = self._settings.value("recent", [])
        entries = [value] if isinstance(value, str) else value or []
        return [SourceRequest(*str(entry).split(":", 1)) for entry in entries if ":" in str(entry)]

    def add_recent(self, request: SourceRequest) -> None:
        """Put a source in front; a stream's address is kept without its password."""
        if request.kind == "stream":
            request = SourceRequest("stream", without_secrets(request.target))
        recent = [request, *(entry for entry in self.recent() if entry != request)][:_RECENT]
        self._settings.setValue("recent", [f"{entry.kind}:{entry.target}" for entry in recent])

    def save_layout(self, geometry: QByteArray, state: QByteArray, splitter: QByteArray) -> None:
        """Keep where everything is."""
        for name, value in (("geometry", geometry), ("state", state), ("splitter", splitter)):
            self._settings.setValue(f"layout/{name}", value)

    def layout(self) -> tuple[QByteArray, QByteArray, QByteArray]:
        """Where everything was; empty arrays at first."""
        values = (self._settings.value(f"layout/{name}") for name in ("geometry", "state", "splitter"))
        geometry, state, splitter = (value if isinstance(value, QByteArray) else QByteArray() for value in values)
        return geometry, state, splitter

    def save_states(self, states: Mapping[str, bool]) -> None:
        """Keep which commands are on."""
        for name, on in states.items():
            self._settings.setValue(f"states/{name}", on)

    def states(self) -> dict[str, bool]:
        """Which commands were on."""
        self._settings.beginGroup("states")
        states = {name: str(self._settings.value(name)).lower() == "true" for name in self._settings.childKeys()}
        self._settings.endGroup()
        return states

    def save_futures(self, settings: FutureSettings) -> None:
        """Keep the horizon and the number of samples; the what-if and the temperature belong to one run."""
        self._settings.setValue("futures/horizon_s", settings.horizon_s)
        self._settings.setValue("futures/samples", settings.samples)

    def futures(self) -> FutureSettings:
        """The horizon and samples of the last run, where they are usable."""
        usual = FutureSettings()
        try:
            horizon_s = float(self._settings.value("futures/horizon_s", usual.horizon_s))
            samples = int(self._settings.value("futures/samples", usual.samples))
        except (TypeError, ValueError):
            return usual
        if not math.isfinite(horizon_s):
            return usual
        return FutureSettings(min(max(horizon_s, HORIZON_S[0]), HORIZON_S[1]), min(max(samples, SAMPLES[0]), SAMPLES[1]))
