"""Feed damaged files of every kind to what reads them: ``python -m tests.fuzz --minutes 2 --seed 1``.

Each file must be read, or be refused by an error that names it, within 10 s and 2 GB; pictures that are in order must
keep their text beside it. A child process reads them, so that a crash or a hang ends that alone. The status is 1 if
there is a finding; its file is kept. A finding belongs into a test.
"""

import argparse
import multiprocessing
import os
import resource
import shutil
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

import numpy as np

from tests.fuzz_samples import (
    samples_of_archives,
    samples_of_arrays,
    samples_of_networks,
    samples_of_pictures,
    samples_of_texts,
    samples_of_weights,
)
from tests.mutations import mutate

SECONDS, BYTES = 10.0, 2 * 2**30  # that a file may take: of the processor, and of memory
WAITING = 60.0  # seconds that it may take of the clock, on a machine that does other things too
ADDRESSES = 6 * 2**30  # bytes that the child may map: what it maps is more than what it takes
REPORT = 50  # files between two reports of the child
WITH_TEXT = 20  # of so many pictures, one is read by the network, between pictures that are in order


class Readers:
    """What reads each kind of file; anything but success, ValueError, OSError or ArchiveError is a finding."""

    def __init__(self):
        from crnn.inference.recognizer import Recognizer
        from crnn.paths import ASSETS, DEFAULT_WEIGHTS

        self.recognizer = Recognizer(DEFAULT_WEIGHTS, engine="onnx-float32")
        self.good = [self._read_picture(path) for path in sorted(ASSETS.glob("*.png"))[:2]]
        self.expected = [line.text for line in self.recognizer.read(self.good)]

    def _read_picture(self, path):
        from crnn.image import read_grayscale

        return read_grayscale(path)

    def pictures(self, path, rng):
        from crnn import image_pages
        from crnn.inference.page.finder import find_lines
        from crnn.inference.page.reader import read_pages
        from crnn.normalization import normalize_line

        image = self._read_picture(path)
        find_lines(image)
        normalize_line(image)
        if rng.integers(WITH_TEXT) == 0:
            images = [(0, self.good[0]), (1, image), (2, self.good[1])]
            found = {key: page.text for some in read_pages(self.recognizer, images) for key, page in some}
            assert [found[0], found[2]] == self.expected, "a picture in order has another text"
        for _, page, _ in image_pages.read_pages(path):
            assert page.ndim == 2 and page.dtype == np.uint8, "a page is no grey image"

    def archives(self, path, rng):
        from crnn.dataset import archives, extraction

        programs = extraction.PROGRAMS
        archive = path.with_name("part_1.7z")
        path.rename(archive)
        try:
            if rng.integers(2):
                extraction.PROGRAMS = ()
            extraction.unpack(archive)
            names = sorted(other.name for other in archive.parent.iterdir())
            assert names == ["part_1", "part_1.7z"], f"it leaves {names}"
        except archives.ArchiveError as error:
            names = sorted(other.name for other in archive.parent.iterdir())
            assert names == ["part_1.7z"], f"it leaves {names}"
            raise ValueError(error) from None
        finally:
            extraction.PROGRAMS = programs

    def texts(self, path, rng):
        from crnn.charset import Charset
        from crnn.dataset.label_file import LabelFile
        from crnn.dataset.labelled_images import read_labelled_images
        from crnn.dataset.validation import excluded_images

        if path.suffix == ".labels":
            labels = LabelFile.from_file(path)
            labels.line_numbers(["3.jpg", "x.jpg"]), labels.repeated(), labels.steps_needed(), labels.largest()
            assert all(0 <= label < 65_536 for line in range(len(labels)) for label in labels[line].tolist())
        elif path.suffix == ".findings":
            excluded_images(path.rename(path.with_name("findings.tsv")).parent)
        else:
            (read_labelled_images if path.suffix == ".tsv" else Charset.from_file)(path)

    def weights(self, path, rng):
        from crnn.model.weights_file import read, read_activation_ranges

        read_activation_ranges(path)
        assert all(np.isfinite(value).all() for values in read(path).values() for value in values)

    def arrays(self, path, rng):
        from crnn.inference.ngram_lm import NGrams
        from crnn.synthesis.line_store import LineStore
        from crnn.training.checkpoint import Checkpoint

        if path.suffix == ".ngrams":
            ngrams = NGrams.load(path)
            for _ in range(20):
                history = tuple(rng.integers(len(ngrams), size=rng.integers(6)).tolist())
                assert np.isfinite(ngrams.lm_score(history, int(rng.integers(len(ngrams)))))
        elif path.suffix == ".lines":
            store = LineStore(path)
            for number in range(len(store)):
                line = store.line(number)
                assert line.image.shape[0] == 32 and len(line.text) == len(line.left) == len(line.right)
        else:
            Checkpoint(path, {"seed": 1}).progress({"step": int})

    def networks(self, path, rng):
        from crnn.inference.engines import onnx_predict

        onnx_predict(str(path))


