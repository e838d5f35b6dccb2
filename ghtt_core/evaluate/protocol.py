"""The rules of the measurement, fixed in one place and printed with every table."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class EvaluationProtocol:
    """How windows are cut and what counts.

    Attributes:
        observed_frames: Frames that are seen before the forecast: one clip.
        horizons: Forecast lengths in frames: 0.5, 1, 2 and 3.2 seconds in whole clips.
        stride: Frames from one test window to the next.
        training_stride: The same for the windows that baselines are fitted on.
        windows: Test windows at most, spread evenly over all of them; the moments of a longer horizon serve a shorter one too.
        training_windows: The same for the baselines.
        samples: Futures a forecaster may draw, its deterministic one included.
        observed_share: A hand counts if it is seen in at least this share of the observed frames, the last among them,
        future_share: and in at least this share of the future frames, the last among them.
        similar_mm: Last poses closer than this, in the palm's frame, share their futures in MMADE and MMFDE.
        resamples: Bootstrap draws for the confidence intervals.
        confidence: Their coverage.
        seed: Of everything random.
    """

    observed_frames: int = 16
    horizons: tuple[int, ...] = (16, 32, 64, 96)
    stride: int = 4
    training_stride: int = 2
    windows: int = 150
    training_windows: int = 8000
    samples: int = 20
    observed_share: float = 0.5
    future_share: float = 0.5
    similar_mm: float = 10.0
    resamples: int = 1000
    confidence: float = 0.95
    seed: int = 0
