"""The two ways to run, live and lossless, over the same stages."""

from app.pipeline.live import LivePipeline
from app.pipeline.result import PipelineResult, futures_seen_from
from app.pipeline.stages import ModelStages, Stages
from app.pipeline.stats import PipelineStats, format_stats

__all__ = ["LivePipeline", "ModelStages", "PipelineResult", "PipelineStats", "Stages", "format_stats", "futures_seen_from"]
