"""Groups that share a block are tested together."""

import dataclasses

import numpy as np
import pytest

from dashboard.engine.folds import can_part, clusters_of, folds
from dashboard.engine.training import TrainingSet, fit


def in_blocks(make, blocks, groups=24):
    data = make.type_data(groups=groups, images=4, apart=1.2, glare=2.0)
    return dataclasses.replace(data, blocks=np.asarray(blocks)[data.groups])


def test_groups_of_a_block_are_in_one_fold(make):
    data = in_blocks(make, np.arange(24) // 3)
    masks = [*folds(data, 0)]

    assert np.stack(masks).sum(axis=0).tolist() == [1] * len(data)
    for mask in masks:
        assert not set(data.blocks[mask]) & set(data.blocks[~mask])
        assert mask.sum() == 24


def test_a_group_of_two_blocks_binds_them(make):
    data = in_blocks(make, np.arange(24) // 3)
    blocks = data.blocks.copy()
    blocks[0] = 7  # a row of the first group, which is of block 0
    clusters = clusters_of(dataclasses.replace(data, blocks=blocks))

    assert clusters[0] == clusters[2] == clusters[23]
    assert clusters[0] != clusters[3]


def test_no_block_binds_nothing(make):
    data = in_blocks(make, np.full(24, -1))

    assert len(set(clusters_of(data).values())) == 24


@pytest.mark.parametrize(
    ("blocks", "parted"), [(np.arange(24) // 3, True), (np.zeros(24, int), False)]
)
def test_a_report_says_how_the_folds_were_dealt(make, prior, blocks, parted):
    data = in_blocks(make, blocks)
    report = fit(
        TrainingSet("toy-1", (data,)),
        prior=prior,
    ).report()["product"]

    assert can_part(data) == parted
    assert report["folds"]["by"] == ("block" if parted else "group")
    assert bool(report["folds"]["sentence"]) != parted


def test_a_model_depends_on_its_blocks(make, prior):
    data = in_blocks(make, np.arange(24) // 3)
    made = [
        fit(
            TrainingSet("toy-1", (one,)),
            prior=prior,
        ).made["data"]
        for one in (data, dataclasses.replace(data, blocks=None))
    ]

    assert made[0] != made[1]
