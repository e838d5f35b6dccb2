"""How long the program takes from its start to the first refined pose; run in a process of its own."""

import json
import sys
import time
from pathlib import Path

import numpy as np
import psutil

from app.assembly import build_stages, load_model
from app.options import AppOptions
from app.pipeline.lossless import LosslessPipeline
from app.sources import open_source
from app.sources.base import SourceRequest

MOST_FRAMES = 150


def main(kind: str, target: str, backend: str, checkpoint: str | None = None) -> None:
    """Print the seconds as JSON, null where no hand was found."""
    started_s = psutil.Process().create_time()
    options = AppOptions(
        source=SourceRequest(kind, target), headless=True, backend=backend, checkpoint=Path(checkpoint) if checkpoint else None
    )
    with open_source(options.source) as source:
        stages = build_stages(options, source, load_model(options, lambda sentence: None))
        with LosslessPipeline(source, stages, futures_every=options.futures_every, max_frames=MOST_FRAMES) as pipeline:
            for result in pipeline:
                if result.prediction is not None and np.isfinite(result.prediction.refined_cam_m).any():
                    print(json.dumps(time.time() - started_s))
                    break
            else:
                print("null")
        stages.close()


if __name__ == "__main__":
    main(*sys.argv[1:])
