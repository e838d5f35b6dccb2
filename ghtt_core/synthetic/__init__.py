"""Procedural two-hand motion with exactly known poses, and a renderer that films it."""

from ghtt_core.synthetic.motion import SyntheticMotion, generate_motion

__all__ = ["SyntheticMotion", "generate_motion"]
