"""The faults are tried on the fakes of the app's tests, which go through the real registries."""

import sys
from pathlib import Path

sys.path.append(str(Path(__file__).parents[1] / "app"))
