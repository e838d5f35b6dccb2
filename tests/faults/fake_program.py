"""The real command line in a process of its own, with an estimator and a model that know the truth.

`python fake_program.py PACE_S WORDS...`: each frame takes PACE_S seconds, as on a machine of that speed.
"""

import signal
import sys
import time
from pathlib import Path

TESTS = Path(__file__).resolve().parents[1]


def run() -> int:
    """Register the fakes, then do what `main.py` does."""
    from fake_model import FakeRuntime
    from fake_parts import KnowingEstimator

    from estimators.base import register_estimator

    if "--headless" in sys.argv:
        import app.headless as runs
    else:
        import app.gui.session as runs

    pace_s = float(sys.argv.pop(1))
    register_estimator("knowing", lambda options: KnowingEstimator(options, lambda frame: time.sleep(pace_s)))
    runs.load_model = lambda options, progress: FakeRuntime()
    import main

    return main.run()


if __name__ == "__main__":
    # A shell in the background makes its children deaf to the one, nohup to the other.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    if hasattr(signal, "SIGHUP"):
        signal.signal(signal.SIGHUP, signal.SIG_DFL)
    try:
        print("begun", flush=True)
        sys.path[:0] = [str(TESTS.parent), str(TESTS / "app")]
        sys.argv += ["--estimator", "knowing"]
        status = run()
    except KeyboardInterrupt:
        status = 130
    sys.exit(status)
