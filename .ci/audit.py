"""`make audit`: bandit over our own code, and known vulnerabilities of every installed package.

A finding fails. Where the vulnerability service cannot be asked, or does not know a package, that is said, and fails nothing:
a build must not depend on somebody else's server, and must not look audited when it was not.
"""

import json
import subprocess
import sys
from typing import Any

_FOLDERS = ("app", "estimators", "ghtt_core", "trt_engines", "main.py")
_TIMEOUT_S = 300


def main() -> int:
    """Run both; 1 where either found something."""
    bandit = subprocess.run([sys.executable, "-m", "bandit", "-q", "-c", "pyproject.toml", "-r", *_FOLDERS], check=False)
    print(f"bandit: {'no findings' if bandit.returncode == 0 else 'see above'}", flush=True)
    found = vulnerabilities()
    return 1 if bandit.returncode or found else 0


def vulnerabilities() -> int:
    """Ask the service about every installed package, print what it says, and return how many have a known fault."""
    command = [sys.executable, "-m", "pip_audit", "--local", "--format", "json", "--progress-spinner", "off"]
    reason = f"no answer within {_TIMEOUT_S} s"
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=_TIMEOUT_S, check=False)
        reason = (done.stderr.strip().splitlines() or ["no reason given"])[-1]
        packages = json.loads(done.stdout)["dependencies"]
    except (subprocess.TimeoutExpired, ValueError, KeyError):
        print(f"pip-audit: NOT AUDITED, the vulnerability service could not be asked ({reason[:200]})")
        return 0
    return report(packages)


def report(packages: list[dict[str, Any]]) -> int:
    """Print the outcome for the packages as pip-audit lists them; returns how many have a known fault."""
    checked = [package for package in packages if "vulns" in package]
    faulty = [package for package in checked if package["vulns"]]
    for package in faulty:
        for fault in package["vulns"]:
            fixed = ", ".join(fault["fix_versions"]) or "no version yet"
            print(f"pip-audit: {package['name']} {package['version']}: {fault['id']}, fixed in {fixed}")
    unknown = len(packages) - len(checked)
    verdict = "NOT AUDITED" if not checked else f"{len(faulty)} with known vulnerabilities"
    print(f"pip-audit: {len(checked)} of {len(packages)} packages checked, {verdict}; the service knows nothing of {unknown}")
    return len(faulty)


if __name__ == "__main__":
    sys.exit(main())
