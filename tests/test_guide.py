"""The guide: its pages build, its figures can be drawn, its commands and its notebook run."""

import itertools
import json
import os
import re
import shutil
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest

from crnn import ctc
from crnn.paths import ASSETS
from crnn.tools.guide import lattice
from crnn.tools.guide.__main__ import FIGURES, main

ROOT = Path(__file__).resolve().parent.parent
GUIDE = ROOT / "docs" / "guide"
MAX_FIGURE = 60_000  # bytes
BLOCK = re.compile(r"(?m)^```(\w+)\n(.*?)^```$", re.DOTALL)
# What a reader has: text, and pictures of it
LABELS = "asset/price.png\t限时特惠\nasset/kai.png\t外婆院子里\nasset/poem.png\t雨过小桥\nasset/phone.png\t客服热线\n"
FEW = {"--epochs 20": "--epochs 1", "--images 4000": "--images 12", "--batches 10": "--batches 3"}


def run(command, folder, **environment):
    """Run a command in a folder as a reader of the guide does, with the Python of the tests."""
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    variables = os.environ | {"PATH": path, "PYTHONUTF8": "1"} | environment
    return subprocess.run(command, cwd=folder, env=variables, capture_output=True, text=True, encoding="utf-8")


@pytest.fixture
def project(tmp_path):
    """A copy of what the commands of the guide need of the project, so that they write nothing into it."""
    for name in ("asset", "weights"):
        (tmp_path / name).symlink_to(ROOT / name, target_is_directory=True)
    shutil.copytree(ROOT / "crnn", tmp_path / "crnn", ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("demo_infer.py", "train.py", "unpacking_data.py"):
        shutil.copy(ROOT / name, tmp_path)
    shutil.copytree(ROOT / "data", tmp_path / "data", ignore=shutil.ignore_patterns("part_?", "part_??"))
    return tmp_path


@pytest.mark.skipif(find_spec("mkdocs") is None, reason="MkDocs is not installed: pip install '.[docs]'")
def test_the_pages_build_without_a_warning(tmp_path):
    command = [sys.executable, "-m", "mkdocs", "build", "--strict", "--config-file", str(ROOT / "mkdocs.yml")]
    result = run([*command, "--site-dir", str(tmp_path / "site")], ROOT, NO_MKDOCS_2_WARNING="1")
    assert result.returncode == 0 and "WARNING" not in result.stderr, result.stderr
    pages = {path.relative_to(tmp_path / "site").as_posix() for path in (tmp_path / "site").rglob("*.html")}
    assert {"index.html", "guide/principle.html", "weights/index.html", "architecture.html"} <= pages
    assert "hooks.py" not in {path.name for path in (tmp_path / "site").rglob("*")}


def test_every_figure_is_there_small_and_shown():
    shown = re.findall(r"\]\(figures/(\w+)\.svg\)", "".join(path.read_text("utf-8") for path in GUIDE.glob("*.md")))
    assert set(shown) == set(FIGURES) == {path.stem for path in (GUIDE / "figures").glob("*.svg")}
    assert all(path.stat().st_size < MAX_FIGURE for path in (GUIDE / "figures").iterdir())


def texts_of(path):
    return re.findall(r"<text [^>]*>(.*?)</text>", path.read_text(encoding="utf-8"))


def test_colour_adding_changes_readings_and_the_figure_shows_both(run_main, tmp_path):
    assert run_main(main, tmp_path, "--only", "colour_adding").returncode == 0
    texts = texts_of(tmp_path / "colour_adding.svg")
    without, with_colour = texts[1::4], texts[3::4]
    assert texts[0] == "as it is" and len(without) == len(with_colour) == 3
    assert sum(a != b and b.startswith(a[:-1]) for a, b in zip(without, with_colour, strict=True)) >= 2


def test_the_figures_of_ctc_show_paths_that_give_the_words(run_main, tmp_path):
    assert run_main(main, tmp_path, "--only", "alignments", "doubled", "lattice", "spaces").returncode == 0
    assert texts_of(tmp_path / "alignments.svg").count("state") == 2
    assert "letter" in texts_of(tmp_path / "doubled.svg")
    readings = texts_of(tmp_path / "spaces.svg")
    assert "stat ion" in readings and "station" in readings
    (said,) = re.findall(r"the probability (\S+)\. The CTC loss is -log \1 = (\S+)\.", "".join(texts_of(
        tmp_path / "lattice.svg")))  # fmt: skip
    assert float(said[1]) == pytest.approx(-np.log(float(said[0])), abs=2e-3)


@pytest.mark.parametrize("labels", [[0, 1], [1, 1], [0], [1, 0, 0]])
def test_the_lattice_sums_up_every_path(labels):
    steps, blank = 5, 2
    probabilities = np.random.default_rng(3).dirichlet(np.ones(3), steps)
    paths = [np.array(p) for p in itertools.product(range(3), repeat=steps)]
    right = [path for path in paths if ctc.labels_of_path(path, blank) == labels]
    likely = [probabilities[np.arange(steps), path].prod() for path in right]
    assert lattice.text_probability(probabilities, labels) == pytest.approx(sum(likely))
    assert lattice.count_paths(steps, labels, blank) == len(right)
    states, shares = lattice.states_of(labels, blank), lattice.posteriors(probabilities, labels)
    np.testing.assert_allclose(shares.sum(axis=1), 1)
    blanks = sum(p for path, p in zip(right, likely, strict=True) if path[2] == blank) / sum(likely)
    assert shares[2, [state == blank for state in states]].sum() == pytest.approx(blanks)


def blocks(page, kind):
    """Code of a kind in a page of the guide."""
    return [code for name, code in BLOCK.findall((GUIDE / page).read_text(encoding="utf-8")) if name == kind]


@pytest.mark.parametrize("page", ["user.md", "technical.md", "principle.md"])
def test_the_python_of_a_page_runs(page, project):
    code = "\n".join(blocks(page, "python"))
    result = run([sys.executable, "-c", code], project, TF_CPP_MIN_LOG_LEVEL="3")
    assert result.returncode == 0, result.stderr
    if page == "principle.md":
        assert result.stdout.count("gives state") == 2 and "5 paths give ab" in result.stdout


def test_the_reading_commands_of_the_guide_run(project):
    start = BLOCK.findall((ROOT / "docs" / "index.md").read_text(encoding="utf-8"))
    commands = [row for _, code in start for row in code.splitlines() if row]
    commands += [row for code in blocks("user.md", "sh") for row in code.splitlines() if row]
    installs = [command for command in commands if command.startswith("pip install")]
    assert installs == ["pip install -r requirements.txt", "pip install '.[serve]'"]  # tested by CI and the package
    others = [command for command in commands if command not in installs and command != "crnn serve"]
    for command in others:
        result = run(["bash", "-c", command], project)
        assert result.returncode == 0 and result.stdout, command + result.stderr
    assert len(others) == 5


@pytest.mark.slow
def test_the_training_commands_of_the_guide_run(project, font_folder):
    shutil.copytree(font_folder, project / "my_fonts")
    (project / "my_labels.tsv").write_text(LABELS, encoding="utf-8")
    (project / "my_text.txt").write_text("a price of 12 € or 9 £\n" * 50, encoding="utf-8")
    (table,) = [code for code in blocks("technical.md", "python") if "my_table.txt" in code]
    assert run([sys.executable, "-c", table], project).returncode == 0
    commands = "\n".join(blocks("technical.md", "sh")).splitlines()
    commands.remove("python train.py")  # an epoch of the sample; below is a shorter one
    for command in commands:
        for many, few in FEW.items():
            command = command.replace(many, few)
        command = command.replace("my_table.txt --unpacked", "my_table.txt --unpacked --batches 2")
        result = run(["bash", "-c", command], project, TF_CPP_MIN_LOG_LEVEL="3")
        assert result.returncode == 0, command + result.stdout + result.stderr
    assert "€" in (project / "runs" / "mine" / "charset.txt").read_text(encoding="utf-8")


@pytest.mark.training
def test_the_notebook_runs_from_top_to_bottom(project):
    cells = json.loads((GUIDE / "first_steps.ipynb").read_text(encoding="utf-8"))["cells"]
    code = "\n".join("".join(cell["source"]) for cell in cells if cell["cell_type"] == "code")
    assert len(cells) > 12 and all(not cell.get("outputs") for cell in cells)
    result = run([sys.executable, "-c", code], project)
    assert result.returncode == 0, result.stderr
    labels = dict(row.split("\t") for row in (ASSETS / "labels.tsv").read_text(encoding="utf-8").splitlines())
    assert result.stdout.count(labels["kai.png"]) >= 2
    assert (project / "runs" / "first_steps" / "run" / "CRNN.h5").exists()
