"""What the documents tell people to type exists, and what they link to is there."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
DOCUMENTS = sorted(path for path in (*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")))
INSTALLED_MODULES = {"pip", "venv", "pytest"}


@pytest.fixture(params=DOCUMENTS, ids=lambda path: path.relative_to(ROOT).as_posix())
def document(request):
    return request.param


def test_commands_name_modules_that_exist(document):
    modules = set(re.findall(r"(?:python|py -3\.\d+|python3[.\d]*) -m ([\w.]+)", document.read_text("utf-8")))
    missing = []
    for module in modules - INSTALLED_MODULES:
        path = ROOT.joinpath(*module.split("."))
        if not path.with_suffix(".py").is_file() and not (path / "__main__.py").is_file():
            missing.append(module)
    assert not missing


def test_make_targets_exist(document):
    targets = set(re.findall(r"^([\w.-]+):", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE))
    assert set(re.findall(r"(?:^|`)make ([a-z-]+)", document.read_text("utf-8"), re.MULTILINE)) <= targets


def test_links_within_the_repository_lead_somewhere(document):
    links = re.findall(r"\]\(([^)#\s]+)(?:#[\w-]+)?\)", document.read_text("utf-8"))
    missing = [link for link in links if "://" not in link and not (document.parent / link).exists()]
    assert not missing


def anchors(path):
    """What a link may name after the #: the headings as GitHub turns them into names."""
    headings = re.findall(r"^#+ (.+)$", path.read_text("utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def test_links_to_headings_find_them(document):
    links = re.findall(r"\]\(([^)#\s]*)#([\w-]+)\)", document.read_text("utf-8"))
    missing = [f"{target}#{name}" for target, name in links if "://" not in target and name not in anchors_of(document, target)]
    assert not missing


def anchors_of(document, target):
    return anchors(document.parent / target if target else document)


def numbers(text):
    return set(re.findall(r"(?<![\w.,])\d+\.\d+(?![\w.])", text))


def test_figures_of_quality_in_the_readme_are_measured_ones():
    """Every figure with a decimal point of "How well" stands in the generated results; each row and paragraph links there."""
    readme = (ROOT / "README.md").read_text("utf-8")
    section = readme.partition("## How well")[2].partition("\n## ")[0]
    assert numbers(section), "nothing is claimed"
    assert numbers(section) <= numbers((ROOT / "docs" / "results.md").read_text("utf-8"))
    for part in re.split(r"\n\n|\n(?=\|)", section):
        if numbers(part):
            assert "](docs/results.md#" in part, part


def test_options_in_the_readme_are_options_of_the_program():
    text = (ROOT / "README.md").read_text("utf-8")
    usage = text[text.index("## Use it") : text.index("## How fast")]
    done = subprocess.run([sys.executable, "main.py", "--help"], cwd=ROOT, capture_output=True, text=True, check=True)
    options = set(re.findall(r"(--[a-z][\w-]*)", usage)) - {"--help"}
    assert options
    assert options <= set(re.findall(r"(--[a-z][\w-]*)", done.stdout))
