"""Coverage-guided fuzzing with atheris: `python -m tests.fuzz [TARGET...] [--seconds N]`; `make fuzz` runs all of them.

Each target runs in a process of its own, from its seeds and the kept inputs, and the table at the end counts the inputs. An
input that breaks a promise is kept in `tests/fuzz/corpus/TARGET`, where the normal suite tries it from then on.
"""

import argparse
import re
import subprocess
import sys
import tempfile
import warnings
from pathlib import Path

MOST_MEMORY_MB = 2048
SLOWEST_INPUT_S = 20
INSTRUMENTED = [
    "app.sources",
    "estimators.clips",
    "estimators.intrinsics",
    "estimators.trajectory",
    "estimators.model_bundle",
    "ghtt_core",
    "zipfile",
]


def main() -> int:
    """Run the targets one after the other and print a table."""
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__)
    parser.add_argument("targets", nargs="*", help="all of them if left out")
    parser.add_argument("--seconds", type=int, default=60, help="time for each target (default 60)")
    parser.add_argument("--one", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.one:
        _run_here(options.one, options.seconds)
    from tests.fuzz.targets import TARGETS

    found = total = 0
    print(f"{'target':<24}{'inputs':>10}{'coverage':>10}  finding", flush=True)
    for name in options.targets or TARGETS:
        command = [sys.executable, "-m", "tests.fuzz", "--one", name, "--seconds", str(options.seconds)]
        done = subprocess.run(command, capture_output=True, text=True, check=False, errors="replace")
        inputs = _last_number(r"number_of_executed_units: (\d+)", done.stderr)
        kept = re.search(r"Test unit written to (\S+)", done.stderr)
        finding = kept[1] if kept else "" if done.returncode == 0 else f"status {done.returncode}"
        coverage = _last_number(r"cov: (\d+)", done.stderr)
        print(f"{name:<24}{inputs:>10}{coverage:>10}  {finding}", flush=True)
        if finding:
            print("\n".join(done.stderr.splitlines()[-40:]), file=sys.stderr, flush=True)
        found, total = found + bool(finding), total + inputs
    print(f"{total} inputs, {found} findings")
    return 1 if found else 0


def _run_here(name: str, seconds: int) -> None:
    """Fuzz one target in this process; ends it."""
    import atheris

    with atheris.instrument_imports(include=INSTRUMENTED, enable_loader_override=False):
        from tests.fuzz.targets import CORPUS, TARGETS, check, seeds_of
    warnings.simplefilter("error")
    with tempfile.TemporaryDirectory() as scratch:
        corpus, files, kept = Path(scratch, "corpus"), Path(scratch, "files"), CORPUS / name
        for folder in (corpus, files, kept):
            folder.mkdir(parents=True, exist_ok=True)
        for number, seed in enumerate(seeds_of(name)):
            (corpus / str(number)).write_bytes(seed)
        limits = [f"-max_total_time={seconds}", f"-rss_limit_mb={MOST_MEMORY_MB}", f"-timeout={SLOWEST_INPUT_S}"]
        limits.append(f"-report_slow_units={SLOWEST_INPUT_S}")
        arguments = [sys.argv[0], *limits, "-print_final_stats=1", f"-artifact_prefix={kept}/", str(corpus)]
        atheris.Setup(arguments, lambda data: check(TARGETS[name], data, files))
        atheris.Fuzz()


def _last_number(pattern: str, text: str) -> int:
    found = re.findall(pattern, text)
    return int(found[-1]) if found else 0


if __name__ == "__main__":
    sys.exit(main())
