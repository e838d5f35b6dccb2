"""How fast the program is on this machine: `python -m app.bench`."""
