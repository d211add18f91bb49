"""The command ``crnn``."""

import io
import json
import shutil
import subprocess
import sys
from functools import partial
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

import crnn
from crnn import cli
from crnn.inference import demo, engines, recognizer
from crnn.inference.engines import onnx_predict

ROOT = Path(__file__).resolve().parent.parent
ASSETS = ROOT / "asset"
LABELS = dict(row.split("\t") for row in (ASSETS / "labels.tsv").read_text(encoding="utf-8").splitlines())


@pytest.fixture
def command(run_main):
    """Run ``crnn`` in this process."""
    return partial(run_main, cli.main)


def test_help_names_every_command_and_imports_none():
    code = f"import sys; sys.argv = ['crnn', '--help']; sys.path.insert(0, {str(ROOT)!r})\nfrom crnn.cli import main\n"
    code += "try: main()\nexcept SystemExit: print(sorted({'numpy', 'cv2', 'argparse'} & set(sys.modules)))"
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert all(f"    {name}" in result.stdout for name in (*cli.COMMANDS, "completion"))
    assert result.stdout.endswith("['argparse']\n")


def test_wrong_words_are_refused(command):
    assert command().returncode == command("write").returncode == command("read", "--format", "xml").returncode == 2
    assert "crnn read: error" in command("read", "--format", "xml").stderr
    assert command("--version").stdout == f"crnn {crnn.__version__}\n"


@pytest.mark.parametrize("name", cli.COMMANDS)
def test_every_command_has_help_of_its_own(command, name):
    result = command(name, "--help")
    assert result.returncode == 0 and result.stdout.startswith(f"usage: crnn {name} ")


def test_the_package_runs_as_a_module():
    result = subprocess.run([sys.executable, "-m", "crnn", "--version"], cwd=ROOT, capture_output=True, text=True)
    assert result.stdout == f"crnn {crnn.__version__}\n"


def test_the_options_of_reading_are_those_of_the_engines():
    choices = {action.dest: action.choices for action in demo.build_parser()._actions}
    assert choices["engine"] == engines.ENGINES and choices["device"] == engines.DEVICES
    assert choices["decoding"] == recognizer.DECODINGS


def test_pictures_are_read_from_stdin_and_from_nested_folders(command, monkeypatch, tmp_path):
    (tmp_path / "a" / "b").mkdir(parents=True)
    shutil.copy(ASSETS / "kai.png", tmp_path / "a" / "b")
    shutil.copy(ASSETS / "poem.png", tmp_path / "a")
    stdin = SimpleNamespace(buffer=io.BytesIO((ASSETS / "price.png").read_bytes()))
    monkeypatch.setattr(sys, "stdin", stdin)
    result = command("read", "--format", "tsv", "--recursive", "-", tmp_path)
    assert result.returncode == 0, result.stderr
    rows = [row.split("\t")[:2] for row in result.stdout.splitlines()]
    inside = [["a/b/kai.png", LABELS["kai.png"]], ["a/poem.png", LABELS["poem.png"]]]
    assert rows == [["-", LABELS["price.png"]], *([str(tmp_path / name), text] for name, text in inside)]
    flat = command("read", "--format", "tsv", tmp_path)
    assert flat.returncode == 1 and "no picture in this folder" in flat.stderr


def test_what_stdin_holds_is_named_if_it_is_no_picture(command, monkeypatch):
    monkeypatch.setattr(sys, "stdin", SimpleNamespace(buffer=io.BytesIO(b"")))
    result = command("read", "-")
    assert result.returncode == 1 and "the file is empty" in result.stderr


def test_allow_and_device(command):
    result = command("read", "--format", "json", "--allow", "0123456789.", "--device", "auto", ASSETS / "phone.png")
    assert result.returncode == 0 and result.stderr == "device: cpu\n"
    assert set(json.loads(result.stdout)["text"]) <= set("0123456789.")
    assert command("read", "--allow", "₿", ASSETS / "phone.png").returncode == 2


