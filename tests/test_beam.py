from itertools import product

import numpy as np
import pytest

from crnn.charset import SPACE, Charset
from crnn.ctc import forced_alignment, greedy_runs, runs_of_path
from crnn.inference.beam_search import BEAM_WIDTH, MAX_CLASSES, MIN_PROBABILITY, BeamDecoder

CHARSET = Charset(["blank", *"abO0│|"])
A, B, LETTER_O, ZERO, BOX, BAR = range(1, 7)
BLANK = CHARSET.blank


def search(probabilities, width=BEAM_WIDTH, lm_score=None):
    """Follow every class of every step."""
    steps = [(list(range(len(row))), row.tolist(), frozenset()) for row in probabilities]
    return BeamDecoder(CHARSET, lm_score, beam_width=width).search(steps, probabilities.shape[1] - 1)


def probabilities_of(*steps):
    """One row a step, of the probabilities of some classes."""
    rows = np.zeros((len(steps), CHARSET.classes))
    for row, step in zip(rows, steps, strict=True):
        row[list(step)] = list(step.values())
    return rows


def decoded(probabilities, lm_score=None):
    return [run.label for run in BeamDecoder(CHARSET, lm_score)(probabilities)]


def merged(path, blank):
    return tuple(c for i, c in enumerate(path) if c != blank and (i == 0 or c != path[i - 1]))


def random_probabilities(seed, steps=5, classes=4):
    logits = np.random.default_rng(seed).normal(size=(steps, classes))
    return np.exp(logits) / np.exp(logits).sum(-1, keepdims=True)


def paths_of(probabilities):
    """Each path, its text and probability."""
    steps, classes = probabilities.shape
    for path in product(range(classes), repeat=steps):
        yield path, merged(path, classes - 1), float(np.prod(probabilities[np.arange(steps), list(path)]))


@pytest.mark.parametrize("seed", range(8))
def test_it_finds_the_text_whose_paths_sum_to_most(seed):
    probabilities = random_probabilities(seed)
    sums = {}
    for _, text, likely in paths_of(probabilities):
        sums[text] = sums.get(text, 0) + likely
    second, first = sorted(sums.values())[-2:]
    (text, best), (_, next_best), *_ = search(probabilities, width=1000)
    assert text == max(sums, key=sums.get)
    assert best - next_best == pytest.approx(np.log(first / second))


@pytest.mark.parametrize("seed", range(8))
def test_the_best_path_of_a_text_is_found(seed):
    probabilities = random_probabilities(seed)
    for text in ((), (0,), (1, 1), (0, 1, 2), (2, 2, 0)):
        likeliest = max((likely, path) for path, said, likely in paths_of(probabilities) if said == text)[1]
        assert tuple(forced_alignment(probabilities, text)) == likeliest


def test_it_reads_what_greedy_decoding_misses():
    probabilities = probabilities_of({A: 0.4, BLANK: 0.6}, {A: 0.4, BLANK: 0.6})  # all blank 0.36, a 0.64
    assert greedy_runs(probabilities) == []
    (run,) = BeamDecoder(CHARSET)(probabilities)
    assert run.label == A and 0 <= run.first <= run.last <= 1 and run.confidence == pytest.approx(0.64)


def test_the_history_tips_the_scale_where_the_network_is_unsure_and_there_alone():
    def follows(history, label):
        return 3.0 if history[-1] == A and label == B else 0.0

    unsure = probabilities_of({A: 1}, {BLANK: 1}, {B: 0.35, BAR: 0.65})
    assert decoded(unsure) == [A, BAR]
    assert decoded(unsure, follows) == [A, B]
    certain = probabilities_of({A: 1}, {BLANK: 1}, {B: MIN_PROBABILITY / 2, BAR: 1 - MIN_PROBABILITY / 2})
    assert decoded(certain, follows) == [A, BAR]


def test_a_line_begins_as_if_after_a_space():
    def begins_words(history, label):
        return 4.0 if history == (SPACE,) and label == B else 0.0

    assert decoded(probabilities_of({A: 0.6, B: 0.4}), begins_words) == [B]


def never(label):
    """N-grams that have never seen a label."""
    return lambda history, other: -30.0 if other == label else 0.0


@pytest.mark.parametrize("other", [BLANK, SPACE])
def test_ngrams_delete_no_character(other):
    probabilities = probabilities_of({A: 1}, {BLANK: 1}, {B: 0.4, LETTER_O: 0.25, other: 0.35}, {BLANK: 1})
    assert decoded(probabilities, never(B)) == [A, LETTER_O]
    assert decoded(probabilities, lambda history, label: -30.0 if label in (B, LETTER_O) else 0.0) == [A, B]


def test_the_network_overrules_what_the_ngrams_have_never_seen():
    assert decoded(probabilities_of({B: 0.95, BAR: 0.05}), never(B)) == [B]


def test_of_two_unlikely_characters_the_ngrams_prefer_the_likelier():
    scores = {B: -15.0, BAR: -6.5}
    for sure, expected in ((0.52, BAR), (0.7, B)):
        unsure = probabilities_of({A: 1}, {BLANK: 1}, {B: sure, BAR: 1 - sure})
        assert decoded(unsure, lambda history, label: scores.get(label, 0.0)) == [A, expected]


