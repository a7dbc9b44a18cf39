import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from dashboard.engine.index import ExactIndex

DIMENSION = 4


def plain_search(rows, query, k, allowed=None, radius=2.0):
    """Rows are a dict in the order of adding; sorting is stable: the older of equals is first."""
    distances = [
        (1 - sum(float(a) * float(b) for a, b in zip(row, query, strict=True)), one)
        for one, row in rows.items()
        if allowed is None or one in allowed
    ]
    found = sorted(distances, key=lambda found: round(found[0], 9))[:k]
    return [(distance, one) for distance, one in found if distance <= radius]


def unit(rng, n):
    rows = rng.normal(size=(n, DIMENSION))
    return (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float32)


def same(hits, expected):
    assert hits.ids == [one for _, one in expected]
    assert np.allclose(hits.distances, [distance for distance, _ in expected], atol=1e-6)


def test_a_worked_example():
    index = ExactIndex.build(["east", "north", "west"], np.eye(3, dtype=np.float32)[[0, 1, 0]] * [
        [1], [1], [-1]])  # fmt: skip
    hits = index.search(np.array([0.8, 0.6, 0.0]), k=2)

    assert hits.ids == ["east", "north"]
    assert np.allclose(hits.distances, [0.2, 0.4])
    assert np.allclose(index.search(np.array([1.0, 0, 0]), k=3).distances, [0, 1, 2])


@settings(deadline=None, max_examples=40)
@given(
    st.integers(0, 10_000),
    st.integers(1, 60),
    st.integers(0, 70),
    st.booleans(),
    st.floats(0.001, 2),
)
def test_it_finds_what_a_plain_search_finds(seed, n, k, filtered, radius):
    rng = np.random.default_rng(seed)
    rows = unit(rng, max(1, n // 2))[rng.integers(0, max(1, n // 2), n)]  # with equal rows
    allowed = set(rng.integers(0, n, n // 2).tolist()) if filtered else None
    index, query = ExactIndex.build(list(range(n)), rows), unit(rng, 1)[0]

    same(index.search(query, k, allowed), plain_search(dict(enumerate(rows)), query, k, allowed))
    same(
        index.search(query, k, allowed, radius),
        plain_search(dict(enumerate(rows)), query, k, allowed, radius),
    )


def test_equal_rows_come_in_the_order_of_adding():
    row = unit(np.random.default_rng(0), 1)
    index = ExactIndex.build(["c", "a", "b"], row.repeat(3, axis=0))
    index.remove(["c"])
    index.add(["c"], row)

    assert index.search(row[0], 3).ids == ["a", "b", "c"]
    assert len(set(index.search(row[0], 3).distances.tolist())) == 1


def test_an_added_row_is_found_at_once():
    index, rows = ExactIndex(DIMENSION), unit(np.random.default_rng(1), 3)
    for number, row in enumerate(rows):
        index.add([number], row[None])
        assert index.search(row, 1).ids == [number]
    assert len(index) == 3


def test_adding_again_replaces():
    first, second = unit(np.random.default_rng(2), 2)
    index = ExactIndex.build([5], first[None])
    index.add([5], second[None])

    assert len(index) == 1
    assert index.search(second, 1).distances[0] == pytest.approx(0, abs=1e-6)


def test_nothing_allowed_finds_nothing():
    rows = unit(np.random.default_rng(3), 4)
    index = ExactIndex.build([1, 2, 3, 4], rows)

    assert index.search(rows[0], 5, allowed=[]).ids == []
    assert index.search(rows[0], 5, allowed=[99, "1"]).ids == []
    assert index.search(rows[0], 5, allowed=[2, 99]).ids == [2]
    assert index.search(rows[0], 0).ids == []


def test_an_empty_index_finds_nothing():
    hits = ExactIndex(DIMENSION).search(np.ones(DIMENSION), 5)

    assert (hits.ids, len(hits.distances)) == ([], 0)


def test_shapes_that_do_not_fit_are_refused():
    index = ExactIndex(DIMENSION)

    with pytest.raises(ValueError, match="dimension 4"):
        index.add([1, 2], np.ones((1, DIMENSION), np.float32))
    with pytest.raises(ValueError, match="dimension 4"):
        index.search(np.ones(3), 1)


class IndexMachine(RuleBasedStateMachine):
    """Any order of adding, replacing and removing leaves what a plain dict would hold."""

    def __init__(self):
        super().__init__()
        self.index, self.rows = ExactIndex(DIMENSION), {}

    @rule(ids=st.lists(st.integers(0, 12), max_size=6), seed=st.integers(0, 99))
    def add(self, ids, seed):
        rows = unit(np.random.default_rng(seed), len(ids))
        self.index.add(ids, rows)
        self.rows.update(zip(ids, rows, strict=True))

    @rule(ids=st.lists(st.integers(0, 12), max_size=6))
    def remove(self, ids):
        self.index.remove(ids)
        for one in ids:
            self.rows.pop(one, None)

    @invariant()
    def holds_the_same(self):
        query = unit(np.random.default_rng(7), 1)[0]
        assert len(self.index) == len(self.rows)
        same(self.index.search(query, 20), plain_search(self.rows, query, 20))


TestIndexMachine = IndexMachine.TestCase
TestIndexMachine.settings = settings(deadline=None, max_examples=25, stateful_step_count=12)
