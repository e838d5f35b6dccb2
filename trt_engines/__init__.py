"""Checkpoint to compiled model: export, engine cache and runtimes."""
