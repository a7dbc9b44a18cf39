"""Figures among all groups, by heads that saw neither the query's fold nor the gallery's."""

import dataclasses
from itertools import combinations

import numpy as np
import pytest

from dashboard.engine import crossing
from dashboard.engine.crossing import cross_validate, unseen_among_all
from dashboard.engine.folds import folds
from dashboard.engine.heads import plain_head
from dashboard.engine.metrics import evaluate, joined
from dashboard.engine.scatter import group_statistics
from dashboard.engine.unseen import unseen_scores


@pytest.fixture
def data(make):
    """Groups of several sizes; an image in two groups; a row in none."""
    data = make.type_data(groups=15, images=6, apart=0.8)
    groups, images = data.groups.copy(), data.images.copy()
    groups[[1, 2, 3, 80]] = [2, -1, 4, 7]
    images[30] = 0
    images[41] = 40
    return dataclasses.replace(data, groups=groups, images=images)


def test_one_head_for_all_scores_as_a_search_among_all_groups(data):
    head = plain_head(data.features.shape[1], 20)
    masks = [*folds(data, 0)]
    asked = np.arange(len(data)) % 5 != 0
    rows = head.describe(data.features)
    usual = joined([evaluate(rows, data.groups, data.images, queries=m & asked) for m in masks])

    found = joined(unseen_scores(data, masks, asked, lambda *_: head))

    assert np.array_equal(found.groups, usual.groups)
    np.testing.assert_allclose(found.average_precision, usual.average_precision)
    for k in (1, 5):
        assert np.array_equal(found.recall[k], usual.recall[k])


def test_images_that_are_equal_count_against_the_head(make):
    data = make.type_data(groups=12, images=3)
    data = dataclasses.replace(data, features=np.ones_like(data.features))
    masks = [*folds(data, 0)]
    head = plain_head(data.features.shape[1], 20)

    found = joined(unseen_scores(data, masks, np.ones(len(data), np.bool_), lambda *_: head))

    assert not found.average_precision.any()
    assert not found.recall[5].any()


@pytest.mark.parametrize("shared", [False, True])
def test_no_head_saw_a_fold_that_it_tells_apart(make, prior, monkeypatch, shared):
    """Each fit sums up the rows that show no image of its folds, also of one in two groups."""
    data = make.type_data(groups=16, images=4, apart=1.2)
    masks = [*folds(data, 0)]
    if shared:
        images = data.images.copy()
        images[np.flatnonzero(masks[1])[0]] = images[np.flatnonzero(masks[0])[0]]
        data = dataclasses.replace(data, images=images)
    comparison = cross_validate(data, prior, seed=0, step=lambda: None)
    fitted = []
    fit = crossing.fit_statistics

    def spy(statistics, *rest):
        fitted.append(statistics)
        return fit(statistics, *rest)

    monkeypatch.setattr(crossing, "fit_statistics", spy)
    unseen_among_all(data, comparison, seed=0)

    expected = []
    for one, two in combinations(masks, 2):
        rest = ~np.isin(data.images, data.images[one | two])
        expected.append(group_statistics(data.features[rest], data.groups[rest]))
    assert len(fitted) >= len(expected)
    assert all(any(_equal(found, one) for one in expected) for found in fitted)
    assert all(any(_equal(found, one) for found in fitted) for one in expected)


def _equal(one, two):
    sizes = sorted(one.sizes.tolist()) == sorted(two.sizes.tolist())
    return sizes and np.allclose(one.within, two.within) and np.allclose(one.mean, two.mean)


def test_each_fold_asks_its_own_head(make):
    """A blind head for one fold costs that fold alone."""
    data = make.type_data(groups=8, images=3, apart=2.0)
    masks = [*folds(data, 0)]
    asked = np.ones(len(data), np.bool_)
    good = plain_head(data.features.shape[1], 48)
    blind = dataclasses.replace(good, directions=np.zeros_like(good.directions))

    kept, lost = (
        unseen_scores(data, masks, asked, lambda fold, _, one=one: blind if fold == one else good)  # type: ignore[misc]
        for one in (9, 2)
    )

    for fold in (0, 1, 3):
        assert np.array_equal(kept[fold].average_precision, lost[fold].average_precision)
    assert kept[2].average_precision.mean() > lost[2].average_precision.mean()
