"""Pull from a server with faults: what can be pulled is, and the rest is told and tried again."""

from collections.abc import Iterator
from functools import partial

import pytest
from pytest_django import Settings

from accounts.models import Change, Membership
from dashboard.files.images import images as pictures
from dashboard.files.store import paths, storage
from dashboard.jobs.runner import run_job
from dashboard.models import (
    ConnectionToken,
    Group,
    GroupImage,
    Image,
    Job,
    Link,
    Region,
    Task,
    Twin,
)
from dashboard.services.connections.connections import add_connection, set_token
from dashboard.services.connections.links import link_workspace, request_pull, server_of
from dashboard.services.connections.pulling import pull as pulling
from tests.factories import Cast, drawn_jpeg, drawn_png
from tests.remote.stand_in import CUT, QUICK, TOKEN, Asked, Reply, StandIn, says, standing_in
from tests.services.connections.worlds import WORKSPACE, World, playing

pytestmark = pytest.mark.django_db


@pytest.fixture
def there(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Iterator[StandIn]:
    settings.LIKEWISE_FETCH_PRIVATE = ["127.0.0.0/8"]
    monkeypatch.setattr(pulling, "server_of", partial(server_of, limits=QUICK))
    with standing_in() as server:
        yield server


@pytest.fixture
def world(there: StandIn) -> World:
    return playing(there)


@pytest.fixture
def link(world: World, cast: Cast) -> Link:
    member = Membership.objects.get(workspace=cast.workspace, user=cast.alice)
    connection = add_connection(workspace=cast.workspace, url=world.url, actor=cast.alice)
    set_token(connection=connection, membership=member, secret=TOKEN, actor=cast.alice)
    return link_workspace(connection=connection, remote_workspace=WORKSPACE, actor=cast.alice)


def pull(link: Link, cast: Cast) -> Job:
    job = request_pull(link=link, actor=cast.alice)
    run_job(str(job.id))
    job.refresh_from_db()
    link.refresh_from_db()
    return job


def names(cast: Cast) -> list[str]:
    rows = Image.objects.in_workspace(cast.workspace).present()
    return sorted(row.meta_data["n"] for row in rows)


def test_it_works(world: World, link: Link, cast: Cast) -> None:
    """Read a server that states the least, with ids of its own and fields that nobody knows."""
    world.add("labels", id="l1", name="object", surprise=[1])
    world.add("types", id="t1", name="Same", surprise={"a": None})
    world.add("groups", id="g1", name="Red", type={"id": "t1"}, surprise=True)
    for number in range(5):
        world.add_image(f"i{number}", meta_data={"n": f"{number}"})
    world.members["g1"] = ["i1", "i3"]
    world.add(
        "regions",
        id="o1",
        image={"id": "i1"},
        detection_label={"id": "l1"},
        data=[1, 2, 30, 40],
        meta_data=None,
    )
    world.add("tasks", id="k1", name="Shoes", types=[{"id": "t1", "name": "Same"}])
    world.add("versions", id="v1", task="k1", version=2, train_status="TRAINED", dimension=64)
    job = pull(link, cast)
    assert (job.state, job.done, job.failed) == (Job.State.DONE, 5, 0), job.message
    group = Group.objects.get(workspace=cast.workspace)
    members = GroupImage.objects.filter(group=group).select_related("image")
    assert sorted(row.image.meta_data["n"] for row in members) == ["1", "3"]
    region = Region.objects.get(workspace=cast.workspace)
    assert (region.box, region.label.name) == ((1, 2, 30, 40), "object")
    task = Task.objects.get(workspace=cast.workspace)
    assert [one.name for one in task.similarity_types.all()] == ["Same"]
    versions = Twin.objects.get(noun="task").base["versions"]
    assert [(one["number"], one["status"]) for one in versions] == [(2, "TRAINED")]
    assert not task.versions.exists()
    assert pull(link, cast).message == "Nothing has changed."


def test_stored_bytes_are_kept_as_they_are(world: World, link: Link, cast: Cast) -> None:
    """A JPEG without metadata is not encoded again, nor what another Likewise has stored."""
    bare, png = pictures.prepare(drawn_jpeg(1)).stored, pictures.prepare(drawn_png(2)).stored
    sha256 = "ab" * 32
    world.add_image("i1", bare)
    world.add_image("i2", png, sha256=sha256)
    pull(link, cast)
    for image in Image.objects.in_workspace(cast.workspace):
        stored = storage.read(paths.image(cast.workspace.pk, image.pk, image.extension))
        assert stored == (bare if image.extension == "jpg" else png)
        assert image.stored_sha256 == pictures.sha256(stored)
        assert storage.read(paths.thumbnail(cast.workspace.pk, image.pk))
    assert Image.objects.in_workspace(cast.workspace).filter(sha256=sha256).count() == 1


def test_an_image_that_is_gone_or_broken_does_not_stop_the_rest(
    world: World, link: Link, cast: Cast
) -> None:
    for number in range(6):
        world.add_image(f"i{number}", meta_data={"n": f"{number}"})
    right = world.files["files/i3"]
    del world.files["files/i2"]
    world.files["files/i3"] = b"no image at all"
    job = pull(link, cast)
    assert (job.state, job.done, job.failed) == (Job.State.DONE, 4, 2)
    assert "2 things were not pulled and will be tried again" in job.message
    assert "not a supported image" in job.message
    assert names(cast) == ["0", "1", "4", "5"]
    assert link.pulled is not None
    world.files |= {"files/i2": drawn_jpeg(77), "files/i3": right}
    assert pull(link, cast).failed == 0
    assert names(cast) == ["0", "1", "2", "3", "4", "5"]


def test_cut_connections_are_tried_again(world: World, link: Link, cast: Cast) -> None:
    for number in range(4):
        world.add_image(f"i{number}", meta_data={"n": f"{number}"})
    data = world.files["files/i1"]
    world.faults["files/i1"] = [Reply(200, data[: len(data) // 2], short=50), CUT]
    world.faults["recognition/v2/training-image"] = [CUT, says({}, 503), Reply(200, b"{", short=9)]
    world.faults["similarity/training/v2/group"] = [says({}, 429, Retry_After="0")]
    job = pull(link, cast)
    assert (job.state, job.failed) == (Job.State.DONE, 0), job.message
    assert names(cast) == ["0", "1", "2", "3"]


def test_a_list_that_grows_while_it_is_read(world: World, link: Link, cast: Cast) -> None:
    for number in range(7):
        world.add_image(f"i{number}", meta_data={"n": f"{number}"})

    def grow(asked: Asked) -> None:
        if "training-image" in asked.path and asked.query.get("page") in ("2", "3"):
            number = len(world.rows["images"])
            world.add_image(f"i{number}", meta_data={"n": f"{number}"})

    world.before = grow
    job = pull(link, cast)
    assert (job.state, job.failed) == (Job.State.DONE, 0), job.message
    assert {"0", "1", "2", "3", "4", "5", "6"} <= set(names(cast))
    assert len(names(cast)) == len(set(names(cast)))
    world.before = lambda _: None
    pull(link, cast)
    assert len(names(cast)) == len(world.rows["images"])


def test_a_missing_row_is_asked_for_before_it_is_deleted(
    world: World, link: Link, cast: Cast
) -> None:
    for number in range(3):
        world.add_image(f"i{number}", meta_data={"n": f"{number}"})
    pull(link, cast)
    world.rows["images"].pop(0)
    # One that a list lost although it exists stays: the request for it says so.
    there = says({"id": "i2", "img_path": f"{world.url}/files/i2"})
    world.faults["recognition/v2/training-image/i2"] = [there]
    pull(link, cast)
    assert names(cast) == ["0", "1", "2"]
    job = pull(link, cast)
    assert "1 deleted" in job.message
    assert names(cast) == ["0", "1"]


def test_a_workspace_that_the_token_no_longer_sees_deletes_nothing(
    world: World, link: Link, cast: Cast
) -> None:
    world.add_image("i1", meta_data={"n": "1"})
    pull(link, cast)
    before = link.pulled
    world.workspaces = ["another"]
    world.rows["images"].clear()
    job = pull(link, cast)
    assert job.state == Job.State.FAILED
    assert "no longer gives access" in job.message
    assert link.problem == job.message
    assert link.pulled == before
    assert names(cast) == ["1"]
    world.workspaces = [WORKSPACE]
    pull(link, cast)
    assert link.problem == ""


def test_a_revoked_token_is_told_and_not_used_again(
    world: World, link: Link, cast: Cast, there: StandIn
) -> None:
    world.faults["account/v2/user"] = [says({"detail": "Invalid token."}, 401)]
    job = pull(link, cast)
    assert job.state == Job.State.FAILED
    assert "no longer accepts your token" in job.message
    assert TOKEN not in job.message
    token = ConnectionToken.objects.get()
    assert token.problem == job.message
    asked = len(there.asked)
    assert pull(link, cast).state == Job.State.FAILED
    assert len(there.asked) == asked


def test_the_quota_holds(world: World, link: Link, cast: Cast, settings: Settings) -> None:
    for number in range(4):
        world.add_image(f"i{number}", meta_data={"n": f"{number}"})
    settings.LIKEWISE_QUOTA_IMAGES = 3
    job = pull(link, cast)
    assert (job.state, job.done, job.failed) == (Job.State.DONE, 3, 1)
    assert "reached its limit (3 images)" in job.message
    assert len(names(cast)) == 3
    settings.LIKEWISE_QUOTA_IMAGES = 0
    assert pull(link, cast).failed == 0
    assert len(names(cast)) == 4


def test_the_same_image_twice_there_is_one_here(world: World, link: Link, cast: Cast) -> None:
    data = drawn_jpeg(5)
    world.add_image("i1", data, meta_data={"n": "1"})
    world.add_image("i2", data, meta_data={"n": "2"})
    pull(link, cast)
    job = pull(link, cast)
    assert "the same image twice" in job.message
    assert len(names(cast)) == 1
    assert Twin.objects.filter(noun="image").count() == 1


def test_a_region_outside_its_image_is_told(world: World, link: Link, cast: Cast) -> None:
    world.add("labels", id="l1", name="Heel")
    world.add_image("i1", meta_data={"n": "1"})
    for number, box in enumerate(([0, 0, 5000, 10], [9, 9, 9, 20], [0, 0, 10, 10])):
        world.add(
            "regions",
            id=f"o{number}",
            image={"id": "i1"},
            detection_label={"id": "l1"},
            data=box,
        )
    job = pull(link, cast)
    assert job.state == Job.State.DONE
    assert "outside its image" in job.message
    assert [row.box for row in Region.objects.filter(workspace=cast.workspace)] == [(0, 0, 10, 10)]


def test_text_that_the_database_cannot_hold(world: World, link: Link, cast: Cast) -> None:
    world.add("types", id="t1", name="Sa\x00me")
    world.add("groups", id="g1", name="R" * 400, type={"id": "t1"}, meta_data={"a\x00": ["\x00b"]})
    assert pull(link, cast).state == Job.State.DONE
    group = Group.objects.select_related("similarity_type").get(workspace=cast.workspace)
    assert (group.similarity_type.name, group.name) == ("Same", "R" * 255)
    assert group.meta_data == {"a": ["b"]}
    assert pull(link, cast).message == "Nothing has changed."


def test_a_server_that_stays_away_ends_the_last_try_with_its_sentence(
    world: World, link: Link, cast: Cast
) -> None:
    world.faults["detection/v2/label"] = [CUT] * 20
    job = request_pull(link=link, actor=cast.alice)
    Job.objects.filter(pk=job.pk).update(tries=Job.MAX_TRIES - 1, fraction=0.5)
    job = pull(link, cast)
    assert job.state == Job.State.FAILED
    assert link.problem == job.message != ""
    assert not Change.objects.filter(workspace=cast.workspace, verb="pulled").exists()
