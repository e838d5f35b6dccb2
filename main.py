"""The command line: `python main.py --help`."""

import sys


def run() -> int:
    """Run the program; its parts are imported here so that Ctrl-C while they load ends it quietly too."""
    try:
        from app.cli import main

        return main()
    except KeyboardInterrupt:
        return 130


if __name__ == "__main__":
    sys.exit(run())
