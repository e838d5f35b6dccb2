"""The program: sources, pipeline, recordings, window."""
