"""The commands and snippets of the documents, as written: parsed by their own parsers, and run where that is quick."""

import argparse
import os
import re
import shlex
import shutil
import subprocess
import sys
import tomllib
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from pathlib import Path
from xml.etree import ElementTree

import pytest

from crnn import cli

ROOT = Path(__file__).resolve().parent.parent
LOGS = ("docs/experiments.md", "docs/benchmarks.md")  # whose commands are those of the commit that an entry names
READMES = ("README.md", "README.zh-CN.md")
DOCUMENTS = [
    *READMES,
    "CONTRIBUTING.md",
    *(f"{folder}/README.md" for folder in ("asset", "data", "tests", "weights")),
    *sorted({path.relative_to(ROOT).as_posix() for path in (ROOT / "docs").rglob("*.md")} - {*LOGS}),
]
SCRIPTS = {
    "demo_infer.py": "crnn.inference.demo",
    "unpacking_data.py": "crnn.dataset.__main__",
    "train.py": "crnn.training.__main__",
}
SHELL = ("pip", "git", "export", ".", "cd", ".ci/run", "curl", "docker")  # programs that are no command of the project
# First words of blocks that hold no command, and what they show
NO_COMMANDS = {
    "...": "what a command prints",
    "demo_infer.py": "the source tree, which test_documents.py compares",
    "scripts,": "the dependency rule, which test_imports.py checks",
    "data/labels/char_std_5990.txt": "the files of a data set",
    "20455828_2605100732.jpg": "a line of a label file",
}
# Commands that are parsed and not run here, and why
PARSED = {
    "crnn.training.__main__": "trains; the tests marked training train a little",
    "crnn.synthesis.__main__": "draws 100,000 lines; test_cli.py and test_synthesis.py draw a few",
    "crnn.tools.download_corpus": "downloads 6 GB; test_gather.py runs it on packages of its own",
    "crnn.tools.render_in_browser": "needs Chromium; test_browser.py",
    "crnn.tools.mine_hard_characters": "reads the whole table in every font, which takes minutes",
    "crnn.tools.pack": "test_pack.py packs and unpacks",
    "crnn.tools.count_ngrams": "counts 200,000 made-up lines, which takes minutes; test_ngrams.py",
    "crnn.tools.benchmark_inference": "measures for minutes",
    "crnn.tools.benchmark_data": "measures for minutes",
    "crnn.evaluation.robustness": "reads everything in 46 forms; test_robustness.py",
    "crnn.tools.comparison": "needs other readers",
    "crnn.server.__main__": "serves until it is stopped; test_server.py",
    "crnn.cluster.__main__": "needs Ray; test_cluster.py",
    "tests.fuzz": "its length is one of its options; test_damage.py runs the same damages",
    "pytest": "it is what runs this",
}


@dataclass(frozen=True)
class Command:
    """A command of a document: its words, and the shell line that it stands in."""

    document: str
    words: tuple[str, ...]
    line: str

    def __str__(self):
        return f"{self.document}: {shlex.join(self.words)}"[:100]

    @property
    def module(self):
        """The module whose ``main`` the command runs, and its arguments; None for a program of the shell."""
        program, *rest = self.words
        if program == "crnn":
            return "crnn.cli", rest
        if program != "python" or not rest:
            return None
        if rest[0] != "-m":
            return SCRIPTS.get(rest[0], rest[0]), rest[1:]
        name = rest[1]
        if name == "venv":  # of Python itself
            return None
        folder = name.startswith("crnn") and (ROOT / name.replace(".", "/")).is_dir()
        return name + (".__main__" if folder else ""), rest[2:]

    @property
    def parsed_because(self):
        """Why it is not run here, or None."""
        module, arguments = self.module
        if module == "crnn.cli" and arguments and arguments[0] in cli.COMMANDS:
            module = cli.COMMANDS[arguments[0]].module
        if module == "crnn.training.__main__" and "--check" in arguments:
            return None
        if "--synthetic" in arguments:
            return "draws and reads 1,000 lines or more; test_evaluation.py takes a few"
        return PARSED.get(module)


def blocks(document, language):
    text = (ROOT / document).read_text(encoding="utf-8")
    return [body for kind, body in re.findall(r"(?ms)^```(\w*)\n(.*?)^```$", text) if kind == language]


