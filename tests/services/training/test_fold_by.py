"""Groups whose images share a value of their metadata are tested together."""

import json

import numpy as np
import pytest

from dashboard.engine.prior import BUILTIN
from dashboard.jobs.runner import run_job
from dashboard.models import SimilarityType, Task, Version
from dashboard.queries.training.readiness import readiness
from dashboard.queries.training.snapshots import kept_snapshot, snapshot
from dashboard.queries.training.training_set import training_set
from dashboard.services.library.groups import add_images, add_regions
from dashboard.services.library.similarity_types import change_type
from dashboard.services.training.features import ensure_features
from dashboard.services.training.reproduction import train_again
from dashboard.services.training.tasks import add_type
from dashboard.services.training.training import start_training
from tests.factories import Cast, make_group, make_image, make_region, make_task, make_type

SHOOTS = ["May", "May", {"day": 3}, None, ""]


@pytest.fixture
def kind(cast: Cast) -> SimilarityType:
    """Make five groups of three images, the first two of one shoot; one holds an object, too."""
    kind = make_type(cast.workspace, fold_by="shoot")
    for number, shoot in enumerate(SHOOTS):
        group = make_group(kind, f"Group {number}")
        meta = {} if shoot is None else {"shoot": shoot}
        images = [make_image(cast.workspace, 9 * number + i, meta_data=meta) for i in range(3)]
        add_images(group=group, ids=[one.id for one in images], actor=cast.bob)
    other = make_image(cast.workspace, 90, meta_data={"shoot": "May"})
    region = make_region(other)
    add_regions(group=make_group(kind, "Heels"), ids=[region.id], actor=cast.bob)
    return kind


@pytest.fixture
def task(cast: Cast, kind: SimilarityType) -> Task:
    made = make_task(cast.workspace, encoder=BUILTIN)
    add_type(task=made, similarity_type=kind, actor=cast.bob)
    return made


def blocks(task: Task) -> dict[str, set[int]]:
    """Return the blocks that each group's rows are in, by the group's name."""
    seen = snapshot(task)
    ensure_features(
        images=list(seen.images.values()),
        regions=list(seen.regions.values()),
        encoder_key=BUILTIN,
    )
    version = Version(workspace=task.workspace, task=task, encoder=BUILTIN)
    again = kept_snapshot(task, json.loads(json.dumps(seen.as_json())))
    [data], [same] = (training_set(version, one).types for one in (seen, again))
    assert data.blocks is not None
    assert same.blocks is not None
    assert np.array_equal(data.blocks, same.blocks), "what was seen is kept"
    [members] = seen.members.values()
    names = {group.id: group.name for group in task.similarity_types.get().groups.all()}
    found: dict[str, set[int]] = {}
    for member, block in zip(members, data.blocks, strict=True):
        found.setdefault(names[member.group_id], set()).add(int(block))
    return found


def test_it_works(task: Task) -> None:
    found = blocks(task)
    assert found["Group 0"] == found["Group 1"] == found["Heels"]
    assert found["Group 2"] not in (found["Group 0"], {-1})
    assert found["Group 3"] == found["Group 4"] == {-1}


def test_nothing_is_folded_by_default(cast: Cast, kind: SimilarityType, task: Task) -> None:
    change_type(similarity_type=kind, changes={"fold_by": ""}, actor=cast.bob)
    seen = snapshot(task)
    assert seen.blocks == {}
    ensure_features(images=list(seen.images.values()), encoder_key=BUILTIN)
    version = Version(workspace=task.workspace, task=task, encoder=BUILTIN)
    assert training_set(version, seen).types[0].blocks is None


def test_a_training_says_so(cast: Cast, kind: SimilarityType, task: Task) -> None:
    assert "share a value of “shoot” are measured together" in readiness(task)[0].sentence
    version, job = start_training(task=task, actor=cast.bob)
    run_job(str(job.id))
    version.refresh_from_db()
    assert version.status == Version.Status.TRAINED, version.detail
    assert version.metrics[str(kind.id)]["fold_by"] == "shoot"
    change_type(similarity_type=kind, changes={"fold_by": ""}, actor=cast.bob)
    assert train_again(version=version).is_same
