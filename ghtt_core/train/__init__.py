"""Training of the two blocks: `python -m ghtt_core.train pose|action`."""