KINDS = {
    "pictures": samples_of_pictures,
    "archives": samples_of_archives,
    "texts": samples_of_texts,
    "weights": samples_of_weights,
    "arrays": samples_of_arrays,
    "networks": samples_of_networks,
}


def work(kinds, seed, first, progress, reports, folder):
    """Read files from number ``first`` on, without end; report what became of them.

    Args:
        kinds: names of ``KINDS``.
        seed: decides the files, together with their number.
        first: number of the first file.
        progress: shared (number of the file, time since when it is read, processor seconds before).
        reports: connection that takes (counts, slowest, peak bytes, findings).
        folder: for the files.
    """
    resource.setrlimit(resource.RLIMIT_AS, (ADDRESSES, ADDRESSES))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    os.environ["OPENCV_LOG_LEVEL"] = "SILENT"
    os.environ["TMPDIR"] = tempfile.tempdir = str(folder)
    samples = {kind: list(KINDS[kind](np.random.default_rng(0))) for kind in kinds}
    readers = Readers()
    number, counts, slowest, findings = first, Counter(), (0.0, ""), []
    while True:
        kind = kinds[number % len(kinds)]
        path = make_file(folder / "file", samples[kind], seed, number)
        progress[:] = number, time.time(), time.process_time()
        start = time.process_time()
        outcome, reason = "read", ""
        try:
            getattr(readers, kind)(path, np.random.default_rng((seed, number)))
        except (ValueError, OSError) as error:
            outcome, reason = "refused", str(error)
            if path.stem not in reason and "part_1.7z" not in reason and "findings.tsv" not in reason:
                outcome, reason = "finding", f"refused without its name: {error!r}"
        except BaseException as error:  # noqa: BLE001 - that is what is looked for
            outcome, reason = "finding", f"{type(error).__name__}: {error}"
        slowest = max(slowest, (time.process_time() - start, f"file {number} ({kind})"))
        counts[kind, outcome] += 1
        left = [name for name in os.listdir(folder) if name != "file"]
        if left and outcome != "finding":
            outcome, reason = "finding", f"it leaves {left}"
        if outcome == "finding":
            findings.append((number, f"{kind}, {path.suffix}: {reason}"))
        number += 1
        if findings or number % REPORT == 0:
            peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
            reports.send((counts, slowest, peak, findings))
            counts, slowest, findings = Counter(), (0.0, ""), []


def make_file(folder, samples, seed, number):
    """Write the file of a number into a folder of its own."""
    for left in (folder.parent).iterdir():
        shutil.rmtree(left) if left.is_dir() else left.unlink()
    folder.mkdir()
    rng = np.random.default_rng((seed, number, 1))
    (suffix, content), (_, other) = (samples[rng.integers(len(samples))] for _ in range(2))
    path = folder / f"file.{suffix}"
    path.write_bytes(mutate(rng, content, other))
    return path


