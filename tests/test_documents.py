"""What the documents name exists: files behind links, modules behind commands, modules of the source tree."""

import re
from argparse import ArgumentParser
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path

import pytest

from crnn import cli

ROOT = Path(__file__).resolve().parent.parent
DOCUMENTS = sorted(
    path
    for folder in ("", "asset", "data", "docs", "docs/guide", "tests", "weights")
    for path in (ROOT / folder).glob("*.md")
)
SCRIPTS = {"demo_infer.py": "read", "unpacking_data.py": "unpack", "train.py": "train"}  # and their commands
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


def commands_of(path):
    """Commands of this project in the code blocks of a document: words, comments and variables left out."""
    fences = re.findall(r"(?m)^```(\w*)\n(.*?)^```$", path.read_text(encoding="utf-8"), re.DOTALL)
    blocks = [code for kind, code in fences if kind in ("", "sh", "console")]
    for row in "\n".join(blocks).replace("\\\n", " ").splitlines():
        for command in row.partition(" #")[0].split(" && "):
            words = [word for word in command.split() if "=" not in word or word.startswith("-")]
            if words[:1] == ["crnn"] or (words[:1] == ["python"] and words[1:2] not in ([], ["-m"])):
                yield words[1:] if words[0] == "crnn" else [SCRIPTS[words[1]], *words[2:]]
            elif words[:2] == ["python", "-m"] and words[2].startswith("crnn"):
                yield words[2:]


class Parsed(Exception):
    """The command line of a command has been read, and is right."""


@pytest.mark.parametrize("path", CURRENT, ids=lambda path: str(path.relative_to(ROOT)))
def test_commands_have_options_that_exist(path, capsys, monkeypatch):
    parse = ArgumentParser.parse_args

    def stop(*arguments):
        raise Parsed(parse(*arguments))

    monkeypatch.setattr(ArgumentParser, "parse_args", stop)
    for name, *words in commands_of(path):
        module = cli.COMMANDS[name].module if name in cli.COMMANDS else name
        module = f"{module}.__main__" if find_spec(module).submodule_search_locations else module
        try:
            with pytest.raises(Parsed):
                import_module(module).main(words)
        except SystemExit:
            pytest.fail(f"{name} {' '.join(words)}: {capsys.readouterr().err}")


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
