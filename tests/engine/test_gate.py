import dataclasses

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dashboard.engine import crossing, ways
from dashboard.engine import folds as dealing
from dashboard.engine.crossing import Comparison, cross_validate
from dashboard.engine.folds import folds, sampled
from dashboard.engine.gate import compare, judge, steps_to_judge
from dashboard.engine.heads import Recipe
from dashboard.engine.metrics import Scores
from dashboard.engine.prior import Scatters
from dashboard.engine.scatter import group_statistics
from dashboard.engine.ways import CANDIDATES, candidates, fit_recipes


def scores(groups, values):
    values = np.asarray(values, float)
    return Scores(np.asarray(groups), {1: values, 5: values}, values)


def judged(data, prior, seed=0):
    steps = []
    judgement = judge(data, prior, seed=seed, step=lambda: steps.append(1))
    assert len(steps) == steps_to_judge(data, prior, seed=seed)
    return judgement


def test_a_clear_gain_is_let_through(make, prior):
    judgement = judged(make.type_data(groups=40, images=5, apart=1.2, glare=2.0), prior)

    assert judgement.verdict.better
    assert judgement.verdict.recipe in CANDIDATES
    assert "is better than the untrained embedding" in judgement.verdict.sentence
    assert 0 < judgement.verdict.gain_at_least < judgement.verdict.gain
    before, after = (s.means()["map@r"] for s in (judgement.untrained, judgement.delivered))
    assert after > before
    alone = judgement.alone.means()["map@r"]
    assert f"instead of {100 * alone:.1f}" in judgement.verdict.sentence


def test_groups_that_mean_nothing_keep_the_untrained_head(make, prior):
    data = make.type_data(groups=20, images=5, apart=0.0)
    verdict = judged(data, prior).verdict

    assert not verdict.better
    assert verdict.verified
    assert verdict.sentence.startswith("Not better than the ")
    assert "kept the untrained embedding" in verdict.sentence


def test_too_few_groups_cannot_be_verified(make, prior):
    judgement = judged(make.type_data(groups=7, images=5), prior)

    assert not judgement.verdict.better
    assert not judgement.verdict.verified
    assert judgement.verdict.sentence.startswith("Too few groups to verify (7 of at least 10)")
    assert judgement.delivered is judgement.untrained
    assert len(judgement.delivered) == 35


def test_a_gain_in_few_of_the_groups_may_be_chance():
    groups = np.repeat(np.arange(12), 4)
    untrained = scores(groups, np.full(48, 0.5))
    lucky = scores(groups, np.where(groups == 3, 1.0, 0.5))
    steady = scores(groups, np.full(48, 0.55))

    assert compare(CANDIDATES[0], lucky, untrained, seed=0).gain_at_least == 0
    assert not compare(CANDIDATES[0], lucky, untrained, seed=0).better
    assert compare(CANDIDATES[0], steady, untrained, seed=0).better


def test_the_sentence_carries_the_numbers():
    groups = np.arange(20)
    verdict = compare(CANDIDATES[0], scores(groups, [0.8] * 20), scores(groups, [0.5] * 20), seed=0)

    assert "MAP@R 80.0 instead of 50.0, a gain above 30.0 with 99% confidence" in verdict.sentence


@settings(deadline=None, max_examples=20)
@given(seed=st.integers(0, 10_000), groups=st.integers(10, 40))
def test_folds_deal_out_whole_groups_once(seed, groups):
    from tests.engine.conftest import Maker

    data = Maker().type_data(groups=groups, images=3)
    data = dataclasses.replace(data, groups=np.where(data.images % 7 == 0, -1, data.groups))
    masks = np.stack(list(folds(data, seed)))

    assert (masks.sum(0) == (data.groups >= 0)).all()
    for mask in masks:
        assert not set(data.groups[mask]) & set(data.groups[~mask])
    queried = [len(set(data.groups[m]) & set(data.usable_groups())) for m in masks]
    assert max(queried) - min(queried) <= 1


def test_no_image_of_a_fold_is_trained_on(make, prior, monkeypatch):
    """An image in two groups: the fold that tests it in one must not train on it in the other."""
    data = make.type_data(groups=12, images=3)
    images = data.images.copy()
    images[30] = 0  # which is in group 0, too
    data = dataclasses.replace(data, images=images)
    seen = []

    def spy(statistics, *_):
        seen.append(statistics)
        return iter(())

    monkeypatch.setattr(crossing, "fit_statistics", spy)
    tested = [data.take(mask) for mask in folds(data, 0)]
    monkeypatch.setattr(ways, "CANDIDATES", ())
    cross_validate(data, prior, seed=0, step=lambda: None)

    for summed, test in zip(seen, tested, strict=True):
        train = ~np.isin(data.images, test.images)
        expected = group_statistics(data.features[train], data.groups[train])
        np.testing.assert_allclose(summed.within, expected.within)
        assert summed.sizes.sum() == train.sum()


@pytest.fixture
def leaning(prior):
    """The usual prior, and one by the name of `signs` that knows all that tells groups apart."""
    return dataclasses.replace(prior, leanings=lambda: {"signs": prior.scatters()})