def test_ngrams_are_silent_in_words_of_letters_and_digits():
    letters_follow_letters = {LETTER_O: 5.0, ZERO: -5.0}

    def prose(history, label):
        return letters_follow_letters.get(label, 0.0) if history[-1] == A else 0.0

    word = [{A: 1}, {ZERO: 0.6, LETTER_O: 0.4}, {BLANK: 1}]
    assert decoded(probabilities_of(*word, {ZERO: 1}), prose) == [A, ZERO, ZERO]
    assert decoded(probabilities_of({A: 1}, {LETTER_O: 0.4, BAR: 0.6}, {BLANK: 1}), prose) == [A, LETTER_O]


def test_a_twin_gives_way_to_the_sign_that_people_mean():
    both = probabilities_of({BLANK: 1}, {BOX: 0.8, BAR: 0.15, A: 0.05})
    (run,) = BeamDecoder(CHARSET)(both)
    assert run.label == BAR and run.confidence == pytest.approx(0.95)
    assert decoded(probabilities_of({BOX: 0.95, A: 0.05})) == [BOX]
    assert both[1, BOX] == 0.8  # what was given stays as it was


def confidences(probabilities):
    return [run.confidence for run in BeamDecoder(CHARSET)(probabilities)]


def test_the_confidence_of_a_character_is_the_share_of_the_texts_that_have_it():
    assert confidences(probabilities_of({A: 0.7, B: 0.3}, {BLANK: 1}, {BAR: 1})) == pytest.approx([0.7, 1])
    assert confidences(probabilities_of(*[{A: 0.5, BLANK: 0.5}] * 2)) == pytest.approx([1 - 0.5 * 0.5])


@pytest.mark.parametrize(
    ("steps", "expected"),
    [
        (({A: 1}, {BAR: 0.4, BLANK: 0.6}, {B: 1}), [1, 0.6]),  # before the second
        (({A: 1}, {BLANK: 1}, {BAR: 0.4, BLANK: 0.6}), [0.6]),  # behind the last
        (({A: 1}, {BAR: 0.2, LETTER_O: 0.2, BLANK: 0.6}, {B: 1}), [1, 0.6]),  # whatever it is
    ],
)
def test_a_character_that_is_left_out_lowers_the_confidence_of_its_neighbour(steps, expected):
    assert confidences(probabilities_of(*steps)) == pytest.approx(expected)


def test_long_doubt_does_not_end_in_nothing():
    probabilities = probabilities_of(*[{A: 0.3, B: 0.3, BLANK: 0.4}] * 3000)
    assert np.all(np.isfinite([run.confidence for run in BeamDecoder(CHARSET)(probabilities)]))
    assert search(probabilities)[0][0] != ()


def test_doubles_keep_their_blank():
    probabilities = probabilities_of({A: 0.9, BLANK: 0.1}, {A: 0.3, BLANK: 0.7}, {A: 0.9, BLANK: 0.1})
    assert search(probabilities)[0][0] == (A, A)
    path = forced_alignment(probabilities, (A, A))
    assert [run.label for run in runs_of_path(path, np.ones(3), BLANK)] == [A, A]


def test_no_steps_no_runs():
    assert BeamDecoder(CHARSET)(np.zeros((0, CHARSET.classes))) == []


def test_the_next_texts_come_in_the_order_of_their_probability():
    probabilities = probabilities_of({A: 0.7, B: 0.299, LETTER_O: 0.001}, {BLANK: 1}, {A: 0.9, B: 0.1})
    texts = BeamDecoder(CHARSET).most_likely(probabilities, 5)
    assert [[run.label for run in runs] for runs, _ in texts] == [[A, A], [B, A], [A, B], [B, B], [LETTER_O, A]]
    likely = [np.exp(total - texts[0][1]) * 0.63 for _, total in texts]
    assert likely == pytest.approx([0.63, 0.2691, 0.07, 0.0299, 0.0009])
    assert [run.confidence for run in texts[1][0]] == pytest.approx([0.299, 0.9], abs=0.002)


def test_a_certain_text_has_no_next_one():
    texts = BeamDecoder(CHARSET).most_likely(probabilities_of({A: 1}, {BLANK: 1}), 3)
    assert [[run.label for run in runs] for runs, _ in texts] == [[A]]


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize(("classes", "share"), [(6, 1), (60, 0.25)])
def test_texts_that_cannot_become_likely_enough_are_not_weighed(seed, classes, share):
    """Knowing the most that the n-grams can give changes no text and no score."""
    probabilities = random_probabilities(seed, steps=30, classes=classes)
    likely = np.random.default_rng(seed).dirichlet(np.ones(classes), (classes,))
    alone = likely.mean(axis=0)
    asked = []

    def lm_score(history, label):
        asked.append((history, label))
        return float(np.log(likely[history[-1], label] / alone[label]))

    def texts(**options):
        asked.clear()
        steps = [(list(range(classes)), row.tolist(), frozenset([2])) for row in probabilities]
        found = BeamDecoder(CHARSET, lm_score, **options).search(steps, classes - 1)
        return found, len(asked)

    every, count = texts()
    pruned, fewer = texts(max_lm_score=lambda label: -np.log(alone[label]))
    assert pruned == every
    assert fewer < share * count


def test_at_most_so_many_classes_are_followed_at_a_step():
    """Noise, where a hundred classes are likely enough, costs no more than a step of few does."""
    probabilities = np.full((40, 100), 0.01)
    asked = []

    def lm_score(history, label):
        asked.append(label)
        return 0.0

    charset = Charset(["blank", *(chr(0x4E00 + number) for number in range(98))])
    BeamDecoder(charset, lm_score)(probabilities)
    assert len(asked) <= 40 * MAX_CLASSES * BEAM_WIDTH
