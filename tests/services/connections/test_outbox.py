"""What is written in a linked workspace is sent, once, as who wrote it."""

import pytest
from django.conf import settings as all_settings
from django.utils import timezone
from pytest_django import Settings
from pytest_django.live_server_helper import LiveServer

from accounts.models import Change
from dashboard.jobs.runner import run_job
from dashboard.models import (
    Group,
    GroupImage,
    GroupNesting,
    Image,
    Job,
    Label,
    Region,
    SimilarityType,
    Task,
    TaskType,
    Twin,
)
from dashboard.services.library import groups, images, labels, nesting, regions, similarity_types
from dashboard.services.training import tasks
from tests.factories import (
    Cast,
    make_cast,
    make_group,
    make_image,
    make_label,
    make_region,
    make_task,
    make_type,
)
from tests.outbox import Mirror, linked, url_of
from tests.transfers import told


@pytest.fixture(scope="session", autouse=True)
def _static() -> None:
    all_settings.STATIC_ROOT.mkdir(exist_ok=True)


@pytest.fixture
def mirror(
    transactional_db: None,
    live_server: LiveServer,
    settings: Settings,
    monkeypatch: pytest.MonkeyPatch,
) -> Mirror:
    return linked(make_cast(), url_of(live_server), settings, monkeypatch)


def test_it_works(mirror: Mirror) -> None:
    kind = make_type(mirror.here)
    group = make_group(kind, description="A pair", meta_data={"size": 40}, test_group=True)
    some = [make_image(mirror.here, seed) for seed in range(3)]
    groups.add_images(group=group, ids=[one.pk for one in some], actor=mirror.cast.alice)
    job = mirror.send()
    assert job is not None
    assert (job.state, job.message) == ("done", "Sent 6 changes.")
    there = mirror.remote("group", group)
    assert (there.name, there.description, there.meta_data) == ("Red shoe", "A pair", {"size": 40})
    assert there.test_group
    assert there.similarity_type == mirror.remote("type", kind)
    assert there.images_count == 3
    assert {mirror.remote("image", one).stored_sha256 for one in some} == {
        one.stored_sha256 for one in some
    }
    assert mirror.members() == 3
    mirror.settled()


def test_fields(mirror: Mirror) -> None:
    alice = mirror.cast.alice
    kind, label, task = make_type(mirror.here), make_label(mirror.here), make_task(mirror.here)
    group, image = make_group(kind), make_image(mirror.here)
    other = make_type(mirror.here, "Same brand")
    mirror.send()
    similarity_types.change_type(
        similarity_type=kind, changes={"name": "Same", "exclusive": True}, actor=alice
    )
    labels.change_label(label=label, changes={"color": "#112233"}, actor=alice)
    tasks.change_task(task=task, changes={"description": "All"}, actor=alice)
    changes = {"name": "Blue", "meta_data": {"a": [1]}, "similarity_type": other}
    groups.change_group(group=group, changes=changes, actor=alice)
    groups.mark_group(group=group, test_group=True, actor=alice)
    images.change_image(
        image=image, changes={"meta_data": {"b": 2}, "real": False, "file_name": "x"}, actor=alice
    )
    mirror.send()
    assert mirror.remote("type", kind).name == "Same"
    assert mirror.remote("type", kind).exclusive
    assert mirror.remote("label", label).color == "#112233"
    assert mirror.remote("task", task).description == "All"
    there = mirror.remote("group", group)
    assert (there.name, there.meta_data, there.test_group) == ("Blue", {"a": [1]}, True)
    assert there.similarity_type == mirror.remote("type", other)
    assert mirror.remote("image", image).meta_data == {"b": 2}
    assert not mirror.remote("image", image).real
    mirror.settled()


def test_members_are_removed_and_moved(mirror: Mirror) -> None:
    alice = mirror.cast.alice
    kind = make_type(mirror.here, exclusive=True)
    one, two = make_group(kind, "One"), make_group(kind, "Two")
    some = [make_image(mirror.here, seed) for seed in range(3)]
    groups.add_images(group=one, ids=[image.pk for image in some], actor=alice)
    mirror.send()
    groups.remove_images(group=one, ids=[some[0].pk], actor=alice)
    groups.add_images(group=two, ids=[some[1].pk], taken=groups.Taken.MOVE, actor=alice)
    mirror.send()
    there = GroupImage.objects.filter(group__workspace=mirror.there)
    assert {(row.group.name, row.image_id) for row in there.select_related("group")} == {
        ("One", mirror.remote("image", some[2]).pk),
        ("Two", mirror.remote("image", some[1]).pk),
    }
    assert mirror.members() == 2
    mirror.settled()


