"""How good a checkpoint is, compared with what: `python -m ghtt_core.evaluate`."""