def test_priors_that_lean_are_tried_for_few_groups(make, prior, leaning, monkeypatch):
    data = make.type_data(groups=12, images=3)
    usual = [recipe for recipe in CANDIDATES if not recipe.leaning]
    signs = [recipe for recipe in CANDIDATES if recipe.leaning == "signs"]

    assert candidates(data, prior) == tuple(usual)
    assert set(candidates(data, leaning)) == {*usual, *signs}
    assert set(judged(data, leaning).candidates) == {*usual, *signs}
    monkeypatch.setattr(ways, "MOST_TO_LEAN", 11)
    assert candidates(data, leaning) == tuple(usual)


def test_a_recipe_that_leans_fits_by_its_own_scatters(make, prior):
    other = Scatters(prior.between, prior.within)
    both = dataclasses.replace(prior, leanings=lambda: {"signs": other})
    data = make.type_data(groups=12, images=3)
    recipe = Recipe(300, 1000)
    lean, usual = (
        next(fit_recipes(data, both, [one]))[1]
        for one in (recipe._replace(leaning="signs"), recipe)
    )
    swapped = dataclasses.replace(prior, within=prior.between, between=prior.within)

    assert np.array_equal(lean.directions, next(fit_recipes(data, swapped, [recipe]))[1].directions)
    assert not np.array_equal(lean.directions, usual.directions)


def test_large_sets_are_judged_by_a_sample(make):
    data = make.type_data(groups=50, images=4)
    small = sampled(data, 100, seed=1)

    assert len(small) == 100
    assert (np.unique(small.groups, return_counts=True)[1] == 4).all()
    assert sampled(data, 200, seed=1) is data


def test_large_groups_lose_rows_first(make, monkeypatch):
    monkeypatch.setattr(dealing, "LARGEST_GROUP", 5)
    data = make.type_data(groups=6, images=30)

    assert np.unique(sampled(data, 40, seed=0).groups, return_counts=True)[1].tolist() == [5] * 6


def test_a_recipe_is_not_judged_by_the_groups_that_chose_it():
    """One recipe is lucky in one group, so that it is the best of all: its luck does not count."""
    lucky, steady = CANDIDATES[:2]

    def fold(numbers, values):
        return scores(np.repeat(numbers, 4), np.repeat(values, 4))

    found = Comparison(
        untrained=[fold([0, 1, 2], [0.5] * 3), fold([3, 4, 5], [0.5] * 3)],
        trained={
            lucky: [fold([0, 1, 2], [1, 0.48, 0.48]), fold([3, 4, 5], [0.48] * 3)],
            steady: [fold([0, 1, 2], [0.5] * 3), fold([3, 4, 5], [0.5] * 3)],
        },
    )

    assert (found.best(), found.best(without=[0])) == (lucky, steady)
    honest = found.honest(seed=0)
    assert honest.groups.tolist() == np.repeat(range(6), 4).tolist()
    assert honest.average_precision[:4] == pytest.approx(0.5)  # group 0, chosen without it
    assert (honest.average_precision[4:] < 0.5).all()  # chosen with it, now and then
    assert (honest.average_precision[4:] > 0.48).all()
    assert honest.recall.keys() == {1, 5}


def test_of_recipes_that_are_as_good_the_shorter_is_taken():
    short, long, worse = CANDIDATES[:3]
    found = Comparison(
        untrained=[scores([0, 1], [0.5, 0.5])],
        trained={
            long: [scores([0, 1], [0.9, 0.9])],
            short: [scores([0, 1], [0.8995, 0.8995])],
            worse: [scores([0, 1], [0.89, 0.89])],
        },
        numbers={short: 128, long: 384, worse: 64}.__getitem__,
    )

    assert found.best() == short
    assert found.honest(seed=1).average_precision == pytest.approx(0.8995)


def test_a_gain_that_costs_recall_is_not_let_through():
    groups = np.arange(40)
    untrained = Scores(groups, {1: np.full(40, 0.9)}, np.full(40, 0.3))
    trained = Scores(groups, {1: np.full(40, 0.88)}, np.full(40, 0.5))
    nearly = Scores(groups, {1: np.full(40, 0.895)}, np.full(40, 0.5))

    refused = compare(CANDIDATES[0], trained, untrained, seed=0)
    assert not refused.better
    assert "whose Recall@1 is 2.0 lower" in refused.sentence
    assert compare(CANDIDATES[0], nearly, untrained, seed=0).better


def test_the_floor_is_the_quantile_of_groups_drawn_by_hand():
    rng = np.random.default_rng(4)
    groups = np.repeat(np.arange(15), 4)
    before, after = scores(groups, rng.random(60)), scores(groups, rng.random(60))
    gains = [(after.average_precision - before.average_precision)[groups == g] for g in range(15)]
    by_hand = [
        np.concatenate([gains[g] for g in rng.integers(0, 15, 15)]).mean() for _ in range(4000)
    ]

    verdict = compare(CANDIDATES[0], after, before, seed=0)

    assert verdict.gain_at_least == pytest.approx(np.quantile(by_hand, 0.01), abs=0.03)
