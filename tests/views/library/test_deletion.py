"""Delete groups, types and tasks: what goes with them goes, and what is told to stay stays."""

from django.test import Client

from dashboard.models import Group, Image, SimilarityType, Task, Version
from dashboard.services.library.groups import add_images
from dashboard.services.training.tasks import add_type
from tests.factories import Cast, make_group, make_image, make_task, make_type, make_version


def test_a_group_goes_and_its_images_stay(bob_client: Client, cast: Cast) -> None:
    kind = make_type(cast.workspace)
    group = make_group(kind)
    add_images(group=group, ids=[make_image(cast.workspace).id], actor=cast.bob)
    assert "Delete this group?" in bob_client.get(f"/groups/{group.id}").content.decode()
    answer = bob_client.post(f"/groups/{group.id}/delete")
    assert (answer.status_code, answer["Location"]) == (303, f"/types/{kind.id}")
    kind.refresh_from_db()
    assert (Group.objects.count(), kind.groups_count, Image.objects.present().count()) == (0, 0, 1)


def test_a_type_goes_with_its_groups(bob_client: Client, cast: Cast) -> None:
    kind = make_type(cast.workspace)
    group, task = make_group(kind), make_task(cast.workspace)
    add_images(group=group, ids=[make_image(cast.workspace).id], actor=cast.bob)
    add_type(task=task, similarity_type=kind, actor=cast.bob)
    assert "Delete this type" in bob_client.get(f"/types/{kind.id}").content.decode()
    assert bob_client.post(f"/types/{kind.id}/delete")["Location"] == "/types/"
    assert (SimilarityType.objects.count(), Group.objects.count()) == (0, 0)
    assert (Task.objects.count(), Image.objects.present().count()) == (1, 1)


def test_a_task_goes_with_its_versions(bob_client: Client, cast: Cast) -> None:
    task = make_task(cast.workspace)
    make_version(task)
    assert "Delete this task" in bob_client.get(f"/tasks/{task.id}").content.decode()
    assert bob_client.post(f"/tasks/{task.id}/delete")["Location"] == "/tasks/"
    assert (Task.objects.count(), Version.objects.count()) == (0, 0)


def test_a_viewer_is_not_asked(vera_client: Client, cast: Cast) -> None:
    group = make_group(make_type(cast.workspace))
    assert "Delete this group?" not in vera_client.get(f"/groups/{group.id}").content.decode()
