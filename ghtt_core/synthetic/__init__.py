"""Procedural two-hand motion with exactly known poses, a renderer that films it, and the noise of estimators."""

from ghtt_core.synthetic.motion import SyntheticMotion, generate_motion
from ghtt_core.synthetic.noise import EstimatorNoise

__all__ = ["EstimatorNoise", "SyntheticMotion", "generate_motion"]
