"""The official client, unchanged, walks from an empty workspace to descriptors.

`resource_name=None` keeps the client from sending its token to the hosted service, which it does
when its endpoint is not on `localhost`.
"""

import base64
import hashlib
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from ximilar.client import CustomSimilarityClient
from ximilar.client.exceptions import XimilarClientException

from dashboard.jobs import runner
from dashboard.models import Group, Job, SimilarityType
from tests.factories import Cast, drawn_jpeg, make_key

pytestmark = [pytest.mark.live, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def client(cast: Cast, endpoint: str) -> CustomSimilarityClient:
    return client_of(make_key(cast.alice), endpoint)


@pytest.fixture
def files(tmp_path: Path) -> list[Path]:
    """Draw four pictures, small enough for the client to send them as they are."""
    paths = [tmp_path / f"{seed}.jpg" for seed in range(4)]
    for seed, path in enumerate(paths):
        path.write_bytes(drawn_jpeg(seed, (320, 240)))
    return paths


def client_of(key: str, endpoint: str, **options: Any) -> CustomSimilarityClient:
    return CustomSimilarityClient(key, endpoint=endpoint, resource_name=None, **options)


def test_it_works(client: CustomSimilarityClient, files: list[Path], tmp_path: Path) -> None:
    task, status = client.create_task("Shoes", "What we sell")
    assert status == {"status": "OK"}
    kind, _ = client.create_type("Same product")
    red, _ = client.create_group("Red shoe", "", kind.id, meta_data={"sku": 7})
    blue, _ = client.create_group("Blue shoe", None, kind.id)

    images, status = client.upload_images(
        [{"_file": str(path), "meta_data": {"from": path.name}} for path in files]
    )
    assert (len(images), status) == (4, {"status": "OK"})
    again, status = client.upload_images([{"_file": str(files[0])}])
    assert (again[0].id, status) == (images[0].id, {"status": "exists"})
    stored = images[0].download(str(tmp_path))
    assert Path(stored).name == f"{images[0].id}.jpg"
    assert Path(stored).stat().st_size > 1000

    assert red.add_images([image.id for image in images[:2]], refresh=True)["added"] == 2
    assert blue.add_images([image.id for image in images[2:]])["added"] == 2
    assert {image.id for image in red.get_images()} == {image.id for image in images[:2]}
    task.add_type(kind.id)

    assert client.get_task(task.id)[0].name == "Shoes"
    assert client.get_type(kind.id)[0].name == "Same product"
    found, _ = client.get_group(red.id)
    assert (found.name, found.meta_data, found.objects, found.groups) == (
        "Red shoe",
        {"sku": 7},
        [],
        [],
    )
    image, _ = client.get_image(images[0].id)
    assert (image.meta_data, image.img_width) == ({"from": "0.jpg"}, 320)

    model = client.post(f"similarity/training/v2/task/{task.id}/train/", data={})
    assert model["train_status"] == "QUEUED"
    runner.run_job(str(Job.objects.get().id))
    trained, _ = client.get_model(model["id"])
    assert (trained.train_status, trained.version, trained.task_name) == ("TRAINED", 1, "Shoes")

    records = [{"_file": str(path), "sku": path.name} for path in files]
    result = client.descriptor(records, task.id)
    assert result["version"] == 1
    vectors = np.array([record["_descriptor"] for record in result["records"]])
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-5)
    assert [record["sku"] for record in result["records"]] == [path.name for path in files]


