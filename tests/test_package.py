"""The wheel: what is in it, and that it reads with nothing but the dependencies it names."""

import re
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

import crnn

ROOT = Path(__file__).resolve().parent.parent
DATA = {"py.typed", "server/page.html", "data/labels/char_std_5990.txt", "weights/CRNN.h5", "weights/ngrams.npz"}
ABSENT = (
    "fastapi",
    "freetype",
    "h5py",
    "jax",
    "keras",
    "onnx",
    "py7zr",
    "tensorboard",
    "tensorflow",
    "torch",
    "uvicorn",
)  # not in a base install


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    folder = tmp_path_factory.mktemp("wheel")
    build = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)]
    result = subprocess.run(build, cwd=ROOT, capture_output=True, text=True)
    assert result.returncode == 0, result.stderr
    (path,) = folder.glob("*.whl")
    return path


def test_the_wheel_holds_the_package_and_what_it_reads_with(wheel):
    code = {path.relative_to(ROOT).as_posix() for path in (ROOT / "crnn").rglob("*.py")}
    with zipfile.ZipFile(wheel) as archive:
        names = {name for name in archive.namelist() if ".dist-info/" not in name}
    assert names == code | {f"crnn/{name}" for name in DATA}


def test_the_version_has_one_place_and_a_heading_in_the_changelog(wheel):
    assert wheel.name == f"crnn-{crnn.__version__}-py3-none-any.whl"
    assert re.fullmatch(r"\d+\.\d+\.\d+", crnn.__version__)
    headings = re.findall(r"(?m)^## (\S+)", (ROOT / "CHANGELOG.md").read_text(encoding="utf-8"))
    assert crnn.__version__ in headings


def test_the_wheel_reads_with_its_dependencies_alone(wheel, tmp_path):
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(tmp_path)
    code = f"""
        import sys
        sys.modules.update(dict.fromkeys({ABSENT!r}))  # importing one of them fails
        sys.path.insert(0, {str(tmp_path)!r})
        import crnn
        line = crnn.read({str(ROOT / "asset" / "price.png")!r})
        print(crnn.__file__, ascii(line.text), sep="\\n")
    """
    command = [sys.executable, "-I", "-c", "\n".join(line.strip() for line in code.splitlines())]
    result = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True)
    assert result.returncode == 0, result.stderr
    file, text = result.stdout.splitlines()
    assert Path(file).is_relative_to(tmp_path)
    labels = dict(row.split("\t") for row in (ROOT / "asset" / "labels.tsv").read_text(encoding="utf-8").splitlines())
    assert text == ascii(labels["price.png"])
