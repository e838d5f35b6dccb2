"""A machine without memory left: the backend's call fails, the program goes on when there is some again."""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]

STARVED = """
import resource, sys
import numpy as np
from pathlib import Path
from ghtt_core.errors import UserError
from ghtt_core.packets import HandsObservation
from ghtt_core.streaming import Predictor, PredictorOptions
from trt_engines.select import load_runtime
sys.path.insert(0, str(Path("tests/app")))
from motion_fixture import hands_at

def observed(index):
    joints_m = hands_at(index / 30)
    return HandsObservation(joints_m, joints_m[..., :2], np.ones(2, np.float32), index, index / 30)

runtime = load_runtime(None, "onnxruntime", progress=lambda words: None)
predictor = Predictor(runtime, PredictorOptions(samples=2))
for index in range(20):
    before = predictor.step(observed(index), with_futures=True)
pages = int(Path("/proc/self/statm").read_text().split()[0])
predictor.configure(PredictorOptions(samples=1000))  # Needs memory that is not there.
resource.setrlimit(resource.RLIMIT_AS, (pages * resource.getpagesize() + (1 << 20), resource.RLIM_INFINITY))
failed = ""
try:
    predictor.step(observed(20), with_futures=True)
except Exception as error:
    failed = type(error).__name__
resource.setrlimit(resource.RLIMIT_AS, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
predictor.configure(PredictorOptions(samples=2))
after = predictor.step(observed(21), with_futures=True)
assert after.futures is not None and np.isfinite(after.futures.joints_cam_m).all()
print("failed with", failed)
"""


@pytest.mark.slow  # It compiles the bundled checkpoint first.
@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="limits of memory are enforced on Linux")
def test_onnx_runtime_without_memory_is_an_exception_and_works_again_afterwards() -> None:
    done = subprocess.run([sys.executable, "-c", STARVED], cwd=ROOT, capture_output=True, text=True, timeout=240, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("failed with ")
    assert done.stdout.strip() != "failed with"