def test_change_things(client: CustomSimilarityClient, files: list[Path]) -> None:
    kind, _ = client.create_type("Same product")
    other, _ = client.create_type("Same pattern")
    group, _ = client.create_group("Red shoe", "", kind.id)
    assert group.update_stype(other.id)["type"]["id"] == other.id
    assert group.update_name("Blue shoe", kind.id)["name"] == "Blue shoe"
    group.refresh(True)
    assert (group.name, group.type["id"]) == ("Blue shoe", kind.id)
    assert group.add_meta_data({"a": 1})
    assert group.add_meta_data({"b": 2})
    assert client.get_group(group.id)[0].get_meta_data() == {"a": 1, "b": 2}

    (image,), _ = client.upload_images([{"_base64": as_base64(files[0]), "noresize": True}])
    assert image.add_meta_data({"a": 1})
    assert image.add_meta_data({"b": 2})
    assert client.get_image(image.id)[0].get_meta_data() == {"a": 1, "b": 2}
    assert image.clear_meta_data()
    group.add_images([image.id])
    assert group.remove_images([image.id])["removed"] == 1

    image.remove()
    assert client.get_image(image.id)[0] is None
    group.remove()
    assert client.get_group(group.id)[0] is None
    kind.remove()
    assert client.get_type(kind.id)[0] is None


def as_base64(path: Path) -> bytes:
    """Return what the client wants in `_base64` when it uploads: bytes."""
    return base64.b64encode(path.read_bytes())


def test_lists_from_page_to_page(client: CustomSimilarityClient, cast: Cast) -> None:
    kind = SimilarityType.objects.create(
        workspace=cast.workspace, name="Same product", groups_count=250
    )
    Group.objects.bulk_create(
        Group(workspace=cast.workspace, similarity_type=kind, name=f"Group {number}")
        for number in range(250)
    )
    groups, status = client.get_all_groups()
    assert status == {"status": "OK", "count": 250}
    assert len({group.id for group in groups}) == 250
    page, following, status = client.get_groups(type=kind.id, count=7)
    assert (len(page), status["count"]) == (100, 250)
    page, following, _ = client.get_groups(page_url=following)
    page, following, _ = client.get_groups(page_url=following)
    assert (len(page), following) == (50, None)
    assert client.get_group_by_name("Group 17")[0].name == "Group 17"
    assert client.get_groups_by_type_name("Same product")[2]["count"] == 250
    assert client.get_groups(test=True)[2]["count"] == 0
    assert client.get_groups(empty=True)[2]["count"] == 250
    types, _ = client.get_all_types()
    assert [kind.name for kind in types] == ["Same product"]
    assert client.get_all_tasks() == ([], {"status": "OK"})
    assert list(client.training_images_iter()) == []


def test_another_workspace(cast: Cast, endpoint: str, files: list[Path]) -> None:
    other = client_of(make_key(cast.charlie), endpoint, workspace=str(cast.elsewhere.id))
    task, _ = other.create_task("Hats")
    assert other.get_task(task.id)[0].workspace == str(cast.elsewhere.id)
    assert [found.id for found in other.get_all_tasks()[0]] == [task.id]
    images, _ = other.upload_images([{"_file": str(files[0])}])
    assert images[0].workspace == str(cast.elsewhere.id)
    assert other.remove_image(images[0].id).status_code == 204
    stranger = client_of(make_key(cast.alice), endpoint, workspace=str(cast.elsewhere.id))
    assert stranger.get_task(task.id)[0] is None
    assert stranger.create_task("Mine")[0] is None


def test_a_refusal_is_an_exception_with_its_code(
    client: CustomSimilarityClient, endpoint: str, files: list[Path]
) -> None:
    task, _ = client.create_task("Shoes")
    records = [{"_file": str(files[0])}]
    for refused, code in ((client, 409), (client_of("lw_wrong", endpoint), 401)):
        with pytest.raises(XimilarClientException) as error:
            refused.descriptor(records, task.id)
        assert error.value.code == code


def test_the_bytes_are_known_by_their_hash(
    client: CustomSimilarityClient, files: list[Path]
) -> None:
    client.upload_images([{"_file": str(files[0])}])
    (listed,) = client.get("recognition/v2/training-image/")["results"]
    assert listed["sha256"] == hashlib.sha256(files[0].read_bytes()).hexdigest()
