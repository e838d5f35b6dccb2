"""Checkpoint to compiled model: export, engine cache and runtimes."""

import os

# ONNX Runtime (seen with 1.31) keeps a device number in the cache folder and calls its makers. It looks at this
# when it is imported, and only modules of this package import it; `disable_telemetry_events` would come too late.
os.environ["ORT_DISABLE_TELEMETRY"] = "1"
