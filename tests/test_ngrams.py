import math
import shutil
from pathlib import Path

import numpy as np
import pytest

from crnn.charset import Charset
from crnn.inference.ngram_lm import NGrams
from crnn.paths import DEFAULT_CHARSET
from crnn.tools import count_ngrams

ROOT = Path(__file__).resolve().parent.parent
TABLE = Charset(["blank", *"abcd"])
A, B, C, D = range(1, 5)


@pytest.fixture(scope="module")
def ngrams():
    return NGrams.from_texts(["abcabcabd", "abc"], TABLE, min_counts=(1, 1, 1, 1))


def test_what_followed_gains_and_what_did_not_loses(ngrams):
    assert ngrams.lm_score((A, B), C) > ngrams.lm_score((A, B), D) > ngrams.lm_score((A, B), A)
    assert ngrams.lm_score((A,), B) > 0 > ngrams.lm_score((A,), C)
    assert ngrams.lm_score((), A) == 0


def test_a_word_scores_more_than_its_letters_in_another_order(ngrams):
    assert ngrams.word_score((A, B, C)) > 0 > ngrams.word_score((A, C, B))
    assert ngrams.word_score((A,)) == 0 == ngrams.word_score(())


def test_probabilities_after_any_history_sum_to_one(ngrams):
    alone = np.array([1, 5, 5, 4, 2]) / 17  # counts and one more each
    for history in ((), (A,), (A, B), (C, A, B), (D, D, D), (0,)):
        total = sum(math.exp(ngrams.lm_score(history, label)) * alone[label] for label in range(5))
        assert total == pytest.approx(1)


def test_only_as_much_of_the_history_counts_as_was_counted(ngrams):
    assert ngrams.lm_score((D, D, C, A, B), C) == ngrams.lm_score((C, A, B), C)


def test_rare_ngrams_are_left_out():
    ngrams = NGrams.from_texts(["ab" * 3 + "cd"], TABLE, min_counts=(1, 3, 9))
    assert [len(labels) for labels in ngrams.labels] == [4, 1, 0]
    assert ngrams.lm_score((A,), B) > 0 == ngrams.lm_score((C,), D)


def test_rare_ngrams_count_as_of_the_lower_order():
    ngrams = NGrams.from_texts(["ab" * 3 + "ac" * 2], TABLE, min_counts=(1, 3))
    alone = 4 / 15  # of B, each count and one more
    likely = (3 + (1 + 2) * alone) / (5 + 1)  # of five characters after A, two are not stored
    assert ngrams.lm_score((A,), B) == pytest.approx(math.log(likely / alone))


def test_any_order_is_counted_and_texts_shorter_than_it_too():
    ngrams = NGrams.from_texts(["abcdabcd", "ab", ""], TABLE, min_counts=(1,) * 6)
    assert [len(labels) for labels in ngrams.labels] == [4, 4, 4, 4, 4, 3]
    assert [sums[-1] for sums in ngrams.sums] == [10, 8, 6, 5, 4, 3]
    assert ngrams.lm_score((C, D, A, B), C) > ngrams.lm_score((A, B), C)


def test_a_file_keeps_everything(ngrams, tmp_path):
    ngrams.save(tmp_path / "ngrams.npz")
    again = NGrams.load(tmp_path / "ngrams.npz")
    for history in ((A, B), (C, A, B)):
        assert [again.lm_score(history, label) for label in range(5)] == [
            ngrams.lm_score(history, label) for label in range(5)
        ]


def test_a_file_of_something_else_is_refused(tmp_path):
    path = tmp_path / "ngrams.npz"
    np.savez(path, a=1)
    for content in (path.read_bytes(), path.read_bytes()[:-9], b"no"):
        path.write_bytes(content)
        with pytest.raises(ValueError, match="ngrams.npz is no file of n-grams"):
            NGrams.load(path)


def test_weights_of_another_table_get_none(tmp_path):
    assert NGrams.for_weights(tmp_path / "CRNN.h5") is not None
    TABLE.save(tmp_path / "charset.txt")
    assert NGrams.for_weights(tmp_path / "CRNN.h5") is None


def test_the_files_of_the_project_know_both_languages():
    charset, ngrams = Charset.from_file(DEFAULT_CHARSET), NGrams.for_weights(ROOT / "weights" / "CRNN.h5")
    for text, wrong in (("中国人民", "中国入民"), ("时间", "时问"), ("illness", "il1ness")):
        right, other = (
            sum(ngrams.lm_score(tuple(labels[:at]), labels[at]) for at in range(len(labels)))
            for labels in map(charset.encode, (text, wrong))
        )
        assert right > other


def test_a_tenth_of_latin_text_is_counted_in_title_case_too():
    found = count_ngrams.titles("that it's DNS " * 500)
    assert len(found) == 706 and found.startswith("That It's DNS That")
    assert count_ngrams.titles("白日依山尽 a " * 500) == ""


def test_the_command_counts_and_names_what_it_cannot_read(run_main, tmp_path):
    (tmp_path / "a.txt").write_text("白日依山尽，黄河入海流。" * 20, encoding="utf-8")
    result = run_main(count_ngrams.main, tmp_path / "ngrams.npz", tmp_path)
    assert result.returncode == 0 and "n-grams" in result.stdout
    labels = Charset.from_file(DEFAULT_CHARSET).encode("白日")
    assert NGrams.load(tmp_path / "ngrams.npz").lm_score((labels[0],), labels[1]) > 0
    shutil.rmtree(tmp_path)
    result = run_main(count_ngrams.main, tmp_path / "ngrams.npz", tmp_path / "none.txt")
    assert result.returncode == 1 and "none.txt" in result.stderr
