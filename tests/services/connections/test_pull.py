"""Pull a workspace of a live server: everything comes, then only what changed."""

from typing import Any

import pytest
from django.db import connection as database
from django.test.utils import CaptureQueriesContext
from pytest_django import Settings
from pytest_django.live_server_helper import LiveServer

from accounts.models import Change
from dashboard.files.images.images import sha256
from dashboard.files.store import paths, storage
from dashboard.models import Group, GroupImage, Image, Job, Label, Link, Region, Twin, TwinMember
from dashboard.remote import Server
from dashboard.services.connections.links import server_of
from dashboard.services.connections.pulling import passing
from dashboard.services.connections.pulling.pull import pull_thing
from dashboard.services.jobs import queueing
from dashboard.services.library.groups import (
    add_images,
    change_group,
    delete_group,
    remove_images,
)
from dashboard.services.library.images import change_image, delete_images
from dashboard.services.library.nesting import add_groups, remove_groups
from tests import factories
from tests.factories import Cast, drawn_jpeg, make_cast
from tests.services.connections.mirrors import Mirror, fill, linked, mirrored

SEEDS = range(30)  # of the images that the other side is filled with
pytestmark = [pytest.mark.live, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def cast(transactional_db: None, monkeypatch: pytest.MonkeyPatch) -> Cast:
    monkeypatch.setattr(queueing.app, "send_task", lambda *_, **__: None)
    return make_cast()


@pytest.fixture
def mirror(cast: Cast, live_server: LiveServer, settings: Settings) -> Mirror:
    return linked(cast, live_server, settings)


@pytest.fixture
def same(mirror: Mirror) -> Mirror:
    """Fill the other side and pull it."""
    fill(mirror.there)
    mirror.pulled()
    return mirror


def test_it_works(mirror: Mirror) -> None:
    fill(mirror.there)
    job = mirror.pulled()
    assert mirrored(mirror.here) == mirrored(mirror.there)
    assert job.done == job.total == 9
    assert mirror.link.pulled is not None
    assert mirror.link.problem == ""
    assert Twin.objects.filter(link=mirror.link, noun="image").count() == 9
    # The label that every workspace has is one thing on both sides.
    assert Label.objects.in_workspace(mirror.here).filter(name="object").count() == 1
    told = Change.objects.get(workspace=mirror.here, verb="pulled")
    assert told.details["counts"]["images"] == 9
    assert not Change.objects.filter(workspace=mirror.here, verb="overruled").exists()


def test_what_did_not_change_is_not_written(same: Mirror) -> None:
    job = same.pulled()
    assert job.message == "Nothing has changed."
    with CaptureQueriesContext(database) as context:
        same.pulled()
    writes = [query["sql"] for query in context if _writes(query["sql"])]
    assert not [sql for sql in writes if not _is_of_the_job(sql)]
    assert Change.objects.filter(workspace=same.here, verb="pulled").count() == 1


def _writes(sql: str) -> bool:
    return sql.lstrip().split(" ", 1)[0].upper() in ("INSERT", "UPDATE", "DELETE")


def _is_of_the_job(sql: str) -> bool:
    return any(f'"{table}"' in sql[:60] for table in ("dashboard_job", "dashboard_link"))


def test_what_changed_there_comes(same: Mirror, cast: Cast) -> None:
    there = Group.objects.get(workspace=same.there, name="Product 0")
    other = Group.objects.get(workspace=same.there, name="Product 1")
    change_group(
        group=there, changes={"name": "Boots", "meta_data": {"sku": [1]}}, actor=cast.charlie
    )
    image = Image.objects.filter(workspace=same.there).first()
    assert image is not None
    change_image(
        image=image, changes={"meta_data": {"a": 1}, "test_image": True}, actor=cast.charlie
    )
    factories.make_image(same.there, seed=99)
    moved = GroupImage.objects.filter(group=there).values_list("image_id", flat=True)[0]
    remove_images(group=there, ids=[moved], actor=cast.charlie)
    add_images(group=other, ids=[moved], actor=cast.charlie)
    family = Group.objects.get(workspace=same.there, name="Family")
    heels = Group.objects.get(workspace=same.there, name="Heels")
    remove_groups(group=family, ids=[heels.pk], actor=cast.charlie)
    same.pulled()
    assert mirrored(same.here) == mirrored(same.there)
    assert Group.objects.filter(workspace=same.here, name="Boots").exists()


def test_what_was_deleted_there_goes(same: Mirror, cast: Cast) -> None:
    image = Image.objects.filter(workspace=same.there, regions__isnull=False).get()
    delete_images(workspace=same.there, ids=[image.pk], actor=cast.charlie)
    delete_group(group=Group.objects.get(workspace=same.there, name="Colour 1"), actor=cast.charlie)
    same.pulled()
    assert mirrored(same.here) == mirrored(same.there)
    assert Image.objects.filter(workspace=same.here).present().count() == 8
    assert not Region.objects.filter(workspace=same.here).exists()
    assert Twin.objects.filter(link=same.link, noun="image").count() == 8
    assert not Twin.objects.filter(link=same.link, noun="object").exists()


def test_theirs_holds_if_both_changed_a_field(same: Mirror, cast: Cast) -> None:
    there = Group.objects.get(workspace=same.there, name="Product 0")
    here = same.twin_of("group", there)
    change_group(group=here, changes={"name": "Ours", "description": "Only ours"}, actor=cast.alice)
    change_group(group=there, changes={"name": "Theirs"}, actor=cast.charlie)
    same.pulled()
    here.refresh_from_db()
    assert (here.name, here.description) == ("Theirs", "Only ours")
    told = Change.objects.get(workspace=same.here, verb="overruled")
    assert (told.noun, told.target_id, told.actor) == ("group", here.pk, None)
    assert (told.before, told.after) == ({"name": "Ours"}, {"name": "Theirs"})
    # What only we changed is still to be sent: the base says what both had.
    twin = Twin.objects.get(link=same.link, noun="group", local_id=here.pk)
    assert (twin.base["name"], twin.base["description"]) == ("Theirs", "")
    same.pulled()
    assert Change.objects.filter(workspace=same.here, verb="overruled").count() == 1


def test_memberships_of_both_sides_are_merged(same: Mirror, cast: Cast) -> None:
    there = Group.objects.get(workspace=same.there, name="Product 0")
    here = same.twin_of("group", there)
    own = list(GroupImage.objects.filter(group=there).values_list("image_id", flat=True))
    new_there = factories.make_image(same.there, seed=91)
    add_images(group=there, ids=[new_there.pk], actor=cast.charlie)
    remove_images(group=there, ids=[own[0]], actor=cast.charlie)
    ours = Image.objects.get(pk=same.twin_of("image", Image.objects.get(pk=own[1])).pk)
    remove_images(group=here, ids=[ours.pk], actor=cast.alice)
    new_here = factories.make_image(same.here, seed=92)
    add_images(group=here, ids=[new_here.pk], actor=cast.alice)
    same.pulled()
    last = same.twin_of("image", Image.objects.get(pk=own[2]))
    came = same.twin_of("image", new_there)
    members = set(GroupImage.objects.filter(group=here).values_list("image_id", flat=True))
    assert members == {last.pk, came.pk, new_here.pk}
    here.refresh_from_db()
    assert here.images_count == 3
    # Removed here, not there yet: the base still has it, so that the outbox sees what to send.
    base = TwinMember.objects.filter(container__local_id=here.pk, member__noun="image")
    assert set(base.values_list("member__local_id", flat=True)) == {ours.pk, last.pk, came.pk}


def test_theirs_holds_if_both_moved_an_image_of_an_exclusive_type(same: Mirror, cast: Cast) -> None:
    first, second, third = (
        Group.objects.get(workspace=same.there, name=f"Colour {number}") for number in range(3)
    )
    image = GroupImage.objects.filter(group=first)[0].image
    here = same.twin_of("image", image)
    remove_images(group=same.twin_of("group", first), ids=[here.pk], actor=cast.alice)
    add_images(group=same.twin_of("group", second), ids=[here.pk], actor=cast.alice)
    remove_images(group=first, ids=[image.pk], actor=cast.charlie)
    add_images(group=third, ids=[image.pk], actor=cast.charlie)
    same.pulled()
    holders = GroupImage.objects.filter(image=here, group__similarity_type__name="Same colour")
    assert [row.group.name for row in holders] == ["Colour 2"]
    told = Change.objects.get(workspace=same.here, verb="overruled")
    assert (told.noun, told.target_id) == ("image", here.pk)
    assert mirrored(same.here) == mirrored(same.there)


def test_what_was_deleted_here_is_not_created_again(same: Mirror, cast: Cast) -> None:
    there = Group.objects.get(workspace=same.there, name="Product 0")
    delete_group(group=same.twin_of("group", there), actor=cast.alice)
    image = same.twin_of("image", Image.objects.filter(workspace=same.there)[0])
    delete_images(workspace=same.here, ids=[image.pk], actor=cast.alice)
    same.pulled()
    assert not Group.objects.filter(workspace=same.here, name="Product 0").exists()
    assert Image.objects.filter(workspace=same.here).present().count() == 8
    # The outbox still has to tell the other side.
    assert Twin.objects.filter(link=same.link, noun="image").count() == 9


def test_groups_that_change_from_images_to_groups_and_back(same: Mirror, cast: Cast) -> None:
    family = Group.objects.get(workspace=same.there, name="Family")
    filled = Group.objects.get(workspace=same.there, name="Product 0")
    inner = Group.objects.get(workspace=same.there, name="Product 1")
    inside = list(family.child_rows.values_list("child_id", flat=True))
    remove_groups(group=family, ids=inside, actor=cast.charlie)
    ids = list(GroupImage.objects.filter(group=filled).values_list("image_id", flat=True))
    remove_images(group=filled, ids=ids, actor=cast.charlie)
    loose = factories.make_image(same.there, seed=90)
    add_images(group=family, ids=[loose.pk], actor=cast.charlie)
    add_groups(group=filled, ids=[inner.pk], actor=cast.charlie)
    same.pulled()
    assert mirrored(same.here) == mirrored(same.there)


@pytest.mark.parametrize("after", [1, 3, 5, 7, 9])
def test_a_pull_that_was_killed_resumes(
    mirror: Mirror, monkeypatch: pytest.MonkeyPatch, after: int
) -> None:
    fill(mirror.there)
    job = Job.objects.get(subject_id=mirror.link.pk)
    from_here = _killed_after(monkeypatch, after)
    with pytest.raises(_Killed):
        mirror.pull()
    assert from_here.count == after
    monkeypatch.undo()
    Job.objects.filter(pk=job.pk).update(
        state=Job.State.QUEUED, owner="", lease_until=None, not_before=None
    )
    monkeypatch.setattr(queueing.app, "send_task", lambda *_, **__: None)
    assert mirror.pulled().pk == job.pk
    assert mirrored(mirror.here) == mirrored(mirror.there)
    assert Twin.objects.filter(link=mirror.link, noun="image").count() == 9
    assert Link.objects.get(pk=mirror.link.pk).pulled is not None


class _Killed(BaseException):
    """What no code expects, as a kill."""


class _Kill:
    count = 0


def _killed_after(monkeypatch: pytest.MonkeyPatch, pages: int) -> Any:
    """Kill the work at the end of a page, before its commit."""
    kill = _Kill()
    report = passing.Handle.report

    def reporting(self: Any, **fields: Any) -> None:
        report(self, **fields)
        kill.count += database.in_atomic_block
        if database.in_atomic_block and kill.count >= pages:
            raise _Killed

    monkeypatch.setattr(passing.Handle, "report", reporting)
    return kill


def test_one_thing_is_pulled_when_its_page_is_opened(same: Mirror, cast: Cast) -> None:
    there = Group.objects.get(workspace=same.there, name="Product 0")
    here = same.twin_of("group", there)
    new = factories.make_image(same.there, seed=93)
    add_images(group=there, ids=[new.pk], actor=cast.charlie)
    change_group(group=there, changes={"name": "Boots"}, actor=cast.charlie)
    with _opened(same) as server:
        assert pull_thing(same.link, "group", here.pk, server)
        here.refresh_from_db()
        assert (here.name, here.images_count) == ("Boots", 4)
        assert same.twin_of("image", new).sha256 == new.sha256
        # It was read a moment ago.
        change_group(group=there, changes={"name": "Shoes"}, actor=cast.charlie)
        assert not pull_thing(same.link, "group", here.pk, server)
        Twin.objects.update(seen=None)
        assert pull_thing(same.link, "group", here.pk, server)
    assert mirrored(same.here) == mirrored(same.there)


def test_one_thing_that_was_deleted_there_goes(same: Mirror, cast: Cast) -> None:
    image = Image.objects.filter(workspace=same.there)[0]
    here = same.twin_of("image", image)
    delete_images(workspace=same.there, ids=[image.pk], actor=cast.charlie)
    with _opened(same) as server:
        assert pull_thing(same.link, "image", here.pk, server)
        assert not pull_thing(same.link, "image", here.pk, server)
    assert not Image.objects.filter(pk=here.pk, deleted__isnull=True).exists()


def _opened(mirror: Mirror) -> Server:
    return server_of(mirror.link, mirror.link.keeper)


def test_an_image_that_was_deleted_and_uploaded_again(same: Mirror, cast: Cast) -> None:
    image = Image.objects.filter(workspace=same.there)[0]
    here = same.twin_of("image", image)
    delete_images(workspace=same.there, ids=[image.pk], actor=cast.charlie)
    same.pulled()
    assert not Image.objects.filter(pk=here.pk, deleted__isnull=True).exists()
    seed = next(seed for seed in SEEDS if sha256(drawn_jpeg(seed)) == image.sha256)
    factories.make_image(same.there, seed=seed, meta_data={"again": True})
    job = same.pulled()
    assert "1 images" in job.message
    back = Image.objects.get(pk=here.pk)
    assert (back.deleted, back.meta_data) == (None, {"again": True})
    stored = storage.read(paths.image(same.here.pk, back.pk, back.extension))
    assert sha256(stored) == back.stored_sha256
    assert storage.read(paths.thumbnail(same.here.pk, back.pk))
