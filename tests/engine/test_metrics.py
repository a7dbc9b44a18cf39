import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dashboard.engine import metrics
from dashboard.engine.metrics import (
    bootstrap_means,
    evaluate,
    interval,
    joined,
    map_at_r,
    recall_at_k,
)


def plain_evaluate(rows, groups, images, k):
    """Query by query, straight from the definitions; no ties."""
    recalls, precisions = [], []
    for query in range(len(rows)):
        gallery = [i for i in range(len(rows)) if images[i] != images[query] and groups[i] != -1]
        ranked = sorted(gallery, key=lambda i: -float(rows[query] @ rows[i]))
        relevant = [groups[i] == groups[query] for i in ranked]
        total = sum(relevant)
        if groups[query] == -1 or total == 0:
            continue
        recalls.append(float(any(relevant[:k])))
        hits, precision = 0, 0.0
        for rank, hit in enumerate(relevant[:total], start=1):
            hits += hit
            precision += hit * hits / rank
        precisions.append(precision / total)
    return recalls, precisions


def directions(*degrees):
    radians = np.deg2rad(degrees)
    return np.stack([np.cos(radians), np.sin(radians)], 1)


def test_a_worked_example():
    """Groups a a a b b on a circle, at 0, 10, 40, 18 and 100 degrees."""
    rows, groups = directions(0, 10, 40, 18, 100), np.array([0, 0, 0, 1, 1])
    scores = evaluate(rows, groups, np.arange(5), ks=(1, 2))

    # 0: sees 10 (a), 18 (b): AP = 1/2. 10: 18 (b), 0 (a): (1/2)/2. 40: 18 (b), 10 (a): 1/4.
    # 18: 10 (a). 100: 40 (a), 18 (b): AP = 0, as R is 1.
    assert scores.average_precision.tolist() == [0.5, 0.25, 0.25, 0, 0]
    assert scores.recall[1].tolist() == [1, 0, 0, 0, 0]
    assert scores.recall[2].tolist() == [1, 1, 1, 0, 1]
    assert scores.means() == {"recall@1": 0.2, "recall@2": 0.8, "map@r": 0.2}


@settings(deadline=None, max_examples=40)
@given(st.integers(0, 100_000), st.integers(2, 40), st.integers(1, 6))
def test_it_is_what_the_plain_definition_says(seed, n, k):
    rng = np.random.default_rng(seed)
    rows = rng.normal(size=(n, 5))
    rows /= np.linalg.norm(rows, axis=1, keepdims=True)
    groups, images = rng.integers(-1, 5, n), rng.integers(0, n, n)
    recalls, precisions = plain_evaluate(rows, groups, images, k)

    scores = evaluate(rows, groups, images, ks=(k,))

    assert scores.recall[k].tolist() == recalls
    assert np.allclose(scores.average_precision, precisions)


def test_many_queries_are_asked_in_parts(monkeypatch):
    rng = np.random.default_rng(0)
    rows, groups = rng.normal(size=(100, 8)), rng.integers(0, 9, 100)
    whole = evaluate(rows, groups, np.arange(100))
    monkeypatch.setattr(metrics, "QUERIES_AT_ONCE", 7)
    parts = evaluate(rows, groups, np.arange(100))

    assert np.allclose(whole.average_precision, parts.average_precision)


@given(st.integers(0, 1000))
@settings(deadline=None, max_examples=25)
def test_the_order_of_the_images_does_not_matter(seed):
    rng = np.random.default_rng(seed)
    rows = directions(*rng.integers(0, 12, 20) * 30)  # with many ties
    groups = rng.integers(0, 4, 20)
    order = rng.permutation(20)
    straight = evaluate(rows, groups, np.arange(20)).means()
    shuffled = evaluate(rows[order], groups[order], np.arange(20)).means()

    assert straight == pytest.approx(shuffled)


def test_a_descriptor_that_says_nothing_scores_nothing():
    rows, groups = np.ones((6, 1)), np.array([0, 0, 1, 1, 2, 2])

    assert evaluate(rows, groups, np.arange(6)).means()["map@r"] == 0


