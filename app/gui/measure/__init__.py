"""How the window behaves under load: `python -m app.gui.measure stalls` and `python -m app.gui.measure cost`."""