def test_regions_and_their_label(mirror: Mirror) -> None:
    alice = mirror.cast.alice
    image, label = make_image(mirror.here), make_label(mirror.here)
    region = make_region(image, meta_data={"a": 1})
    group = make_group(make_type(mirror.here))
    groups.add_regions(group=group, ids=[region.pk], actor=alice)
    mirror.send()
    # The default label had no twin: that of the other side is the same, by its name.
    assert Label.objects.filter(workspace=mirror.there, name="object").count() == 1
    there = mirror.remote("object", region)
    assert (there.label.name, there.box, there.meta_data) == ("object", region.box, {"a": 1})
    assert mirror.remote("group", group).regions_count == 1
    changes = {"label": label, "box": regions.Box(1, 2, 9, 10)}
    regions.change_region(region=region, changes=changes, actor=alice)
    groups.remove_regions(group=group, ids=[region.pk], actor=alice)
    mirror.send()
    there = mirror.remote("object", region)
    assert (there.label.name, there.box) == ("Heel", (1, 2, 9, 10))
    assert mirror.remote("group", group).regions_count == 0
    mirror.settled()


def test_nesting(mirror: Mirror) -> None:
    alice = mirror.cast.alice
    kind = make_type(mirror.here)
    parent, one, two = (make_group(kind, name) for name in ("Parent", "One", "Two"))
    nesting.add_groups(group=parent, ids=[one.pk, two.pk], actor=alice)
    mirror.send()
    assert mirror.remote("group", parent).groups_count == 2
    nesting.remove_groups(group=parent, ids=[one.pk], actor=alice)
    mirror.send()
    nestings = GroupNesting.objects.filter(parent__workspace=mirror.there)
    assert [row.child for row in nestings] == [mirror.remote("group", two)]
    mirror.settled()


def test_types_of_tasks(mirror: Mirror) -> None:
    alice = mirror.cast.alice
    task, one, two = make_task(mirror.here), make_type(mirror.here), make_type(mirror.here, "Two")
    for kind in (one, two):
        tasks.add_type(task=task, similarity_type=kind, actor=alice)
    mirror.send()
    tasks.remove_type(task=task, similarity_type=one, actor=alice)
    mirror.send()
    rows = TaskType.objects.filter(task__workspace=mirror.there)
    assert [row.similarity_type for row in rows] == [mirror.remote("type", two)]
    mirror.settled()


def test_deletions(mirror: Mirror) -> None:
    alice = mirror.cast.alice
    kind, label, task = make_type(mirror.here), make_label(mirror.here), make_task(mirror.here)
    group, kept = make_group(kind), make_group(kind, "Kept")
    some = [make_image(mirror.here, seed) for seed in range(3)]
    region, other = make_region(some[0]), make_region(some[0], label=label)
    groups.add_images(group=group, ids=[one.pk for one in some], actor=alice)
    mirror.send()
    assert kept.pk in set(Twin.objects.filter(noun="group").values_list("local_id", flat=True))
    regions.delete_region(region=region, actor=alice)
    labels.delete_label(label=label, force=True, actor=alice)
    groups.delete_group(group=group, actor=alice)
    tasks.delete_task(task=task, actor=alice)
    images.delete_images(workspace=mirror.here, ids=[some[0].pk], actor=alice)
    similarity_types.delete_type(similarity_type=kind, force=True, actor=alice)
    assert not Region.objects.filter(pk=other.pk).exists()
    mirror.send()
    for model in (Region, Group, Task, SimilarityType):
        assert not model.objects.filter(workspace=mirror.there).exists(), model
    there = Image.objects.filter(workspace=mirror.there, deleted=None)
    assert {one.pk for one in there} == {mirror.remote("image", one).pk for one in some[1:]}
    assert Label.objects.filter(workspace=mirror.there).count() == 1
    assert mirror.members() == 0
    nouns = set(Twin.objects.filter(link=mirror.link).values_list("noun", flat=True))
    assert nouns == {"image", "label"}
    mirror.settled()


def test_marks_of_many(mirror: Mirror) -> None:
    alice = mirror.cast.alice
    some = [make_image(mirror.here, seed) for seed in range(3)]
    kind = make_type(mirror.here)
    both = [make_group(kind, name) for name in ("One", "Two")]
    mirror.send()
    ids = [one.pk for one in some]
    marks = {"test_image": True, "real": False}
    images.mark_images(workspace=mirror.here, ids=ids[:2], marks=marks, actor=alice)
    groups.mark_groups(
        workspace=mirror.here, ids=[one.pk for one in both], test_group=True, actor=alice
    )
    mirror.send()
    there = [mirror.remote("image", one) for one in some]
    assert [one.test_image for one in there] == [True, True, False]
    assert [one.real for one in there] == [False, False, True]
    assert all(mirror.remote("group", one).test_group for one in both)
    mirror.settled()


