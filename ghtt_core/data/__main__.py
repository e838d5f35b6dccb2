"""`python -m ghtt_core.data inspect PATH`: what a data set holds."""

import argparse
import os
import sys
from pathlib import Path

from ghtt_core.data.plots import plot_sequences, spread_out
from ghtt_core.data.registry import KINDS, open_dataset
from ghtt_core.data.report import format_summary
from ghtt_core.data.summary import summarise
from ghtt_core.errors import UserError


def main(arguments: list[str] | None = None) -> int:
    """Run the command line; returns the exit status."""
    parser = argparse.ArgumentParser(prog="python -m ghtt_core.data", description="Look into hand-motion data sets.")
    commands = parser.add_subparsers(dest="command", required=True)
    inspect = commands.add_parser("inspect", help="count, measure and plot what a data set holds")
    inspect.add_argument("path", type=Path, help="file or folder of the data set")
    inspect.add_argument("--kind", choices=sorted(KINDS), help="its layout, where it is not recognised")
    inspect.add_argument("--part", choices=("train", "validation", "test"), help="only this part of the official split")
    inspect.add_argument("--plot", type=Path, metavar="OUT.png", help="draw a few sequences into this file")
    options = parser.parse_args(arguments)
    try:
        _inspect(options)
    except UserError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    except BrokenPipeError:
        # Piped into something that has read enough, as `head`; Python would complain again when it flushes at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return 0


def _inspect(options: argparse.Namespace) -> None:
    dataset = open_dataset(options.path, options.kind)
    sequences = list(dataset if options.part is None else dataset.part(options.part))
    if not sequences:
        raise UserError(f"{options.path} holds no sequence{f' of the part {options.part!r}' if options.part else ''}.")
    print(format_summary(dataset, summarise(sequences, dataset.parts)), flush=True)
    if options.plot is not None:
        plot_sequences(spread_out(sequences), options.plot)
        print(f"\nplot: {options.plot}")


if __name__ == "__main__":
    sys.exit(main())
