"""A training compares with the version in production, on the same queries."""

import json

import pytest

from dashboard.files.store import storage
from dashboard.jobs.runner import run_job
from dashboard.models import Group, SimilarityType, Task, Version
from dashboard.queries.training.snapshots import snapshot
from dashboard.queries.training.training_set import learned_groups
from dashboard.services.library.groups import add_images, mark_group
from dashboard.services.training.tasks import add_type
from dashboard.services.training.training import start_training
from dashboard.services.training.versions import set_production
from tests.api.calls import MODEL
from tests.factories import Cast, api_client, make_group, make_image, make_task, make_type


@pytest.fixture
def kind(cast: Cast) -> SimilarityType:
    similarity_type = make_type(cast.workspace)
    for number in range(3):
        fill(similarity_type, number, cast)
    return similarity_type


def fill(kind: SimilarityType, number: int, cast: Cast) -> Group:
    group = make_group(kind, f"Group {number}")
    images = [make_image(cast.workspace, seed=10 * number + i) for i in range(3)]
    add_images(group=group, ids=[image.id for image in images], actor=cast.bob)
    return group


@pytest.fixture
def task(cast: Cast, kind: SimilarityType) -> Task:
    made = make_task(cast.workspace)
    add_type(task=made, similarity_type=kind, actor=cast.bob)
    return made


def trained(task: Task, cast: Cast) -> Version:
    version, job = start_training(task=task, actor=cast.bob)
    run_job(str(job.id))
    version.refresh_from_db()
    assert version.status == Version.Status.TRAINED, version.detail
    return version


def test_it_works(task: Task, kind: SimilarityType, cast: Cast) -> None:
    first = trained(task, cast)
    report = first.metrics[str(kind.id)]
    assert report["production_version"] is None
    assert "production" not in report["unseen"]
    set_production(version=first, production=True, actor=cast.alice)
    fill(kind, 3, cast)
    mark_group(group=fill(kind, 4, cast), test_group=True, actor=cast.bob)
    second = trained(task, cast)
    report = second.metrics[str(kind.id)]
    assert report["production_version"] == 1
    unseen, held_out = report["unseen"], report["held_out"]
    assert (unseen["groups"], unseen["production_learned"]) == (4, 3)
    assert (held_out["groups"], held_out["production_learned"]) == (1, 0)
    # Both kept the untrained head, so that all three are the same.
    assert unseen["production"] == unseen["untrained"]
    answer = api_client(cast.vera).get(f"{MODEL}{second.id}/").json()
    assert answer["metrics"] == json.loads(json.dumps(second.metrics))
    assert answer["metrics"][str(kind.id)]["candidates"][0]["recipe"] is None


def test_a_damaged_one_is_not_compared(task: Task, kind: SimilarityType, cast: Cast) -> None:
    first = trained(task, cast)
    set_production(version=first, production=True, actor=cast.alice)
    storage.write(f"{first.artifact}/heads.npz", b"")
    report = trained(task, cast).metrics[str(kind.id)]
    assert report["production_version"] == 1
    assert "production" not in report["unseen"]


def test_a_group_was_learned_if_any_member_was(
    task: Task, kind: SimilarityType, cast: Cast
) -> None:
    first, second = Group.objects.order_by("name")[:2]
    mark_group(group=second, test_group=True, actor=cast.bob)
    kept = snapshot(task).as_json()
    image = first.image_rows.first()
    assert image is not None
    add_images(group=fill(kind, 5, cast), ids=[image.image_id], actor=cast.bob)
    seen = snapshot(task)
    order = list(dict.fromkeys(member.group_id for member in seen.members[kind]))
    learned = learned_groups(seen, kept)[str(kind.id)]
    names = {Group.objects.get(pk=order[number]).name for number in learned}
    assert names == {"Group 0", "Group 2", "Group 5"}
