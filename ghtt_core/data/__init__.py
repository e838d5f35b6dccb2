"""Readers for hand-motion data sets as they lie on disk; every one yields `ghtt_core.motion.MotionSequence`."""

from ghtt_core.data.registry import KINDS, DataSet, open_dataset
from ghtt_core.data.splits import Part, split

__all__ = ["KINDS", "DataSet", "Part", "open_dataset", "split"]
