"""Reading with workers, to Parquet: the parts of a run, what a worker writes, and a cluster of two nodes.

They need the extra ``cluster``; the test of a whole cluster is slow.
"""

import os
import random
import signal
import subprocess
import sys
import time
import warnings
from importlib.util import find_spec
from pathlib import Path

import cv2
import numpy as np
import pytest

from crnn.image import read_grayscale
from crnn.inference.recognizer import Recognizer
from crnn.normalization import resize_to_height
from crnn.paths import ASSETS

pytestmark = [
    pytest.mark.skipif(not (find_spec("ray") and find_spec("pyarrow")), reason="needs pip install '.[cluster]'"),
    pytest.mark.filterwarnings("ignore"),  # of Ray's own
]
ROOT = Path(__file__).resolve().parent.parent
REPEATS = 42  # of 24 pictures: a thousand and some


def picture(number):
    image = np.full((32, 60), 255, np.uint8)
    image[8:24, 10 : 20 + number] = 0
    return image


@pytest.fixture
def folder(tmp_path):
    """Seven pictures, one of them in a folder within, and one that is damaged."""
    inside = tmp_path / "pictures"
    (inside / "more").mkdir(parents=True)
    for number in range(6):
        cv2.imwrite(str(inside / f"{number}.png"), picture(number))
    cv2.imwrite(str(inside / "more" / "6.png"), picture(6))
    (inside / "7.png").write_bytes((inside / "0.png").read_bytes()[:40])
    return inside


def parquet(path, pictures, kind="binary", rows_a_group=100):
    import pyarrow as pa
    import pyarrow.parquet as pq

    data = [cv2.imencode(".png", image)[1].tobytes() for image in pictures]
    column = data if kind == "binary" else [{"bytes": one, "path": f"{n}.png"} for n, one in enumerate(data)]
    table = pa.table({"id": range(len(data)), "image": column})
    pq.write_table(table, path, row_group_size=rows_a_group)


def loaded(parts):
    """The names and images of all parts; None for what cannot be loaded."""
    for part in parts:
        for name, load in part.pictures():
            try:
                yield name, load()
            except ValueError:
                yield name, None


def test_a_folder_and_a_list_of_paths_are_cut_into_parts(folder, tmp_path):
    from crnn.cluster.parts import parts_of

    parts = parts_of(folder, 3)
    assert [len(part.paths) for part in parts] == [3, 3, 2]
    images = dict(loaded(parts))
    assert {Path(name).name for name in images} == {f"{number}.png" for number in range(8)}
    assert [name for name, image in images.items() if image is None] == [str(folder / "7.png")]
    manifest = tmp_path / "list.txt"
    manifest.write_text("pictures/4.png\n\npictures/more/6.png\nnone.png\n")
    names, images = zip(*loaded(parts_of(manifest, 2)), strict=True)
    assert [Path(name).name for name in names] == ["4.png", "6.png", "none.png"]
    np.testing.assert_array_equal(images[1], picture(6))
    assert images[2] is None


@pytest.mark.parametrize("kind", ["binary", "struct"])
@pytest.mark.parametrize("rows_a_group", [2, 100, 200])
def test_rows_of_parquet_files_are_cut_into_parts(tmp_path, kind, rows_a_group):
    from crnn.cluster.parts import parts_of

    parquet(tmp_path / "a.parquet", [picture(number % 30) for number in range(150)], kind, rows_a_group)
    parquet(tmp_path / "b.parquet", [picture(7)], kind)
    parts = parts_of(tmp_path, 70)
    assert [part.number for part in parts] == list(range(len(parts))) and max(part.rows for part in parts) <= 70
    names, images = zip(*loaded(parts), strict=True)
    assert len(images) == 151 and (len(set(names)) == 151 or kind == "struct")
    for number, image in enumerate(images):
        np.testing.assert_array_equal(image, picture(number % 30 if number < 150 else 7))


def test_what_cannot_be_read_is_refused(tmp_path, folder):
    from crnn.cluster.parts import parts_of

    (tmp_path / "empty").mkdir()
    (tmp_path / "bad.parquet").write_bytes(b"PAR1 and no more")
    parquet(tmp_path / "good.parquet", [picture(0)])
    for source, column, message in (
        ("empty", None, "empty: has no picture"),
        ("bad.parquet", None, r"bad\.parquet: "),
        ("good.parquet", "id", "no column id that holds bytes"),
    ):
        with pytest.raises(ValueError, match=message):
            parts_of(tmp_path / source, 10, column)
    with pytest.raises(OSError, match="nothing"):
        parts_of(tmp_path / "nothing", 10)


def test_a_run_goes_on_with_the_parts_that_have_no_file(tmp_path, folder):
    from crnn.cluster.parts import begin, parts_of

    parts, results = parts_of(folder, 3), tmp_path / "results"
    assert begin(results, parts, {"lines": "auto"}) == parts
    (results / parts[1].file_name).touch()
    assert begin(results, parts, {"lines": "auto"}) == [parts[0], parts[2]]
    for others, settings in ((parts_of(folder, 2), {"lines": "auto"}), (parts, {"lines": "one"})):
        with pytest.raises(ValueError, match="results: holds the results of other pictures"):
            begin(results, others, settings)


