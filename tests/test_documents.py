"""What the documents name exists: files behind links, modules behind commands, modules of the source tree."""

import re
from importlib.util import find_spec
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
DOCUMENTS = sorted(
    path
    for folder in ("", "asset", "data", "docs", "docs/guide", "tests", "weights")
    for path in (ROOT / folder).glob("*.md")
)
CURRENT = [path for path in DOCUMENTS if path.name != "CHANGELOG.md"]  # which also lists former names


def anchors(path):
    """Anchors of a document's headings, as GitHub makes them."""
    headings = re.findall(r"(?m)^#+ (.*)$", path.read_text(encoding="utf-8"))
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_links_lead_to_files_and_headings(path):
    broken = []
    for link in re.findall(r"\]\(([^)\s]+)\)", path.read_text(encoding="utf-8")):
        name, _, anchor = link.partition("#")
        target = (path.parent / name).resolve() if name else path
        if not link.startswith("http") and (not target.exists() or (anchor and anchor not in anchors(target))):
            broken.append(link)
    assert broken == []


@pytest.mark.parametrize("path", CURRENT, ids=lambda path: str(path.relative_to(ROOT)))
def test_commands_name_modules_that_exist(path):
    modules = re.findall(r"python -m (crnn[\w.]*)", path.read_text(encoding="utf-8"))
    assert [module for module in modules if find_spec(module) is None] == []


def test_the_source_tree_of_the_document_is_that_of_the_repository():
    tree = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8").split("```")[1]
    named, folder = set(), ROOT
    for line in tree.splitlines():
        indent = len(line) - len(line.lstrip())
        if line.strip().startswith("crnn/"):
            folder = ROOT / "crnn"
        elif match := re.match(r"\s+(\w+)/ ", line):
            folder = (ROOT / "crnn" if indent == 2 else folder) / match[1]
        elif folder != ROOT and line[0] == " ":
            names, parent = line.strip().split("  ")[0], ROOT / "crnn" if indent == 2 else folder
            named |= {parent / name for name in names.split() if name.endswith(".py")}
    assert named == {path for path in (ROOT / "crnn").rglob("*.py") if path.name != "__init__.py"}


def test_the_tests_that_the_document_of_reliability_names_exist():
    document = (ROOT / "docs" / "reliability.md").read_text(encoding="utf-8")
    sources = {path.name: path.read_text(encoding="utf-8") for path in (ROOT / "tests").glob("*.py")}
    defined = set(re.findall(r"(?m)^def (test_\w+)", "\n".join(sources.values())))
    named = set(re.findall(r"`(test_\w+)`", document))
    assert named and named <= defined
    assert set(re.findall(r"`(test_\w+\.py)`", document)) <= set(sources)