def commands_of(text, document):
    """Commands of shell lines: those between ``&&`` on their own, without variables before them and comments behind."""
    for line in text.replace("\\\n", " ").splitlines():
        words = shlex.split(line, comments=True)
        while words:
            end = words.index("&&") if "&&" in words else len(words)
            own, words = words[:end], words[end + 1 :]
            while own and re.fullmatch(r"[A-Z_]+=.*", own[0]):
                own.pop(0)
            if own:
                yield Command(document, tuple(own), line)


def in_text(document):
    """Commands of the project that stand between back quotes in a sentence or a table."""
    prose = re.sub(r"(?ms)^```.*?^```$", "", (ROOT / document).read_text(encoding="utf-8"))
    for span in re.findall(r"`((?:python (?:-m |\w+\.py)|crnn )[^`]*)`", prose):
        if "..." not in span:
            yield from commands_of(span, document)


IN_BLOCKS = [
    command
    for document in DOCUMENTS
    for language in ("", "sh")
    for block in blocks(document, language)
    if block.split()[0] not in NO_COMMANDS
    for command in commands_of(block, document)
]
IN_TEXT = [command for document in DOCUMENTS for command in in_text(document)]
OWN = [command for command in IN_BLOCKS + IN_TEXT if command.module]
# test_guide.py runs the guide; the commands of the Chinese README are those of the English one
RUNNING = [name for name in DOCUMENTS if not name.startswith("docs/guide/") and name != READMES[1]]
RUN = [one for one in dict.fromkeys(IN_BLOCKS) if one.document in RUNNING and one.module and not one.parsed_because]
SNIPPETS = [(document, code) for document in RUNNING for code in blocks(document, "python")]


def test_each_block_is_of_a_known_kind():
    first = {block.split()[0] for document in DOCUMENTS for block in blocks(document, "")}
    assert first - NO_COMMANDS.keys() <= {"python", "crnn", "KERAS_BACKEND=jax", *SHELL}
    assert NO_COMMANDS.keys() <= first  # else a reason has outlived its block
    assert {command.words[0] for command in IN_BLOCKS} <= {"python", "crnn", *SHELL}


class Parsed(Exception):
    """Ends a command once its arguments are parsed."""


@pytest.mark.parametrize("command", dict.fromkeys(OWN), ids=str)
def test_options_are_those_of_the_command(command, monkeypatch, capsys):
    module, arguments = command.module
    if module == "pytest":
        assert all((ROOT / path).exists() for path in arguments if path.startswith("tests/"))
        return
    parse = argparse.ArgumentParser.parse_args

    def parse_only(parser, *given, **more):
        parse(parser, *given, **more)
        raise Parsed

    arguments = ["1" if word == "N" else word for word in arguments]  # a number that the reader chooses
    monkeypatch.setattr(argparse.ArgumentParser, "parse_args", parse_only)
    monkeypatch.setattr(sys, "argv", [module, *arguments])
    main = import_module(module).main
    try:
        with pytest.raises(Parsed):
            main(arguments)
    except SystemExit as end:
        assert end.code == 0 and "--help" in arguments, capsys.readouterr().err


def test_packages_and_extras_that_are_installed_exist():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    texts = "".join((ROOT / document).read_text(encoding="utf-8") for document in DOCUMENTS)
    for pair in re.findall(r"pip install (?:-e )?'?(?:crnn|\.)\[(\w+)\]", texts):
        assert pair in project["optional-dependencies"]
    for path in re.findall(r"pip install -r ([\w./-]+\w)", texts):
        assert (ROOT / path).is_file()


def test_both_readmes_have_the_same_commands_and_snippets():
    english, chinese = ([command.words for command in IN_BLOCKS if command.document == name] for name in READMES)
    assert english == chinese
    assert blocks(READMES[0], "python") == blocks(READMES[1], "python")


