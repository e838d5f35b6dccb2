"""A session whose hands are known: what the window's tests steer."""

from pathlib import Path

import numpy as np
from motion_fixture import FOCAL_PX, SIZE_PX, futures_at, observation_at, prediction_at

from app.gui.futures_panel import FutureSettings
from app.gui.port import Moment, Position, Stage, Status, Writing
from app.sources import SourceRequest
from estimators.intrinsics import Intrinsics
from ghtt_core.packets import Frame, Futures

ACTIONS = ("clean board", "drill", "hammer", "pick up", "pour", "put down", "saw", "tighten screw", "turn page", "write")
INTRINSICS = Intrinsics(FOCAL_PX, FOCAL_PX, SIZE_PX[0] / 2, SIZE_PX[1] / 2, *SIZE_PX, origin="test")


def moment_at(time_s: float, condition: int | None = None) -> Moment:
    """Everything about one moment of the analytic motion, on a plain grey picture."""
    index = round(time_s * 30)
    image = np.full((SIZE_PX[1], SIZE_PX[0], 3), 60, np.uint8)
    prediction = prediction_at(time_s, len(ACTIONS), condition)
    return Moment(Frame(image, index, time_s, time_s), observation_at(time_s), prediction, prediction.futures, INTRINSICS)


class FakeSession:
    """Advances when told, remembers what it was asked."""

    def __init__(self, *, loaded: bool = True, live: bool = False) -> None:
        self.action_names = ACTIONS if loaded else ()
        self.default_temperature = 1.5
        self.imagines = True
        self.error = self.notice = self.note = ""
        self.live = live
        self.settings = FutureSettings()
        self.opened: list[SourceRequest] = []
        self.calls: list[tuple[str, object]] = []
        self.playing, self.loop, self.speed = True, False, 1.0
        self.video: Writing | None = None
        self.export: Writing | None = None
        self.closed = False
        self._moment: Moment | None = None
        self._redrawn: Futures | None = None

    def show(self, time_s: float) -> None:
        """Make the moment of this time the newest."""
        self._moment = moment_at(time_s, self.settings.condition)

    def show_moment(self, moment: Moment) -> None:
        """Make this moment the newest."""
        self._moment = moment

    def moment(self) -> Moment | None:
        return self._moment

    def status(self) -> Status:
        stages = tuple(
            Stage(name, "running", 30.0, value)
            for name, value in (("capture", 2), ("estimate", 24), ("refine", 4), ("futures", 31))
        )
        return Status("demo", "onnxruntime, CPU, float32", stages, 38.0, 3, self.notice, self.error, source_note=self.note)

    def position(self) -> Position | None:
        if self.live:
            return None
        now_s = 0.0 if self._moment is None else self._moment.frame.source_time_s
        return Position(now_s, 60.0, self.playing, self.speed, self.loop)

    def configure(self, settings: FutureSettings) -> None:
        self.settings = settings

    def draw_again(self, moment: Moment) -> None:
        self.calls.append(("draw_again", moment.frame.index))
        self._redrawn = futures_at(moment.frame.source_time_s, self.settings.samples)

    def redrawn(self) -> Futures | None:
        return self._redrawn

    def open(self, request: SourceRequest) -> None:
        self.opened.append(request)
        self._moment = None

    def set_playing(self, playing: bool) -> None:
        self.playing = playing

    def step(self, frames: int) -> None:
        self.playing = False
        self.calls.append(("step", frames))

    def seek(self, position_s: float) -> None:
        self.calls.append(("seek", position_s))

    def set_speed(self, speed: float) -> None:
        self.speed = speed

    def set_loop(self, loop: bool) -> None:
        self.loop = loop

    def start_video(self, path: Path) -> None:
        self.video = Writing(path, 0.0, 0)

    def stop_video(self) -> None:
        self.video = None

    def start_export(self, directory: Path) -> None:
        directory.mkdir()
        self.export = Writing(directory, 0.0, 0)

    def stop_export(self) -> None:
        self.export = None

    def writing(self) -> tuple[Writing | None, Writing | None]:
        return self.video, self.export

    def close(self) -> None:
        self.closed = True