def test_perfect_groups_score_one():
    rows, groups = directions(0, 1, 90, 91), np.array([0, 0, 1, 1])

    assert set(evaluate(rows, groups, np.arange(4)).means().values()) == {1.0}


def test_another_row_of_the_same_image_is_no_answer():
    """Two crops of image 7 in one group: they must not find each other."""
    rows, groups = directions(0, 1, 60, 61), np.array([0, 0, 0, 1])
    scores = evaluate(rows, groups, np.array([7, 7, 8, 9]))

    assert scores.groups.tolist() == [0, 0, 0]
    assert scores.recall[1].tolist() == [1, 1, 0]


def test_nothing_to_ask_gives_no_queries_and_no_number():
    scores = evaluate(directions(0, 10), np.array([0, 1]), np.arange(2))

    assert len(scores) == 0
    assert all(np.isnan(value) for value in scores.means().values())
    assert all(np.isnan(value) for value in interval(np.zeros(0), np.zeros(0, int), 0))
    assert len(evaluate(np.zeros((0, 2)), np.zeros(0, int), np.zeros(0, int))) == 0


def test_a_query_with_nothing_to_find_is_not_a_number():
    hits, relevant = np.array([[False], [True]]), np.array([0, 1])

    assert np.isnan(recall_at_k(hits, relevant, 1)).tolist() == [True, False]
    assert np.isnan(map_at_r(hits, relevant)).tolist() == [True, False]


def test_lengths_that_differ_are_refused():
    with pytest.raises(ValueError, match="3 rows, 2 groups"):
        evaluate(np.ones((3, 2)), np.zeros(2, int), np.zeros(3, int))


def test_the_interval_is_over_groups_and_not_over_queries():
    values = np.array([1.0] * 50 + [0.0] * 50)
    two_groups, many = np.repeat([0, 1], 50), np.arange(100)

    wide, narrow = interval(values, two_groups, 0), interval(values, many, 0)

    assert (wide.low, wide.high) == (0, 1)
    assert 0.35 < narrow.low < 0.5 < narrow.high < 0.65
    assert wide.value == narrow.value == 0.5


def test_the_bootstrap_is_what_drawing_groups_by_hand_gives():
    rng = np.random.default_rng(2)
    values, groups = rng.random(30), rng.integers(0, 6, 30)
    means = bootstrap_means(values, groups, seed=1, resamples=4000)
    by_hand = []
    for _ in range(4000):
        drawn = rng.integers(0, 6, 6)
        by_hand.append(np.concatenate([values[groups == g] for g in drawn]).mean())

    assert means.mean() == pytest.approx(np.mean(by_hand), abs=0.01)
    assert np.quantile(means, 0.05) == pytest.approx(np.quantile(by_hand, 0.05), abs=0.02)


def test_the_same_seed_gives_the_same_interval():
    values, groups = np.random.default_rng(0).random(20), np.arange(20) % 5

    assert interval(values, groups, 3) == interval(values, groups, 3)
    assert json.dumps(interval(values, groups, 3)._asdict())


def test_galleries_are_joined_query_by_query():
    one = evaluate(directions(0, 1), np.array([4, 4]), np.arange(2))
    both = joined([one, one])

    assert len(both) == 4
    assert both.means() == one.means()


@settings(deadline=None, max_examples=60)
@given(st.integers(0, 10_000), st.integers(1, 12), st.integers(1, 700))
def test_the_largest_are_what_sorting_finds(seed, count, width):
    rng = np.random.default_rng(seed)
    values = rng.integers(0, max(2, width // 2), (4, width)).astype(np.float32)  # with ties
    count = min(count, width)

    columns = metrics.largest(values, count)

    assert (np.take_along_axis(values, columns, 1) == -np.sort(-values, axis=1)[:, :count]).all()
    assert all(len(set(row)) == count for row in columns.tolist())


def test_several_metrics_share_their_draws():
    rng = np.random.default_rng(3)
    named = {"a": rng.random(40), "b": rng.random(40)}
    groups = rng.integers(0, 9, 40)

    together = metrics.intervals(named, groups, seed=5)

    assert together == {name: interval(values, groups, 5) for name, values in named.items()}
