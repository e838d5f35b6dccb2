"""Load the model as the program would and say what runs it, as JSON; a process of its own, since GPU libraries crash."""

import json
import sys
import time

from ghtt_core.errors import UserError
from trt_engines.select import load_runtime


def main() -> int:
    """Print the backend's description, the checkpoint's name, the time it took to load, and why others were passed over."""
    remarks: list[str] = []
    begin_s = time.monotonic()
    try:
        runtime = load_runtime(None, "auto", progress=remarks.append)
    except UserError as error:
        print(error, file=sys.stderr)
        return 2
    answer = {
        "description": runtime.description,
        "checkpoint": runtime.spec.name,
        "actions": len(runtime.spec.action_names),
        "load_s": time.monotonic() - begin_s,
        "remarks": remarks,
    }
    runtime.close()
    print(json.dumps(answer))
    return 0


if __name__ == "__main__":
    sys.exit(main())
