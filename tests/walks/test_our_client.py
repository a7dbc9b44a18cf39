"""The client of `dashboard/remote`, against this program: every call once, there and back."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pytest_django import Settings

from dashboard.jobs import runner
from dashboard.models import Job
from dashboard.remote import (
    Forbidden,
    Limits,
    NotFound,
    Refused,
    Server,
    Source,
    Unauthorized,
)
from tests.factories import Cast, drawn_jpeg, make_key

pytestmark = [pytest.mark.live, pytest.mark.django_db(transaction=True)]

LOOPBACK = ["127.0.0.0/8", "::1/128"]
CALLS = {
    name
    for name in dir(Server)
    if not name.startswith("_") and name not in ("in_workspace", "close")
}


class Noting(Server):
    """A client that notes which of its calls were made."""

    called: set[str] = set()

    def __getattribute__(self, name: str) -> Any:
        if name in CALLS:
            Noting.called.add(name)
        return super().__getattribute__(name)


@pytest.fixture(autouse=True)
def _loopback(settings: Settings) -> None:
    settings.LIKEWISE_FETCH_PRIVATE = LOOPBACK


def client_of(key: str, endpoint: str, **options: Any) -> Server:
    limits = Limits(requests_per_second=None, page_size=2)
    return Noting(endpoint, key, allow_private=LOOPBACK, limits=limits, **options)


def test_every_call(cast: Cast, endpoint: str, tmp_path: Path) -> None:
    Noting.called.clear()
    with client_of(make_key(cast.alice), endpoint) as server:
        of_the_account(server, cast)
        kind, images = of_images(server, endpoint, tmp_path)
        of_groups(server, kind, images)
        of_regions(server, images, kind)
        of_training(server, kind, images)
    assert CALLS - Noting.called == set()


def of_the_account(server: Server, cast: Cast) -> None:
    account = server.account()
    assert (account.email, account.name) == ("alice@example.org", "Alice")
    assert account.default_workspace == str(cast.workspace.id)
    assert account.workspaces is not None
    assert [(row.name, row.role) for row in account.workspaces] == [("Alice’s shop", "owner")]
    made = server.create_workspace("Second shop")
    assert {row.name for row in server.iterate_workspaces()} == {"Alice’s shop", "Second shop"}
    server.change_workspace(made.id, name="Third shop")
    assert server.workspace(made.id).name == "Third shop"
    there = server.in_workspace(made.id)
    assert there.create_type("Only there").workspace == made.id
    assert [row.name for row in there.iterate_types()] == ["Only there"]
    assert list(server.iterate_types()) == []
    server.delete_workspace(made.id)
    with pytest.raises(NotFound):
        server.workspace(made.id)


def of_images(server: Server, endpoint: str, tmp_path: Path) -> tuple[str, list[str]]:
    kind = server.create_type("Same product", description="One thing", exclusive=True)
    assert server.similarity_type(kind.id) == kind
    assert (kind.exclusive, kind.description) == (True, "One thing")
    assert server.change_type(kind.id, exclusive=False).exclusive is False
    files = [drawn_jpeg(seed, (320, 240)) for seed in range(4)]
    uploaded = [server.upload_image(data, meta_data={"n": n}) for n, data in enumerate(files)]
    images = [row.image for row in uploaded]
    assert [row.known for row in uploaded] == [False] * 4
    again = server.upload_image(files[0])
    assert (again.known, again.image.id) == (True, images[0].id)
    assert again.image.meta_data == {"n": 0}

    # The other side opens a URL: of the stored image, whose bytes need not be those that were sent.
    by_url = server.upload_image(url=images[1].link)
    assert by_url.known is (by_url.image.id == images[1].id)
    if not by_url.known:
        server.delete_image(by_url.image.id)

    found = server.image(images[2].id)
    assert (found.width, found.height, found.meta_data) == (320, 240, {"n": 2})
    changed = server.change_image(found.id, meta_data={"sku": "A"}, real=True)
    assert (changed.meta_data, changed.real, changed.test_image) == ({"sku": "A"}, True, False)
    assert server.mark_images([found.id, images[0].id], test=True, real=False).changed == 2
    assert {row.id for row in server.iterate_images(test=True)} == {found.id, images[0].id}
    assert server.count_images() == len(images)
    server.mark_images([found.id, images[0].id], test=False)
    assert [row.id for row in server.iterate_images()] == [row.id for row in reversed(images)]

    stored = server.download(found.link, tmp_path / "image.jpg")
    assert stored.size == (tmp_path / "image.jpg").stat().st_size > 1000
    assert found.thumbnail_link is not None
    assert server.download(found.thumbnail_link, tmp_path / "thumbnail.jpg").size > 100
    with pytest.raises(Forbidden):
        server.download(found.link.partition("?")[0], tmp_path / "unsigned.jpg")
    server.delete_image(images[3].id)
    with pytest.raises(NotFound):
        server.image(images[3].id)
    back = server.upload_image(files[3])
    assert (back.known, back.image.id) == (False, images[3].id)
    return kind.id, [image.id for image in images]


def of_groups(server: Server, kind: str, images: list[str]) -> None:
    red = server.create_group("Red shoe", kind, description="A shoe", meta_data={"sku": 7})
    blue = server.create_group("Blue shoe", kind)
    shoes = server.create_group("Shoes", kind)
    assert (red.similarity_type, red.type_name, red.meta_data) == (kind, "Same product", {"sku": 7})
    added = server.add_images(red.id, images[:3])
    assert (added.changed, added.unchanged) == (3, 0)
    added = server.add_images(red.id, images[:2])
    assert (added.changed, added.unchanged) == (0, 2)
    assert server.remove_images(red.id, [images[2]]).changed == 1
    server.add_images(blue.id, images[2:])
    assert server.add_groups(shoes.id, [red.id, blue.id]).changed == 2

    whole = server.group_members(shoes.id)
    assert {row.id for row in whole.groups} == {red.id, blue.id}
    assert (whole.group.groups_count, whole.images, whole.regions) == (2, (), ())
    assert {row.id for row in server.group_members(red.id).images} == set(images[:2])
    assert {row.id for row in server.iterate_groups(parent=shoes.id)} == {red.id, blue.id}
    assert [row.id for row in server.iterate_groups(group=red.id)] == [shoes.id]
    assert [row.id for row in server.iterate_groups(image=images[0])] == [red.id]
    assert {row.id for row in server.iterate_images(group=red.id)} == set(images[:2])
    groups = server.image(images[0]).groups
    assert groups is not None
    assert [(row.id, row.similarity_type) for row in groups] == [(red.id, kind)]

    assert server.change_group(red.id, name="Red boot", meta_data={}).meta_data == {}
    assert server.mark_groups([red.id], test=True).changed == 1
    assert [row.name for row in server.iterate_groups(test=True)] == ["Red boot"]
    server.mark_groups([red.id], test=False)
    with pytest.raises(Refused, match=r"\w"):
        server.add_groups(red.id, [shoes.id])
    assert server.remove_groups(shoes.id, [red.id, blue.id]).changed == 2
    server.delete_group(shoes.id)
    with pytest.raises(Refused):
        server.delete_type(kind)


def of_regions(server: Server, images: list[str], kind: str) -> None:
    label = server.create_label("Heel", color="#206bc4", output_name="heel")
    assert server.label(label.id) == label
    assert server.change_label(label.id, description="Of a shoe").description == "Of a shoe"
    assert "Heel" in {row.name for row in server.iterate_labels()}
    region = server.create_region(images[0], label.id, (1, 2, 30, 40), meta_data={"side": "left"})
    assert (region.box, region.image_id, region.label_name) == ((1, 2, 30, 40), images[0], "Heel")
    moved = server.change_region(region.id, box=(1, 2, 50, 60))
    assert server.region(region.id).box == moved.box == (1, 2, 50, 60)
    assert moved.meta_data == {"side": "left"}
    assert [row.id for row in server.iterate_regions(image=images[0])] == [region.id]
    parts = server.create_group("Heels", kind)
    assert server.add_regions(parts.id, [region.id]).changed == 1
    assert [row.id for row in server.iterate_regions(group=parts.id)] == [region.id]
    assert [row.id for row in server.group_members(parts.id).regions] == [region.id]
    assert server.remove_regions(parts.id, [region.id]).changed == 1
    server.delete_group(parts.id)
    server.delete_region(region.id)
    server.delete_label(label.id)
    with pytest.raises(NotFound):
        server.region(region.id)


def of_training(server: Server, kind: str, images: list[str]) -> None:
    task = server.create_task("Shoes", description="What we sell")
    server.add_type(task.id, kind)
    server.add_type(task.id, kind)
    assert server.task(task.id).types == (server.similarity_type(kind),)
    begun = server.train_task(task.id)
    assert (begun.status, begun.number, begun.task_id) == ("QUEUED", 1, task.id)
    with pytest.raises(Refused) as refused:
        server.train_task(task.id)
    assert refused.value.details["model"] == begun.id
    runner.run_job(str(Job.objects.get(kind=Job.Kind.TRAIN).id))
    assert server.version(begun.id).status == "TRAINED"
    assert [row.id for row in server.iterate_versions(task=task.id)] == [begun.id]
    assert server.set_production(begun.id).production is True

    sources = [Source(id=str(seed), data=drawn_jpeg(seed, (320, 240))) for seed in range(3)]
    sources.append(Source(id="bad", data=b"no image"))
    found = list(server.iterate_descriptors(sources, task=task.id, version=1))
    assert [row.id for row in found] == ["0", "1", "2", "bad"]
    assert (found[3].vector, found[3].code) == (None, 400)
    np.testing.assert_allclose(np.linalg.norm([row.vector for row in found[:3]], axis=1), 1, 1e-5)
    (alone,) = server.iterate_descriptors(sources[3:], task=task.id)
    assert (alone.vector, alone.code) == (None, 400)

    catalogue = server.create_collection("Catalogue", task.id, version=1)
    assert server.change_collection(catalogue.id, name="Spring").name == "Spring"
    assert server.collection(catalogue.id).version == 1
    assert [row.id for row in server.iterate_collections(task=task.id)] == [catalogue.id]
    server.delete_collection(catalogue.id)
    server.set_production(begun.id, production=False)
    server.delete_version(begun.id)
    server.remove_type(task.id, kind)
    assert server.change_task(task.id, name="Boots").types == ()
    assert [row.name for row in server.iterate_tasks()] == ["Boots"]
    server.delete_task(task.id)
    server.delete_type(kind, force=True)
    assert [*server.iterate_tasks(), *server.iterate_types(), *server.iterate_groups()] == []


def test_who_may_not(cast: Cast, endpoint: str) -> None:
    with client_of("lw_wrong", endpoint) as nobody, pytest.raises(Unauthorized, match="revoked"):
        nobody.account()
    vera = client_of(make_key(cast.vera), endpoint)
    with pytest.raises(Forbidden):
        vera.create_type("Mine")
    stranger = client_of(make_key(cast.alice), endpoint, workspace=str(cast.elsewhere.id))
    with pytest.raises(NotFound):
        list(stranger.iterate_groups())


def test_a_list_from_cursor_to_cursor(cast: Cast, endpoint: str) -> None:
    """This program's pages do not shift: what appears and vanishes costs no second reading."""
    server = client_of(make_key(cast.alice), endpoint)
    made = [server.create_type(f"Type {number}") for number in range(9)]
    found = []
    for number, row in enumerate(server.iterate_types()):
        found.append(row.name)
        if number < 4:
            server.delete_type(made[8 - number].id)
            server.create_type(f"Later {number}")
    assert found == [f"Type {number}" for number in range(8, -1, -1)]
