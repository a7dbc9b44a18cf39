"""Figures among all groups, by heads that saw neither the query's fold nor the gallery's."""

import dataclasses

import numpy as np
import pytest

from dashboard.engine import crossing
from dashboard.engine.crossing import cross_validate, unseen_among_all
from dashboard.engine.folds import folds
from dashboard.engine.heads import plain_head
from dashboard.engine.metrics import evaluate, joined
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


def test_no_head_saw_a_fold_that_it_tells_apart(make, prior, monkeypatch):
    data = make.type_data(groups=16, images=4, apart=1.2)
    images = data.images.copy()
    images[60] = 0  # one image in two groups
    data = dataclasses.replace(data, images=images)
    comparison = cross_validate(data, prior, seed=0, step=lambda: None)
    masks = [*folds(data, 0)]
    fitted = []
    fit = crossing.fit_way

    def spy(train, *rest):
        fitted.append({int(one) for one in train.images})
        return fit(train, *rest)

    monkeypatch.setattr(crossing, "fit_way", spy)
    unseen_among_all(data, prior, comparison, seed=0)

    without_two = [
        {int(one) for one in data.images} - {int(one) for one in data.images[masks[a] | masks[b]]}
        for a in range(4)
        for b in range(a)
    ]
    assert len(fitted) >= 6
    assert all(images in without_two for images in fitted)
    assert all(images in fitted for images in without_two)


def test_each_fold_asks_its_own_head(make):
    """A blind head for one fold costs that fold alone."""
    data = make.type_data(groups=8, images=3, apart=2.0)
    masks = [*folds(data, 0)]
    asked = np.ones(len(data), np.bool_)
    good = plain_head(data.features.shape[1], 48)
    blind = dataclasses.replace(good, directions=np.zeros_like(good.directions))

    kept, lost = (
        unseen_scores(data, masks, asked, lambda fold, _, one=one: blind if fold == one else good)
        for one in (9, 2)
    )

    for fold in (0, 1, 3):
        assert np.array_equal(kept[fold].average_precision, lost[fold].average_precision)
    assert kept[2].average_precision.mean() > lost[2].average_precision.mean()
