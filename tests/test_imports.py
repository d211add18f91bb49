"""What may import what: the rule between the packages of crnn, and what a process loads for one task."""

import ast
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
# From the top; each may import what stands on lines below its own.
ORDER = (
    {"cli"},
    {"tools", "server", "cluster"},
    {"training"},
    {"evaluation"},
    {"synthesis"},
    {"inference", "dataset"},
    {"model"},
    {"charset", "console", "ctc", "files", "geometry", "normalization", "paths", "tiff"}
    | {"image", "image_file", "image_header", "image_pages"},
)
LEVEL = {name: level for level, names in enumerate(ORDER) for name in names}
EXCEPT = {("inference", "dataset"), ("dataset", "inference"), ("dataset", "model"), ("synthesis", "inference")}
EXCEPT |= {
    (own, name) for own in ("server", "cluster") for name in ("training", "evaluation", "synthesis", "dataset", "model")
}


def imports_of(path):
    """Names of the packages and modules directly in crnn that a file imports, wherever in it."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.module == "crnn":
            yield from (alias.name for alias in node.names if alias.name[0] != "_")
        elif isinstance(node, ast.ImportFrom) and (node.module or "").startswith("crnn."):
            yield node.module.split(".")[1]
        elif isinstance(node, ast.Import):
            yield from (alias.name.split(".")[1] for alias in node.names if alias.name.startswith("crnn."))


def test_every_file_has_its_place_in_the_order():
    inside = [path for path in (ROOT / "crnn").iterdir() if path.name[0] != "_" and path.suffix in ("", ".py")]
    assert {path.stem for path in inside} == set(LEVEL)


def test_no_import_runs_upwards():
    wrong = []
    for path in sorted((ROOT / "crnn").rglob("*.py")):
        parts = path.relative_to(ROOT / "crnn").parts
        own = parts[0].removesuffix(".py")
        if own in ("__init__", "__main__"):
            continue
        for other in imports_of(path):
            lower = LEVEL[other] > LEVEL[own] or other == own or "geometry" in LEVEL and own in ORDER[-1]
            if not lower or (own, other) in EXCEPT:
                wrong.append(f"{'/'.join(parts)} imports {other}")
    assert not wrong


@pytest.mark.parametrize(
    ("package", "frameworks"), [("server", "fastapi|starlette|uvicorn"), ("cluster", "ray|pyarrow")]
)
def test_one_package_alone_imports_a_framework(package, frameworks):
    paths = [path for path in (ROOT / "crnn").rglob("*.py") if path.parent.name != package]
    framework = re.compile(rf"(?m)^\s*(?:import|from) (?:{frameworks})\b")
    assert [path for path in paths if framework.search(path.read_text("utf-8"))] == []


@pytest.mark.parametrize(
    ("module", "absent"),
    [
        ("crnn", "numpy cv2 keras onnxruntime"),
        (
            "crnn.inference.recognizer crnn.inference.demo crnn.inference.onnx_graph",
            "keras tensorflow freetype py7zr crnn.training crnn.synthesis crnn.dataset crnn.evaluation",
        ),
        (
            "crnn.server.app crnn.inference.recognizer",
            "keras tensorflow freetype crnn.training crnn.synthesis crnn.dataset crnn.evaluation",
        ),
        ("crnn.server.__main__", "cv2 numpy fastapi uvicorn"),
        ("crnn.cluster.__main__", "cv2 numpy ray pyarrow"),
        ("crnn.dataset.validation", "keras tensorflow crnn.model crnn.inference"),
        ("crnn.training.dataset_trainer", "freetype crnn.synthesis crnn.inference"),
        ("crnn.synthesis.batch_stream", "keras tensorflow crnn.model crnn.inference crnn.training"),
    ],
)
def test_a_task_loads_nothing_it_does_not_need(module, absent):
    code = f"import sys, {', '.join(module.split())}; print(*(set({absent.split()!r}) & set(sys.modules)))"
    result = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True)
    assert result.returncode == 0, result.stderr
    assert result.stdout.split() == []


def test_no_module_is_longer_than_three_hundred_lines():
    lengths = {path: len(path.read_text("utf-8").splitlines()) for path in (ROOT / "crnn").rglob("*.py")}
    assert [f"{path}: {lines}" for path, lines in lengths.items() if lines > 300] == []