@pytest.fixture(scope="module")
def checkout(tmp_path_factory, font_folder):
    """A copy of the checkout with the files that the documents speak of, and the command ``crnn``."""
    folder = tmp_path_factory.mktemp("checkout")
    for name in ("crnn", "asset", "data"):
        shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__", "part_1", "part_2"))
    shutil.copytree(ROOT / "weights", folder / "weights")
    for name in SCRIPTS:  # no links: Python would look for the package where they lead
        shutil.copy(ROOT / name, folder / name)
    for name, picture in (
        ("scan.png", "kai.png"),
        ("screenshots/one.png", "menu.png"),
        ("pictures/nested/two.png", "url.png"),
    ):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / "asset" / picture, folder / name)
    rows = (ROOT / "asset" / "labels.tsv").read_text(encoding="utf-8").splitlines()
    rows = [row for row in rows if not row.startswith("long.png")]  # which is too long to learn from
    (folder / "my_labels.tsv").write_text("".join(f"asset/{row}\n" for row in rows), encoding="utf-8")
    for run in ("synthetic", "pictures", "batches"):
        (folder / "runs" / run).mkdir(parents=True)
        for name in ("CRNN.h5", "log.csv"):
            shutil.copy(ROOT / "weights" / name, folder / "runs" / run / name)
    for name in ("FOLDER", "FONTS", "FACES", "BITMAPS"):
        (folder / name).symlink_to(font_folder)
    for name in ("TEXTS", "HELDOUT"):
        (folder / name).mkdir()
        (folder / name / "some.txt").write_text("今天天气很好，我们去公园。" * 20, encoding="utf-8")
    (folder / "bin").mkdir()
    script = folder / "bin" / "crnn"
    script.write_text('#!/bin/sh\nexec python -m crnn "$@"\n')
    script.chmod(0o755)
    return folder


@cache
def run_in(checkout, *command):
    path = os.pathsep.join((str(checkout / "bin"), str(Path(sys.executable).parent), os.environ["PATH"]))
    stdin = (ROOT / "asset" / "phone.png").read_bytes()
    return subprocess.run(command, cwd=checkout, env=os.environ | {"PATH": path}, input=stdin, capture_output=True)


posix = pytest.mark.skipif(os.name != "posix", reason="the lines are of a POSIX shell")


@posix
@pytest.mark.parametrize("line", dict.fromkeys(c.line for c in RUN if c.document == "README.md"))
def test_lines_of_the_readme_run(checkout, line):
    run_line(checkout, line)


@posix
@pytest.mark.slow  # some load Keras or draw
@pytest.mark.parametrize("line", dict.fromkeys(c.line for c in RUN if c.document != "README.md"))
def test_lines_of_the_other_documents_run(checkout, line):
    run_line(checkout, line)


def run_line(checkout, line):
    """Run the commands of a line one after another, as the shell does; what is only parsed is left out."""
    commands = [command for command in commands_of(line, "") if command.module and not command.parsed_because]
    for command in commands:
        if command.words[:3] == ("python", "-m", "crnn.dataset.writer"):  # which writes over nothing
            shutil.rmtree(checkout / "my_data", ignore_errors=True)
        result = run_in(checkout, *command.words)
        assert result.returncode == 0, result.stderr.decode()


@posix
@pytest.mark.parametrize("code", dict.fromkeys(code for _, code in SNIPPETS))
def test_snippets_run(checkout, code):
    result = run_in(checkout, "python", "-c", code)
    assert result.returncode == 0, result.stderr.decode()


@posix
def test_the_readme_shows_what_is_printed(checkout):
    def without_times(text):
        return re.sub(r"time is:[\d.]+s", "time is:", text)

    printed = without_times(run_in(checkout, "python", "demo_infer.py").stdout.decode())
    (shown,) = (block for block in blocks("README.md", "") if block.startswith("..."))
    results = [part.strip() for part in without_times(shown).split("...") if part.strip()]
    assert results and all(part in printed for part in results)


def test_the_picture_of_the_readme_is_what_the_network_reads(tmp_path, run_main):
    """Text by text; where the boxes are and how sure they are may change with the weights."""

    def texts(path):
        root = ElementTree.parse(path).getroot()
        return ["".join(text.itertext()) for text in root.iter("{http://www.w3.org/2000/svg}text")]

    assert run_main(cli.main, "read", "--draw", tmp_path, ROOT / "docs" / "notice.png").returncode == 0
    shown = texts(ROOT / "docs" / "notice.png.svg")
    assert len(shown) == 7 and shown == texts(tmp_path / "notice.png.svg")


@pytest.mark.parametrize("name", READMES)
def test_a_readme_is_short(name):
    assert len((ROOT / name).read_text(encoding="utf-8").splitlines()) <= 150
