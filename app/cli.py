"""The command line: options in, exit status out. Every error a user can cause is one sentence."""

import logging
import os
import sys
from collections.abc import Sequence

from app.display import has_display
from app.logs import log_file, start_logging
from app.options import AppOptions, parse_options
from app.privacy import keep_private
from ghtt_core.errors import UserError

_LOG = logging.getLogger(__name__)
EXIT_USER_ERROR, EXIT_BUG, EXIT_INTERRUPTED = 2, 70, 130


def main(argv: Sequence[str] | None = None) -> int:
    """Run the program.

    Returns:
        0; 2 for an error the user can put right; 130 after Ctrl-C; 70 for a fault of the program itself.
    """
    start_logging()
    try:
        options = parse_options(argv)
        for path in (
            options.export,
            options.record,
            options.hand_model,
            options.checkpoint,
            options.intrinsics.file,
            options.trajectory,
        ):
            if path is not None:
                keep_private(path)
        return _run(options)
    except UserError as error:
        _LOG.info("user error", exc_info=True)
        _tell(str(error))
        return EXIT_USER_ERROR
    except KeyboardInterrupt:
        _tell("Stopped.")
        return EXIT_INTERRUPTED
    except BrokenPipeError:
        # Whoever read the output has gone; Python would complain once more when it flushes.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return EXIT_BUG
    except Exception as error:
        _LOG.exception("the program failed")
        _tell(f"The program failed ({type(error).__name__}: {error}); the details are in {log_file()}.")
        return EXIT_BUG


def _run(options: AppOptions) -> int:
    if options.headless:
        from app.headless import run_headless

        run_headless(options)
        return 0
    if not has_display():
        raise UserError(
            "There is no display for a window: add --headless, with --record OUT.mp4 or --export DIR to keep results."
        )
    try:
        from app.gui import run_window
    except ImportError as error:
        raise UserError(f"The window cannot be opened ({error}); `python -m app.doctor` says what is missing.") from error
    return run_window(options)


def _tell(sentence: str) -> None:
    print(sentence, file=sys.stderr, flush=True)
