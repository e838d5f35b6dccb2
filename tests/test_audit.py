"""What `make audit` says of the vulnerability service's answers: findings fail, silence is not taken for a clean bill."""

import importlib.util
import json
import subprocess
from pathlib import Path
from types import ModuleType

import pytest

KNOWN = {"name": "good", "version": "1", "vulns": []}
FAULTY = {"name": "bad", "version": "2", "vulns": [{"id": "CVE-1", "fix_versions": ["3"]}]}
UNKNOWN = {"name": "other", "skip_reason": "not found"}


@pytest.fixture
def audit() -> ModuleType:
    spec = importlib.util.spec_from_file_location("audit", Path(__file__).parents[1] / ".ci" / "audit.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize(
    ("answer", "faults", "told"),
    [
        (json.dumps({"dependencies": [KNOWN, UNKNOWN]}), 0, "1 of 2 packages checked, 0 with known"),
        (json.dumps({"dependencies": [KNOWN, FAULTY]}), 1, "bad 2: CVE-1, fixed in 3"),
        (json.dumps({"dependencies": [UNKNOWN]}), 0, "0 of 1 packages checked, NOT AUDITED"),
        ("", 0, "NOT AUDITED, the vulnerability service could not be asked (no route to host)"),
    ],
)
def test_the_verdict(
    audit: ModuleType, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], answer: str, faults: int, told: str
) -> None:
    monkeypatch.setattr(
        subprocess, "run", lambda *_, **__: subprocess.CompletedProcess([], 1, answer, "trace\nno route to host")
    )
    assert audit.vulnerabilities() == faults
    assert told in capsys.readouterr().out