def test_alternatives(command):
    result = command("read", "--format", "json", "--alternatives", 2, ASSETS / "kai.png")
    record = json.loads(result.stdout)
    assert [sorted(one) for one in record["alternatives"]] == 2 * [["confidence", "text"]]
    assert record["lines"][0]["alternatives"] == record["alternatives"]
    assert "alternatives" not in json.loads(command("read", "--format", "json", ASSETS / "kai.png").stdout)
    assert command("read", "--alternatives", 2, "--decoding", "greedy", ASSETS / "kai.png").returncode == 2


def test_a_data_set_is_unpacked_and_checked(command, tmp_path):
    shutil.copytree(ROOT / "data" / "labels", tmp_path / "labels")
    (tmp_path / "img_batches").mkdir()
    shutil.copy(ROOT / "data" / "img_batches" / "part_1.7z", tmp_path / "img_batches")
    assert command("unpack", tmp_path / "img_batches").returncode == 0
    assert (tmp_path / "img_batches" / "part_1").is_dir()
    result = command("check", tmp_path)
    assert result.returncode == 1 and "label without an image" in result.stdout  # those of the other archive
    assert command("check", tmp_path / "labels").returncode == 1


def test_labelled_pictures_are_evaluated(command, tmp_path):
    (tmp_path / "labels.tsv").write_text(f"{ASSETS / 'kai.png'}\t{LABELS['kai.png']}\n", encoding="utf-8")
    result = command("evaluate", tmp_path / "labels.tsv")
    assert result.returncode == 0 and "1 lines: CER 0.00%" in result.stdout
    assert "crnn evaluate: error: name either" in command("evaluate").stderr


def test_lines_are_drawn(command, tmp_path, font_folder):
    options = ("--preview", "--images", 3, "--fonts", font_folder, "--no-system-fonts")
    assert command("synthesize", tmp_path / "lines", *options).returncode == 0
    assert (tmp_path / "lines" / "preview.png").exists()


def test_the_network_is_exported_in_integers(command, tmp_path):
    result = command("export", "--int8", tmp_path / "crnn.onnx", "--compare", ASSETS / "kai.png")
    assert result.returncode == 0, result.stderr
    assert "1 pictures, 0 read differently than by Keras" in result.stdout
    assert (tmp_path / "crnn.onnx").stat().st_size < 15_000_000
    steps = onnx_predict(str(tmp_path / "crnn.onnx"))(np.full((1, 32, 64, 1), 255, np.float32))
    assert steps.shape == (1, 15, 5991)
    refused = command("export", "--int8", tmp_path / "saved")
    assert refused.returncode == 1 and "only an ONNX file" in refused.stderr


def test_a_missing_package_is_named_with_what_brings_it(command, monkeypatch):
    monkeypatch.setitem(sys.modules, "py7zr", None)
    for module in ("__main__", "archives", "unpacking"):
        monkeypatch.delitem(sys.modules, f"crnn.dataset.{module}", raising=False)
    result = command("unpack")
    assert result.returncode == 2
    assert result.stderr == "crnn unpack needs py7zr, which is not installed: pip install 'crnn[train]'\n"


@pytest.mark.parametrize("shell", cli.SHELLS)
def test_a_shell_completes_commands_and_options(command, shell):
    result = command("completion", shell)
    assert result.returncode == 0, result.stderr
    assert "synthesize" in result.stdout and "recursive" in result.stdout


def test_bash_completes(command, tmp_path):
    script = command("completion", "bash").stdout
    script += 'COMP_WORDS=(crnn read --rec); COMP_CWORD=2; _shtab_crnn; echo "${COMPREPLY[@]}"'
    result = subprocess.run(["bash", "-c", script], capture_output=True, text=True)
    assert result.stdout.split() == ["--recursive"], result.stderr
