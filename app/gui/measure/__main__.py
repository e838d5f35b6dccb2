"""How the window behaves under load: how long its event loop stands still (`stalls`), what it costs the pipeline (`cost`)."""

import argparse
import os
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import platformdirs
from PyQt6.QtCore import QSettings

from app.display import has_display
from app.gui.measure.cost import DrawCounter, turn
from app.gui.measure.heartbeat import Heartbeat, spin
from app.gui.measure.stalls import LONGEST_MS, phases
from app.gui.run import has_graphics_card, make_application
from app.gui.session import LiveSession
from app.gui.store import Store
from app.gui.window import MainWindow
from app.options import AppOptions, parse_options
from ghtt_core.errors import UserError

_WARM_UP_S = 3.0


def main(argv: Sequence[str] | None = None) -> int:
    """Measure; further options are those of `main.py`."""
    parser = argparse.ArgumentParser(prog="python -m app.gui.measure", description=__doc__)
    parser.add_argument("what", choices=("stalls", "cost"))
    parser.add_argument("--seconds", type=float, default=6.0, help="length of each phase or turn (default 6)")
    parser.add_argument("--rounds", type=int, default=4, help="turns with and without the window (default 4)")
    parser.add_argument("--size", default="1280x720", help="of the window (default 1280x720)")
    arguments, rest = parser.parse_known_args(argv)
    try:
        if not has_display():
            raise UserError("There is no display: put `xvfb-run -a -s '-screen 0 1280x720x24'` before the command.")
        options = parse_options([*rest, "--loop"])
        with tempfile.TemporaryDirectory() as folder:
            if arguments.what == "stalls":
                _begin_without_engines(Path(folder))
            return _measure(arguments, options, Path(folder))
    except UserError as error:
        print(error, file=sys.stderr)
        return 2


def _begin_without_engines(folder: Path) -> None:
    """An empty cache, so that the model has to be built; only the fetched hand model is kept. On Linux only."""
    models = platformdirs.user_cache_path("ghtt") / "models"
    (folder / "ghtt").mkdir()
    (folder / "ghtt" / "models").symlink_to(models, target_is_directory=True)
    os.environ["XDG_CACHE_HOME"] = str(folder)


def _measure(arguments: argparse.Namespace, options: AppOptions, folder: Path) -> int:
    application = make_application()
    smooth = has_graphics_card()
    session = LiveSession(options)
    store = Store(QSettings(str(folder / "settings.ini"), QSettings.Format.IniFormat))
    window = MainWindow(session, store, folder / "out", options, smooth=smooth)
    width, height = (int(side) for side in arguments.size.split("x"))
    window.resize(width, height)
    window.show()
    try:
        if arguments.what == "stalls":
            _report_stalls(arguments.seconds, window, session)
        else:
            _report_cost(arguments.seconds, arguments.rounds, window, session)
    finally:
        window.close()
        del application
    return 0


def _report_stalls(seconds: float, window: MainWindow, session: LiveSession) -> None:
    heart = Heartbeat()
    print("| while | s | p50 ms late | p99 | longest | where the longest was |\n| --- | ---: | ---: | ---: | ---: | --- |")
    longest_ms = 0.0
    try:
        for phase in phases(window, session, heart, seconds):
            worst = phase.worst
            longest_ms = max(longest_ms, 1000 * worst.late_s)
            late = f"{phase.quantile_ms(0.5):.1f} | {phase.quantile_ms(0.99):.0f} | {1000 * worst.late_s:.0f}"
            print(f"| {phase.name} | {phase.seconds:.1f} | {late} | {worst.where} |", flush=True)
    finally:
        heart.stop()
    verdict = "keeps" if longest_ms < LONGEST_MS else "breaks"
    print(f"\nThe longest stall, {longest_ms:.0f} ms, {verdict} the promise of {LONGEST_MS:.0f} ms.")


def _report_cost(seconds: float, rounds: int, window: MainWindow, session: LiveSession) -> None:
    while not session.action_names or session.status().notice:
        spin(0.2)
        if session.status().error:
            raise UserError(session.status().error)
    counter = DrawCounter(window)
    spin(_WARM_UP_S)
    print("| with the window, poses/s | without | kept | video/s | 3D/s |\n| ---: | ---: | ---: | ---: | ---: |")
    turns = []
    for _ in range(rounds):
        one = turn(window, session, counter, seconds)
        turns.append(one)
        poses = f"{one.with_window_fps:.1f} | {one.without_fps:.1f} | {one.kept:.2f}"
        print(f"| {poses} | {one.video_fps:.0f} | {one.scene_fps:.0f} |", flush=True)
    kept = float(np.median([one.kept for one in turns]))
    print(f"\nThe window leaves the pipeline {kept:.2f} of its rate (median of {len(turns)} turns).")


if __name__ == "__main__":
    sys.exit(main())