class Child:
    """The process that reads, and what it has said."""

    def __init__(self, kinds, seed, first, folder):
        context = multiprocessing.get_context("spawn")
        self.progress = context.Array("d", [first, 0.0, 0.0])
        self.reports, theirs = context.Pipe(duplex=False)
        arguments = (kinds, seed, first, self.progress, theirs, folder)
        self.process = context.Process(target=work, args=arguments, daemon=True)
        self.process.start()
        theirs.close()

    def trouble(self):
        """Why the process cannot go on; None if it can."""
        if not self.process.is_alive():
            return f"the process died with status {self.process.exitcode}"
        _, since, before = self.progress[:]
        if since and time.time() - since > WAITING:
            return f"it took more than {WAITING:.0f} s of the clock"
        numbers = Path(f"/proc/{self.process.pid}/stat")
        if since and numbers.exists():
            used = [int(number) for number in numbers.read_text().rpartition(")")[2].split()[1:]]
            if sum(used[10:12]) / os.sysconf("SC_CLK_TCK") - before > SECONDS:
                return f"it took more than {SECONDS:.0f} s"
            if used[20] * resource.getpagesize() > BYTES:
                return f"it took more than {BYTES} bytes"
        return None

    def stop(self):
        self.process.kill()
        self.process.join()


def fuzz(kinds, seed, minutes, files, keep):
    """Read damaged files for some minutes, or so many; print a summary and return the findings."""
    end = time.time() + 60 * minutes
    counts, slowest, peak, findings = Counter(), (0.0, "none"), 0, []
    start = time.time()
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        child = Child(kinds, seed, 0, folder)
        while time.time() < end and sum(counts.values()) < files:
            received = child.reports.poll(0.2)
            if received:
                try:
                    some, slow, most, found = child.reports.recv()
                except EOFError:
                    received = False
                else:
                    counts, slowest, peak = counts + some, max(slowest, slow), max(peak, most)
                    findings += found
            if not received and (trouble := child.trouble()):
                child.stop()
                number, began, _ = child.progress[:]
                if not began:
                    raise SystemExit("the process that reads did not start; its error stands above")
                number = int(number)
                findings.append((number, f"{kinds[number % len(kinds)]}: {trouble}"))
                child = Child(kinds, seed, number + 1, folder)
        child.stop()
    samples = {kind: list(KINDS[kind](np.random.default_rng(0))) for kind in kinds} if findings else {}
    for number, reason in sorted(findings):
        place = keep / f"{seed}-{number}"
        place.mkdir(parents=True, exist_ok=True)
        path = make_file(place / "file", samples[kinds[number % len(kinds)]], seed, number)
        print(f"file {number}: {reason}; kept as {path}")
    for kind in kinds:
        row = {outcome: counts[kind, outcome] for outcome in ("read", "refused", "finding")}
        print(f"{kind}: {sum(row.values())} files, {row['read']} read, {row['refused']} refused")
    total, seconds = sum(counts.values()), time.time() - start
    print(f"{total} files in {seconds:.0f} s, seed {seed}; {len(findings)} findings")
    print(
        f"slowest {slowest[0]:.2f} s of the processor, {slowest[1]}; most memory of the process {peak / 2**20:.0f} MB"
    )
    return findings


def main(argv=None):
    """Run the command; return its exit status."""
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description="Read damaged files of every kind.")
    parser.add_argument("--minutes", type=float, default=2.0)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--files", type=int, default=10**9, help="end after so many")
    parser.add_argument("--kinds", nargs="+", choices=KINDS, default=list(KINDS))
    parser.add_argument("--keep", type=Path, default=Path("runs/fuzz"), help="folder for the files of findings")
    options = parser.parse_args(argv)
    return int(bool(fuzz(options.kinds, options.seed, options.minutes, options.files, options.keep)))


if __name__ == "__main__":
    sys.exit(main())
