"""The command: looks at everything, prints one screen, and exits with 0 where the main job can run."""

import argparse
import locale
import os
import sys
import textwrap
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

from app.doctor.devices import look_at_cameras, look_at_window
from app.doctor.finding import Finding, State
from app.doctor.machine import look_at_machine, look_at_packages, package_versions
from app.doctor.main_job import look_at_encoders, look_at_estimator, look_at_model
from app.doctor.provenance import kept_files, program_version
from app.privacy import without_private

SUBJECT_WIDTH = 18
LINE_WIDTH = 118
LOG_LINES = 40
REPORTED_VARIABLES = (
    "DISPLAY",
    "LD_LIBRARY_PATH",
    "LIBGL_",
    "MESA_",
    "OMP_",
    "PYTHON",
    "QT_",
    "WAYLAND_DISPLAY",
    "XDG_SESSION_TYPE",
)
"""Beginnings of the environment variables that change how the program runs."""


def main() -> int:
    """Look at everything and print it."""
    parser = argparse.ArgumentParser(prog="python -m app.doctor", description="What this machine has, lacks, and what to do.")
    parser.add_argument(
        "--report", action="store_true", help="print a report to paste into a bug report, private paths shortened"
    )
    options = parser.parse_args()
    findings = look_at_everything()
    able = all(finding.state is not State.BROKEN for finding in findings)
    verdict = "The main job can run." if able else "The main job cannot run yet: see the lines marked x."
    screen = "\n".join((*(show(finding) for finding in findings), "", verdict))
    if options.report:
        screen = without_private("\n".join(("```", screen, "", *_details(), "```")))
    print(screen)
    return 0 if able else 1


def look_at_everything() -> list[Finding]:
    """All findings in the order of the screen; the slow ones, each in a process of its own, side by side."""
    looks = (
        look_at_machine,
        look_at_packages,
        look_at_estimator,
        look_at_model,
        look_at_encoders,
        look_at_window,
        look_at_cameras,
    )
    with ThreadPoolExecutor(len(looks)) as pool:
        return [finding for found in pool.map(lambda look: look(), looks) for finding in found]


def show(finding: Finding) -> str:
    """A finding as lines of text, its advice beneath it."""
    first, *rest = finding.seen.splitlines() or [""]
    lines = [f"{finding.state.value:>2} {finding.subject:<{SUBJECT_WIDTH}}{first}"]
    margin = " " * (SUBJECT_WIDTH + 3)
    lines += [f"{margin}{line}" for line in rest]
    if finding.advice:
        lines += textwrap.wrap(f"-> {finding.advice}", LINE_WIDTH, initial_indent=margin, subsequent_indent=f"{margin}   ")
    return "\n".join(lines)


def _details() -> Iterator[str]:
    yield f"program: {program_version()}"
    yield f"encoding: {locale.getpreferredencoding()}, standard output {sys.stdout.encoding}"
    yield from (f"{name}=={version}" for name, version in package_versions().items())
    yield from (f"{name}={value}" for name, value in sorted(os.environ.items()) if name.startswith(REPORTED_VARIABLES))
    yield from ("", "Kept in the cache and the log folder:", *kept_files())
    yield from ("", f"The last {LOG_LINES} lines of the log:", *_end_of_log())


def _end_of_log() -> list[str]:
    try:
        from app.logs import log_file

        return log_file().read_text("utf-8", errors="replace").splitlines()[-LOG_LINES:]
    except (ImportError, OSError) as error:
        return [f"none ({error})"]


if __name__ == "__main__":
    sys.exit(main())
