"""Find hands in a blank picture as the program would, as JSON; a process of its own, since native libraries crash."""

import json
import sys
import time

import numpy as np

from estimators.base import DEFAULT_ESTIMATOR, EstimatorOptions, create_estimator
from estimators.intrinsics import IntrinsicsChoice
from estimators.model_bundle import default_bundle_path, is_intact
from ghtt_core.packets import Frame

SIZE = (480, 640)


def main() -> int:
    """Print the hand model's path and state and, where it is intact, how long the estimator took to load."""
    path = default_bundle_path()
    state = "missing" if not path.is_file() else "intact" if is_intact(path.read_bytes()) else "damaged"
    load_s = _try_out() if state == "intact" else None
    print(json.dumps({"hand_model": str(path), "state": state, "estimator": DEFAULT_ESTIMATOR, "load_s": load_s}))
    return 0


def _try_out() -> float:
    begin_s = time.monotonic()
    estimator = create_estimator(DEFAULT_ESTIMATOR, EstimatorOptions(IntrinsicsChoice(), offline=True))
    estimator.estimate(Frame(np.zeros((*SIZE, 3), np.uint8), index=0, capture_time_s=time.monotonic(), source_time_s=0.0))
    estimator.close()
    return time.monotonic() - begin_s


if __name__ == "__main__":
    sys.exit(main())
