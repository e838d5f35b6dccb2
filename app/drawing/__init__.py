"""Pictures for recordings, drawn with OpenCV alone: no display and no GL."""