def test_a_part_has_a_row_for_each_picture_and_the_reason_of_those_not_read(tmp_path, folder):
    import pickle

    import pyarrow.parquet as pq

    from crnn.cluster.parts import parts_of
    from crnn.cluster.worker import SCHEMA, PartReader
    from crnn.paths import DEFAULT_WEIGHTS

    asset = ASSETS / "kai.png"
    (folder / "99.png").write_bytes(asset.read_bytes())
    (part,) = parts_of(folder, 100)
    reader = PartReader(str(tmp_path), str(DEFAULT_WEIGHTS), None, "beam", None, "auto")
    count = reader({"part": pickle.dumps(part)})
    assert (count["pictures"], count["unread"]) == (9, 1) and count["seconds"] > 0
    table = pq.read_table(tmp_path / part.file_name)
    assert table.schema.names == SCHEMA.names
    rows = {Path(row["path"]).name: row for row in table.to_pylist()}
    line = Recognizer().read(asset)
    row = rows["99.png"]
    assert (row["text"], row["error"], row["width"]) == (line.text, None, line.width)
    assert row["confidence"] == pytest.approx(line.confidence) and row["seconds"] > 0
    assert [one["text"] for one in row["lines"]] == [line.text] and row["lines"][0]["x1"] == line.width
    broken = rows["7.png"]
    assert broken["text"] is None and "7.png: " in broken["error"]
    before = os.stat(tmp_path / part.file_name)
    assert reader({"part": pickle.dumps(part)}) == count  # it is there, and not read again
    assert os.stat(tmp_path / part.file_name).st_mtime_ns == before.st_mtime_ns
    assert sorted(os.listdir(tmp_path)) == [part.file_name, "pictures"]


@pytest.fixture
def cluster():
    """Two nodes of one core each on this machine."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from ray.cluster_utils import Cluster

        nodes = Cluster(initialize_head=True, head_node_args={"num_cpus": 1, "include_dashboard": False})
        nodes.add_node(num_cpus=1)
    yield nodes.address
    nodes.shutdown()


def workers():
    """Process numbers of workers that were started for this process."""
    parents, found = {}, []
    for path in Path("/proc").glob("[0-9]*"):
        try:
            parents[int(path.name)] = int((path / "stat").read_text().rpartition(")")[2].split()[1])
            if b"ray::MapWorker" in (path / "cmdline").read_bytes():
                found.append(int(path.name))
        except OSError:  # it has just ended
            continue
    for number in found:
        ancestor = number
        while ancestor in parents and ancestor != os.getpid():
            ancestor = parents[ancestor]
        if ancestor == os.getpid():
            yield number


@pytest.mark.slow
@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="needs /proc")
def test_a_thousand_pictures_over_two_nodes_of_which_workers_are_killed(cluster, tmp_path):
    import pyarrow.parquet as pq

    pictures = tmp_path / "pictures"
    pictures.mkdir()
    for number, path in enumerate(sorted(ASSETS.glob("*.[pj]*g"))):
        first = pictures / f"{number:02}-00.png"
        cv2.imwrite(str(first), resize_to_height(read_grayscale(path))[:, :300])
        for repeat in range(1, REPEATS):
            os.link(first, pictures / f"{number:02}-{repeat:02}.png")
    names = sorted(pictures.iterdir())
    expected = {path.name: line.text for path, line in zip(names, Recognizer().read(names), strict=True)}
    (pictures / "broken.png").write_bytes(b"\x89PNG\r\n\x1a\n")
    command = [sys.executable, "-m", "crnn.cluster", pictures, tmp_path / "results"]
    command += ["--part", "50", "--lines", "one", "--address", cluster]
    process = subprocess.Popen(command, cwd=ROOT, stderr=subprocess.PIPE, text=True)
    killed, moments = 0, random.Random(0)
    while process.poll() is None:
        done = len(list((tmp_path / "results").glob("part-*.parquet")))
        running = sorted(workers())
        if running and killed < 3 and done > 4 * killed:
            os.kill(moments.choice(running), signal.SIGKILL)
            killed += 1
        time.sleep(0.2)
    messages = process.stderr.read()
    assert process.returncode == 1, messages  # of the broken one
    assert killed == 3 and f"{len(expected) + 1} pictures in 21 files, 1 not read" in messages
    rows = pq.read_table(tmp_path / "results").to_pylist()
    assert len(rows) == len(expected) + 1
    assert {Path(row["path"]).name: row["text"] for row in rows if row["error"] is None} == expected
    (broken,) = (row for row in rows if row["error"] is not None)
    assert "broken.png: " in broken["error"]

    whole = {path.name: path.read_bytes() for path in (tmp_path / "results").glob("part-*.parquet")}
    (tmp_path / "results" / "part-000007.parquet").unlink()
    again = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert again.returncode == 1 and "20 of 21 parts are there already" in again.stderr
    assert {path.name for path in (tmp_path / "results").glob("part-*.parquet")} == set(whole)
    same = pq.read_table(tmp_path / "results").drop(["seconds"])
    assert same.to_pylist() == [{key: row[key] for key in row if key != "seconds"} for row in rows]
