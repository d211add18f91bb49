"""Archives for tests, and what unpacking leaves behind."""

import os
import shutil
import subprocess

import py7zr
import pytest

from crnn.dataset import extraction

PROGRAM = next(filter(None, map(shutil.which, extraction.PROGRAMS)), None)
needs_7z = pytest.mark.skipif(not PROGRAM, reason="7z is not installed")


def make_archive(folder, members, filters=None, number=1):
    """Write ``part_K.7z`` with members name -> bytes, without a folder beside it."""
    archive = folder / f"part_{number}.7z"
    with py7zr.SevenZipFile(archive, "w", filters=filters) as packed:
        for name, content in members.items():
            packed.writestr(content, name)
    return archive


def seven_zip(folder, *options):
    """Have 7-Zip write ``part_1.7z`` of random images in ``folder``."""
    batch = folder / "part_1" / "batch_1"
    batch.mkdir(parents=True)
    for number in range(3):
        (batch / f"{number}.jpg").write_bytes(os.urandom(2000))
    subprocess.run([PROGRAM, "a", "-bd", "-bso0", *options, "part_1.7z", "part_1"], cwd=folder, check=True)
    shutil.rmtree(folder / "part_1")
    return folder / "part_1.7z"


def leftovers(folder):
    """Names of what an unpacking may leave behind."""
    return [path.name for path in folder.iterdir() if path.name.startswith(".")]
