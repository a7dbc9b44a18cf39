import numpy as np
import pytest
import scipy.linalg
from hypothesis import given, settings
from hypothesis import strategies as st

from dashboard.engine.heads import (
    Head,
    Recipe,
    discriminant,
    fit_head,
    inverse_of_lower,
    unit_rows,
)
from dashboard.engine.scatter import group_statistics, trace_one

RECIPE = Recipe(n0=300, g0=10)


def fit(features, groups, prior, recipe=RECIPE, **more):
    return fit_head(
        group_statistics(features, groups),
        prior_within=prior.within,
        prior_between=prior.between,
        recipe=recipe,
        **more,
    )


def scatter(rng, width):
    root = rng.normal(size=(width, width))
    return root @ root.T


def test_a_worked_example():
    """Groups differ along x, rows of one group along y: only x tells groups apart."""
    within, between = np.diag([0.0, 2.0]), np.diag([3.0, 0.0])
    directions = discriminant(within, [(1.0, between)], 1, shrink=0.1)

    # Shrunk: 0.9 * 2 * diag(0, 1) + 0.1 * I = diag(0.1, 1.9); x is divided by sqrt(0.1).
    assert np.allclose(directions, [[1 / np.sqrt(0.1)], [0.0]])


@pytest.mark.parametrize("size", [1, 2, 63, 65, 130, 257])
def test_a_triangle_is_inverted_as_any_matrix(size):
    rng = np.random.default_rng(size)
    lower = np.tril(rng.normal(size=(size, size))) + 5 * np.sqrt(size) * np.eye(size)
    found = inverse_of_lower(lower)
    np.testing.assert_allclose(found, np.linalg.inv(lower), atol=1e-12)
    np.testing.assert_array_equal(found, np.tril(found))


def test_directions_solve_the_generalised_eigenproblem():
    rng = np.random.default_rng(3)
    within, between = scatter(rng, 8), scatter(rng, 8)
    shrunk = 0.9 * within / np.trace(within) * 8 + 0.1 * np.eye(8)
    strengths, axes = scipy.linalg.eigh(between, shrunk)
    strengths, axes = strengths[::-1][:5], axes[:, ::-1][:, :5]
    expected = axes * (strengths / strengths[0]) ** 0.25

    directions = discriminant(within, [(1.0, between)], 5, shrink=0.1)

    assert np.allclose(np.abs(directions), np.abs(expected))


def test_scatters_are_mixed_in_the_whitened_space():
    rng = np.random.default_rng(4)
    within, first, second = (scatter(rng, 6) for _ in range(3))
    shrunk = 0.9 * trace_one(within) * 6 + 0.1 * np.eye(6)
    whiten = scipy.linalg.inv(scipy.linalg.sqrtm(shrunk)).real
    white = [2 * trace_one(whiten @ first @ whiten), 3 * trace_one(whiten @ second @ whiten)]
    strengths = scipy.linalg.eigvalsh(sum(white))[::-1]

    directions = discriminant(within, [(2.0, first), (3.0, second)], 6, shrink=0.1)
    lengths = np.diag(directions.T @ shrunk @ directions)

    assert np.allclose(lengths, (strengths / strengths[0]) ** 0.5)


def test_the_largest_number_of_every_direction_is_positive():
    rng = np.random.default_rng(5)
    directions = discriminant(scatter(rng, 9), [(1.0, scatter(rng, 9))], 9)

    assert (directions[np.abs(directions).argmax(0), np.arange(9)] > 0).all()


def test_the_prior_counts_as_n0_rows_and_g0_groups(make, prior):
    data = make.type_data(groups=6, images=4)
    statistics = group_statistics(data.features, data.groups)
    average = np.trace(statistics.within) / 24
    within = (statistics.within + 300 * average * trace_one(prior.within)) / 324
    own, lent = (6 / 16, statistics.between()), (10 / 16, prior.between)
    expected = discriminant(within, [own, lent], 48)

    head = fit(data.features, data.groups, prior)

    assert np.allclose(head.directions, expected, rtol=1e-3, atol=1e-4)
    assert np.allclose(head.mean, data.features.astype(float).mean(0), atol=1e-6)


@settings(deadline=None, max_examples=20)
@given(st.integers(0, 1000), st.integers(1, 9))
def test_descriptors_have_unit_length(seed, rows):
    rng = np.random.default_rng(seed)
    head = Head(rng.normal(size=6).astype(np.float32), rng.normal(size=(6, 3)).astype(np.float32))
    described = head.describe(rng.normal(size=(rows, 6)).astype(np.float16))

    assert described.dtype == np.float32
    assert np.allclose(np.linalg.norm(described, axis=1), 1, atol=1e-6)


def test_a_row_is_described_the_same_alone(make, prior):
    features = make.type_data().features
    together = prior.untrained.describe(features)
    alone = np.concatenate([prior.untrained.describe(row[None]) for row in features])

    assert np.allclose(together, alone, rtol=0, atol=1e-7)


def test_a_row_in_the_very_middle_still_has_unit_length():
    head = Head(np.ones(4, np.float32), np.eye(4, dtype=np.float32))

    assert np.allclose(head.describe(np.ones((1, 4))), 0.5)
    assert unit_rows(np.zeros((0, 4))).shape == (0, 4)


def test_the_order_of_the_images_does_not_matter(make, prior):
    data = make.type_data(groups=8, images=4)
    order = np.random.default_rng(1).permutation(len(data))
    straight = fit(data.features, data.groups, prior)
    shuffled = fit(data.features[order], data.groups[order], prior)
    cosines, others = (h.describe(data.features) for h in (straight, shuffled))

    assert np.allclose(cosines @ cosines.T, others @ others.T, atol=1e-4)


def test_one_group_leans_on_the_prior(make, prior):
    data = make.type_data(groups=1, images=6)
    head = fit(data.features, data.groups, prior)

    assert np.isfinite(head.describe(data.features)).all()


def test_equal_rows_leave_the_prior_alone(prior):
    features = np.ones((6, 48), np.float16)
    head = fit(features, np.array([0, 0, 0, 1, 1, 1]), prior)

    assert np.allclose(head.directions, prior.untrained.directions, rtol=1e-2, atol=1e-2)


def test_more_of_the_same_tells_groups_apart_better(make, prior):
    data = make.type_data(groups=40, images=6)
    head = fit(data.features, data.groups, prior)
    same = data.groups[:, None] == data.groups

    def contrast(rows):
        cosines = rows @ rows.T
        return cosines[same].mean() - cosines[~same].mean()

    trained, untrained = head.describe(data.features), prior.untrained.describe(data.features)
    assert contrast(trained) > contrast(untrained)


@pytest.mark.parametrize("pairs", [1, 5, 200])
def test_negative_pairs_come_apart(make, prior, pairs):
    data = make.type_data(groups=10, images=4)
    rng = np.random.default_rng(8)
    first = data.features[rng.integers(0, 40, pairs)].astype(float)
    second = first + 2 * np.linalg.qr(rng.normal(size=(48, 3)))[0][:, 0]
    without = fit(data.features, data.groups, prior)
    told = fit(data.features, data.groups, prior, negative_pairs=(first, second))

    def closeness(head):
        return (head.describe(first) * head.describe(second)).sum(1).mean()

    assert closeness(told) < closeness(without)
