"""Assign whole groups to folds, so that each is tested by heads that have not seen it."""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from dashboard.engine.scatter import NO_GROUP, Integers
from dashboard.engine.training_set import TypeData

FOLDS = 4
FEWEST_GROUPS = 10
LARGEST_GROUP = 200  # rows of a group, if there are more than can be compared in all
NO_BLOCK = -1


def folds(data: TypeData, seed: int) -> Iterator[NDArray[np.bool_]]:
    """Assign whole groups to FOLDS folds; mark the rows (n,) of each.

    Groups that can be queried are assigned first, so that every fold has its share of them. Groups
    that share a block are assigned to one fold, unless that is impossible: see `can_part`.
    """
    rng = np.random.default_rng(seed)
    usable = rng.permutation(data.usable_groups())
    single = rng.permutation(np.setdiff1d(data.groups[data.groups >= 0], usable))
    if data.blocks is not None and can_part(data):
        yield from _by_clusters(data, usable, single)
        return
    dealt = np.concatenate([usable, single])
    for fold in range(FOLDS):
        yield np.isin(data.groups, dealt[fold::FOLDS])


def can_part(data: TypeData) -> bool:
    """Return whether there is a separate cluster of groups to query for each fold."""
    clusters = clusters_of(data)
    return len({clusters[int(group)] for group in data.usable_groups()}) >= FOLDS


def clusters_of(data: TypeData) -> dict[int, int]:
    """Return every group's cluster: groups that share a block, transitively.

    A cluster has the number of its smallest group.
    """
    cluster = {int(group): int(group) for group in np.unique(data.groups[data.groups != NO_GROUP])}

    def root(group: int) -> int:
        while cluster[group] != group:
            group = cluster[group]
        return group

    for groups in _sharing(data):
        roots = [root(group) for group in groups]
        for one in roots:
            cluster[one] = min(roots)
    return {group: root(group) for group in cluster}


def _sharing(data: TypeData) -> Iterator[list[int]]:
    """Yield the groups of every block."""
    if data.blocks is None:
        return
    told = (data.groups != NO_GROUP) & (data.blocks != NO_BLOCK)
    pairs = np.unique(np.stack([data.blocks[told], data.groups[told]], axis=1), axis=0)
    for block in np.split(pairs[:, 1], np.flatnonzero(np.diff(pairs[:, 0])) + 1):
        yield block.tolist()


def _by_clusters(data: TypeData, usable: Integers, single: Integers) -> Iterator[NDArray[np.bool_]]:
    """Assign clusters, the largest first, each to the fold with the fewest groups to query."""
    clusters = clusters_of(data)
    members: dict[int, list[int]] = {}
    for group in [*usable.tolist(), *single.tolist()]:
        members.setdefault(clusters[group], []).append(group)
    asked = set(usable.tolist())
    weights = {one: len(asked.intersection(groups)) for one, groups in members.items()}
    hands: list[list[int]] = [[] for _ in range(FOLDS)]
    loads = [0] * FOLDS
    for one in sorted(members, key=lambda one: -weights[one]):
        lightest = loads.index(min(loads))
        hands[lightest] += members[one]
        loads[lightest] += weights[one]
    for hand in hands:
        yield np.isin(data.groups, hand)


def sampled(data: TypeData, most: int, seed: int) -> TypeData:
    """Keep about `most` rows, whole groups drawn at random; the largest lose rows first.

    Rows in no group are all kept.
    """
    if len(data) <= most:
        return data
    rng = np.random.default_rng(seed)
    shuffled = rng.permutation(len(data))
    kept = np.zeros(len(data), np.bool_)
    kept[shuffled[rank_in_group(data.groups[shuffled]) < LARGEST_GROUP]] = True
    numbers, sizes = np.unique(data.groups[kept & (data.groups >= 0)], return_counts=True)
    order = rng.permutation(len(numbers))
    fitting = int((np.cumsum(sizes[order]) <= most).sum())
    chosen = numbers[order[: max(FEWEST_GROUPS, fitting)]]
    return data.take((kept & np.isin(data.groups, chosen)) | (data.groups < 0))


def rank_in_group(groups: Integers) -> Integers:
    """Return, for every row, the number of earlier rows of its group, (n,)."""
    order = np.argsort(groups, kind="stable")
    _, starts, counts = np.unique(groups[order], return_index=True, return_counts=True)
    ranks = np.empty(len(groups), np.int64)
    ranks[order] = np.arange(len(groups)) - np.repeat(starts, counts)
    return ranks
