import pytest

from crnn.training.recipe import PHASES, DatasetRecipe, Spent, Stage, SyntheticRecipe

NOTHING = Spent(0, 0.0)


def stage(name="ctc_1", objective="ctc", trains="all", share=1.0, **more):
    return Stage(name, objective, trains, share, learning_rate=1.0, decay_fraction=0.5, **more)


@pytest.mark.parametrize(
    "objective, trains, reason",
    [
        ("columns", "cnn", "stage new: objective 'columns' is none of frames, ctc"),
        ("frames", "blstm", "stage new: trains 'blstm' is none of cnn, lstm, all"),
        ("ctc", "cnn", "stage new: the convolutions alone are trained with the objective frames"),
    ],
)
def test_a_stage_that_nothing_can_train_is_refused(objective, trains, reason):
    with pytest.raises(ValueError, match=reason):
        stage("new", objective, trains)


def test_the_rate_of_a_stage_rises_and_falls():
    rates = [stage(warm_up=10).learning_rate_at(step / 1000, step, 32) for step in range(1000)]
    assert rates[0] == pytest.approx(0.1) and rates[10] == rates[500] == 1 and rates[750] == pytest.approx(0.5)
    assert rates[-1] == pytest.approx(0.002) and max(rates) == 1


def test_the_rate_rises_in_no_more_than_a_tenth_of_a_stage():
    assert stage(warm_up=1000).learning_rate_at(0.1, 5, 32) == 1


@pytest.mark.parametrize(("batch_size", "rate"), [(32, 1), (128, 2), (8, 0.5), (1024, 5.657)])
def test_the_rate_follows_the_root_of_the_batch_size(batch_size, rate):
    assert stage().learning_rate_at(0.3, 500, batch_size) == pytest.approx(rate, rel=1e-4)


def test_the_rate_of_a_data_set_rises_and_falls_as_a_cosine():
    recipe = DatasetRecipe("data", learning_rate=1.0, warm_up=10)
    rates = [recipe.learning_rate_at(step, 110) for step in range(110)]
    assert rates[0] == pytest.approx(0.1) and rates[9] == rates[10] == 1 and rates[60] == pytest.approx(0.5)
    assert 0 < rates[-1] < 0.001 and sorted(rates[10:], reverse=True) == rates[10:]


def test_each_stage_gets_its_share_of_the_lines_or_hours():
    stages = stage("a", share=1), stage("b", share=3)
    by_lines = SyntheticRecipe(stages, lines=4000)
    assert by_lines.done(0, NOTHING, Spent(500, 99.0)) == 0.5
    assert by_lines.done(1, Spent(1000, 1.0), Spent(2500, 99.0)) == 0.5
    by_hours = SyntheticRecipe(stages, hours=8.0)
    assert by_hours.done(0, NOTHING, Spent(99_999, 1.0)) == 0.5
    assert by_hours.done(1, Spent(1, 2.0), Spent(2, 8.0)) == 1


def test_a_stage_takes_from_what_those_before_it_have_left():
    recipe = SyntheticRecipe((stage("a", share=1), stage("b", share=1), stage("c", share=1)), hours=9.0)
    assert recipe.done(1, Spent(1, 5.0), Spent(2, 6.0)) == 0.5  # 2 of the 4 hours left
    assert recipe.done(2, Spent(1, 9.5), Spent(1, 9.5)) == 1  # nothing is left


def test_a_stage_that_needs_lines_goes_on_for_up_to_a_third():
    stages = stage("a", share=1, min_lines=1000), stage("b", share=9)
    long, short = SyntheticRecipe(stages, lines=100_000), SyntheticRecipe(stages, lines=2400)
    assert long.done(0, NOTHING, Spent(5000, 0.0)) == 0.5
    assert SyntheticRecipe(stages, lines=5000).done(0, NOTHING, Spent(500, 0.0)) == 0.5
    assert short.done(0, NOTHING, Spent(400, 0.0)) == 0.5
    large = SyntheticRecipe(stages, hours=1.0, batch_size=128)  # needs twice as many
    assert large.done(0, NOTHING, Spent(1000, 0.2)) == pytest.approx(0.6)
    assert large.done(0, NOTHING, Spent(1000, 0.1)) == 0.5


def test_the_default_recipe_has_four_phases():
    phases = [each.phase for each in SyntheticRecipe().stages]
    assert tuple(dict.fromkeys(phases)) == PHASES
    assert sum(each.share for each in SyntheticRecipe().stages) == pytest.approx(1)


def test_phases_and_stages_are_selected_by_name():
    recipe = SyntheticRecipe(start_from="weights.h5")
    assert [each.name for each in recipe.only(["ctc"]).stages] == ["ctc_1", "ctc_2", "ctc_3", "ctc_4"]
    assert [each.name for each in recipe.only(["ctc_4"]).stages] == ["ctc_4"]
    assert SyntheticRecipe().only(PHASES) == SyntheticRecipe()


@pytest.mark.parametrize(
    "start_from, names, reason",
    [
        (None, ["ctc"], "phase ctc goes on from weights: name them with --start-from"),
        ("weights.h5", ["frames_cnn", "ctc"], "phase frames_cnn starts from random weights: give no --start-from"),
        (None, ["frames_cnn", "ctc_77"], "the recipe has no phase ctc_77: frames_cnn, frames_lstm, ctc, ctc_1"),
    ],
)
def test_phases_that_cannot_start_so_are_refused(start_from, names, reason):
    with pytest.raises(ValueError, match=reason):
        SyntheticRecipe(start_from=start_from).only(names)


@pytest.mark.parametrize(
    ("given", "reason"),
    [
        ({"lines": 0}, "lines must be more than 0, not 0"),
        ({"hours": -1.0}, "hours must be more than 0"),
        ({"batch_size": 0}, "batch size must be more than 0"),
        ({"cache_lines": 31}, "a cache of 31 lines holds no batch of 32"),
    ],
)
def test_impossible_lengths_are_refused(given, reason):
    with pytest.raises(ValueError, match=reason):
        SyntheticRecipe(**given)
