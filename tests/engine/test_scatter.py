import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from dashboard.engine import scatter
from dashboard.engine.scatter import group_statistics, mixture, pair_scatter, trace_one


def plain_within(features, groups, cap=20):
    """The definition, row by row."""
    total, counted = np.zeros((features.shape[1],) * 2), 0
    for group in sorted(set(groups) - {-1}):
        rows = features[groups == group].astype(float)
        if len(rows) < 2:
            continue
        share = min(1, cap / len(rows)) * len(rows) / (len(rows) - 1)
        for row in rows:
            total += share * np.outer(row - rows.mean(0), row - rows.mean(0))
        counted += min(cap, len(rows))
    return total, counted


def plain_between(features, groups):
    means = [features[groups == g].astype(float).mean(0) for g in sorted(set(groups) - {-1})]
    middle = np.mean(means, axis=0)
    return sum(np.outer(m - middle, m - middle) for m in means) / len(means)


def example(seed=0, n=200, width=6):
    rng = np.random.default_rng(seed)
    return rng.normal(size=(n, width)).astype(np.float16), rng.integers(-1, 12, n)


def test_a_worked_example():
    rows = np.array([[0.0, 0.0], [2.0, 0.0], [5.0, 5.0], [9.0, 9.0]])
    statistics = group_statistics(rows, np.array([3, 3, 8, -1]))

    assert np.allclose(statistics.within, [[4.0, 0.0], [0.0, 0.0]])  # 2 * (1 + 1)
    assert statistics.counted == 2
    assert statistics.means.tolist() == [[1.0, 0.0], [5.0, 5.0]]
    assert statistics.sizes.tolist() == [2, 1]
    assert statistics.between().tolist() == [[4.0, 5.0], [5.0, 6.25]]
    assert np.allclose(statistics.mean, [7 / 3, 5 / 3])


def test_it_is_what_the_plain_definition_says():
    features, groups = example()
    statistics = group_statistics(features, groups, cap=10)
    within, counted = plain_within(features, groups, cap=10)

    assert np.allclose(statistics.within, within)
    assert statistics.counted == counted
    assert np.allclose(statistics.between(), plain_between(features, groups))


def test_blocks_change_nothing(monkeypatch):
    features, groups = example()
    whole = group_statistics(features, groups)
    monkeypatch.setattr(scatter, "BLOCK", 16)
    parts = group_statistics(features, groups)

    assert np.allclose(whole.within, parts.within)
    assert (whole.sizes == parts.sizes).all()
    assert np.allclose(whole.means, parts.means)


@settings(deadline=None, max_examples=30)
@given(st.integers(0, 10_000))
def test_the_order_of_the_rows_does_not_matter(seed):
    features, groups = example(seed, n=40)
    order = np.random.default_rng(seed).permutation(len(groups))
    straight = group_statistics(features, groups)
    shuffled = group_statistics(features[order], groups[order])

    assert np.allclose(straight.within, shuffled.within)
    assert np.allclose(straight.between(), shuffled.between())


def test_equal_rows_have_no_scatter_within():
    statistics = group_statistics(np.ones((6, 3)), np.array([0, 0, 0, 1, 1, 1]))

    assert not statistics.within.any()
    assert not statistics.between().any()


def test_no_groups_at_all():
    statistics = group_statistics(np.ones((3, 2)), np.array([-1, -1, -1]))

    assert (statistics.groups, statistics.counted) == (0, 0)
    assert statistics.within.shape == (2, 2)


def test_traces():
    assert trace_one(np.diag([1.0, 3.0])).tolist() == [[0.25, 0], [0, 0.75]]
    assert not trace_one(np.zeros((2, 2))).any()
    assert mixture([(1, np.eye(2)), (2, np.diag([5.0, 0.0]))]).tolist() == [[2.5, 0], [0, 0.5]]


def test_the_scatter_of_a_pair_is_about_its_own_middle():
    pairs = pair_scatter(np.array([[0.0, 0.0]]), np.array([[2.0, 0.0]]))

    assert pairs.tolist() == [[2.0, 0.0], [0.0, 0.0]]
    assert not pair_scatter(np.zeros((0, 2)), np.zeros((0, 2))).any()
