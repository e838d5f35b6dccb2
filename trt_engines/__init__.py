"""Checkpoint to compiled model: export, engine cache and runtimes."""

import os

# From 1.31 on ONNX Runtime keeps a device number in the cache folder and sends what runs it to its makers. It looks at this
# when it is imported, and only modules of this package import it; `disable_telemetry_events` would come too late.
os.environ["ORT_DISABLE_TELEMETRY"] = "1"