def test_the_same_bytes_are_one_image_there(mirror: Mirror) -> None:
    """Another upload of the stored bytes: the other server says that it has them."""
    image = make_image(mirror.here, meta_data={"ours": 1})
    mirror.send()
    there = mirror.remote("image", image)
    Twin.objects.filter(noun="image").delete()
    Change.objects.filter(workspace=mirror.here, noun="image").update(sequence=None)
    mirror.send()
    assert mirror.remote("image", image) == there
    mirror.settled()


def test_both_changed_a_field(mirror: Mirror) -> None:
    alice = mirror.cast.alice
    group = make_group(make_type(mirror.here))
    mirror.send()
    there = mirror.remote("group", group)
    groups.change_group(group=there, changes={"name": "Theirs"}, actor=mirror.accounts["alice"])
    changes = {"name": "Ours", "description": "Only ours"}
    groups.change_group(group=group, changes=changes, actor=alice)
    mirror.send()
    group.refresh_from_db()
    there.refresh_from_db()
    assert group.name == there.name == "Theirs"
    assert group.description == there.description == "Only ours"
    told = Change.objects.get(workspace=mirror.here, verb="overruled")
    assert (told.noun, told.target_id, told.actor) == ("group", group.pk, None)
    assert (told.before, told.after) == ({"name": "Ours"}, {"name": "Theirs"})
    mirror.settled()


def test_what_was_deleted_there_is_left_to_the_pull(mirror: Mirror) -> None:
    group = make_group(make_type(mirror.here))
    mirror.send()
    groups.delete_group(group=mirror.remote("group", group), actor=mirror.accounts["alice"])
    groups.change_group(group=group, changes={"name": "Ours"}, actor=mirror.cast.alice)
    mirror.send()
    assert not Group.objects.filter(workspace=mirror.there).exists()
    mirror.settled()


def test_each_is_sent_as_who_wrote_it(mirror: Mirror) -> None:
    cast: Cast = mirror.cast
    mirror.enter_token("bob")
    kind = make_type(mirror.here)
    group = make_group(kind, actor=cast.bob)
    mirror.send()
    made = Change.objects.get(workspace=mirror.there, noun="group", verb="created")
    assert made.actor == mirror.accounts["bob"]
    assert str(made.target_id) == mirror.twin("group", group).remote_id
    made = Change.objects.get(workspace=mirror.there, noun="type", verb="created")
    assert made.actor == mirror.accounts["alice"]


def test_a_pull_finds_nothing_new_afterwards(mirror: Mirror) -> None:
    alice = mirror.cast.alice
    kind = make_type(mirror.here)
    parent, group = make_group(kind, "Parent"), make_group(kind, test_group=True)
    image = make_image(mirror.here, meta_data={"a": 1})
    region = make_region(image, label=make_label(mirror.here))
    task = make_task(mirror.here)
    groups.add_images(group=group, ids=[image.pk], actor=alice)
    groups.add_regions(group=group, ids=[region.pk], actor=alice)
    nesting.add_groups(group=parent, ids=[group.pk], actor=alice)
    tasks.add_type(task=task, similarity_type=kind, actor=alice)
    mirror.send()
    before = told(mirror.here)
    twins = Twin.objects.filter(link=mirror.link).exclude(noun="label").count()
    job = Job.objects.get(kind=Job.Kind.PULL)
    run_job(str(job.pk))
    job.refresh_from_db()
    assert (job.state, job.failed) == ("done", 0), job.message
    assert told(mirror.here) == before
    assert Twin.objects.filter(link=mirror.link).exclude(noun="label").count() == twins
    assert not Change.objects.filter(workspace=mirror.here, verb="overruled").exists()
    mirror.settled()


def test_a_pull_and_the_outbox_take_turns(mirror: Mirror) -> None:
    make_type(mirror.here)
    Job.objects.filter(kind=Job.Kind.PULL).update(
        state="running", owner="one", lease_until=timezone.now()
    )
    job = mirror.send()
    assert job is not None
    assert job.state == "queued"
    assert not SimilarityType.objects.filter(workspace=mirror.there).exists()
    Job.objects.filter(kind=Job.Kind.PULL).update(state="queued", owner="", lease_until=None)
    Job.objects.filter(pk=job.pk).update(state="running", owner="two", lease_until=timezone.now())
    pull = Job.objects.get(kind=Job.Kind.PULL)
    run_job(str(pull.pk))
    pull.refresh_from_db()
    assert pull.state == "queued"
    Job.objects.filter(pk=job.pk).update(state="queued", owner="", lease_until=None)
    run_job(str(job.pk))
    mirror.settled()
