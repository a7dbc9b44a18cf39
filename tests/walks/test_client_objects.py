"""The official client, unchanged: objects and labels, groups of everything, verifications, marks.

Each call of `DetectionClient`, and what `CustomSimilarityClient`, `RecognitionClient` and the
classes that they hand out do with groups and images. What these classes cannot do anywhere,
because of mistakes in the client itself, stands in docs/api.md; here it is proven.
"""

import json
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from ximilar.client import CustomSimilarityClient, DetectionClient, RecognitionClient
from ximilar.client.exceptions import XimilarClientInvalidDataException
from ximilar.client.recognition import Image as ClientImage
from ximilar.client.recognition import Model

from dashboard.models import Group, Image
from tests.factories import Cast, make_key, make_task, make_version
from tests.walks.client import client_of, records

pytestmark = [pytest.mark.live, pytest.mark.django_db(transaction=True)]
OK = {"status": "OK"}


@pytest.fixture
def key(cast: Cast) -> str:
    return make_key(cast.alice)


@pytest.fixture
def client(key: str, endpoint: str) -> CustomSimilarityClient:
    return client_of(key, endpoint)


@pytest.fixture
def detection(key: str, endpoint: str) -> DetectionClient:
    return client_of(key, endpoint, DetectionClient)


def ids(rows: list[Any]) -> list[str]:
    return [row.id for row in rows]


# Labels and objects


def test_labels(detection: DetectionClient) -> None:
    heel, status = detection.create_label("Heel", "The back", color="#ff0000", output_name="heel")
    assert (status, str(heel), heel.color, heel.output_name) == (OK, "Heel", "#ff0000", "heel")
    plain, _ = detection.create_label("Toe")
    assert (plain.color, plain.output_name, plain.description) == ("#FFFFFF", "Toe", "")
    found, status = detection.get_label(heel.id)
    assert (found.to_json(), status) == (heel.to_json(), OK)
    assert found.to_json() == {
        "label_id": heel.id,
        "name": "Heel",
        "output_name": "heel",
        "color": "#ff0000",
    }
    labels, status = detection.get_all_labels()
    assert (sorted(label.name for label in labels), status) == (["Heel", "Toe", "object"], OK)
    assert detection.get_label_by_name("Toe")[0].id == plain.id
    assert detection.get_label_by_name("Sole")[0] is None
    assert ids(detection.get_labels_by_substring("ee")[0]) == [heel.id]
    assert heel.remove().status_code == 204
    assert detection.remove_label(plain.id).status_code == 204
    assert detection.get_label(heel.id) == (None, {"status": "label with id not found"})


def test_objects(detection: DetectionClient) -> None:
    label, _ = detection.get_label_by_name("object")
    heel, _ = detection.create_label("Heel")
    drawn = {"detection_label": heel.id, "data": [1, 2, 30, 40], "meta_data": {"side": "left"}}
    (image, empty), status = detection.upload_images(
        [records(1, objects=[drawn])[0], records(2)[1]]
    )
    assert status == OK
    (made,), status = detection.get_objects_of_image(image.id)
    assert (status, made.get_bbox(), made.get_meta_data()) == (OK, [1, 2, 30, 40], {"side": "left"})
    assert detection.get_objects_of_image(empty.id) == ([], OK)

    box, status = detection.create_object(label.id, image.id, [0, 0, 320, 240])
    assert (status, box.data, box.meta_data) == (OK, [0, 0, 320, 240], {})
    assert box.image["id"] == image.id
    assert str(box) == f"{box.id} object"
    assert box.to_record() == {"id": box.id, "bound_box": [0, 0, 320, 240], "name": "object"}
    assert detection.create_object(label.id, image.id, [0, 0, 321, 240])[0] is None

    assert box.add_meta_data({"a": 1})
    assert box.add_meta_data({"b": 2})
    found, status = detection.get_object(box.id)
    assert (status, found.get_meta_data()) == (OK, {"a": 1, "b": 2})
    assert found.clear_meta_data()
    assert found.get_meta_data() == {}
    changed = box.change_label(heel.id, [5, 5, 10, 10])
    assert (changed["detection_label"]["name"], changed["data"]) == ("Heel", [5, 5, 10, 10])
    assert box.change_label(label.id)["data"] == [5, 5, 10, 10]
    assert found.to_json() == {
        "image": found.image,
        "id": box.id,
        "detection_label": found.detection_label,
        "data": [0, 0, 320, 240],
        "labels": [],
        "meta_data": {},
    }
    json.dumps(found.to_json())

    assert set(ids(detection.get_objects()[0])) == {box.id, made.id}
    listed, following, _ = detection.get_objects(detection_label=heel.id)
    assert (ids(listed), following) == ([made.id], None)
    assert detection.get_objects(object_label=str(uuid4()))[0] == []
    assert ids(heel.get_images()[0]) == [image.id]
    assert ids(heel.get_training_images()[0]) == [image.id]
    assert heel.get_training_images(test=True, verification=1)[0] == []

    assert heel.remove()["detail"].startswith("1 region has the label “Heel”.")
    assert made.remove().status_code == 204
    assert heel.remove().status_code == 204
    assert detection.remove_object(box.id).status_code == 204
    assert detection.get_object(box.id)[0] is None


def test_objects_from_page_to_page(detection: DetectionClient) -> None:
    label, _ = detection.get_label_by_name("object")
    (image,), _ = detection.upload_images(records(1))
    for at in range(3):
        detection.create_object(label.id, image.id, [at, 0, 10, 10])
    address: str | None = f"{detection.endpoint}detection/v2/object/?page_size=2"
    found = []
    while address:
        rows, address, _ = detection.get_objects(page_url=address)
        found += [row.data[0] for row in rows]
    assert found == [2, 1, 0]


# Groups


def test_a_group_of_images_and_objects(
    client: CustomSimilarityClient, detection: DetectionClient, tmp_path: Path
) -> None:
    images, _ = client.upload_images(records(3))
    label, _ = detection.get_label_by_name("object")
    boxes = [detection.create_object(label.id, image.id, [0, 0, 9, 9])[0] for image in images]
    kind, _ = client.create_type("Same product", "Shoes")
    group, _ = client.create_group("Red shoe", "", kind.id)
    assert group.add_images(ids(images), refresh=True) == {"added": 3, "already": 0}
    assert group.add_objects(ids(boxes[:2])) == {"added": 2, "already": 0}
    assert group.add_objects(ids(boxes), refresh=True) == {"added": 1, "already": 2}
    assert set(ids(group.get_images())) == set(ids(images))
    assert set(ids(group.objects)) == set(ids(boxes))
    assert {box.image["id"] for box in group.objects} == set(ids(images))
    assert group.get_groups() == []
    assert ids(client.get_groups(object=boxes[0].id)[0]) == [group.id]
    assert ids(client.get_groups(image=images[0].id)[0]) == [group.id]
    assert client.get_groups(object=str(uuid4()))[0] == []

    (other,), _ = client.upload_images([records(4)[3]])
    apart, _ = detection.create_object(label.id, other.id, [0, 0, 9, 9])
    group.add_objects([apart.id], refresh=True)
    group.download(str(tmp_path))
    names = {path.name for path in (tmp_path / "Red shoe").iterdir()}
    assert names == {f"{image.id}.jpg" for image in (*images, other)}
    group.remove_objects([apart.id])

    assert group.remove_objects(ids(boxes[:1]), refresh=True) == {"removed": 1, "missing": 0}
    assert group.remove_images(ids(images), refresh=True) == {"removed": 3, "missing": 0}
    assert (len(group.images), len(group.objects)) == (0, 2)
    unknown = str(uuid4())
    assert unknown in group.add_objects([boxes[0].id, unknown])["detail"]
    assert len(client.get_group(group.id)[0].objects) == 2


def test_a_group_of_groups(client: CustomSimilarityClient) -> None:
    kind, _ = client.create_type("Same product")
    shelf, red, blue = (
        client.create_group(name, "", kind.id)[0] for name in ("Shelf", "Red", "Blue")
    )
    assert shelf.add_groups([red.id, blue.id], refresh=True) == {"added": 2, "already": 0}
    assert {group.name for group in shelf.get_groups()} == {"Red", "Blue"}
    assert shelf.groups[0].type["id"] == kind.id
    assert ids(client.get_groups(group=red.id)[0]) == [shelf.id]
    assert client.get_groups(empty=True)[2]["count"] == 2
    assert "contain itself" in red.add_groups([shelf.id])["detail"]
    (image,), _ = client.upload_images(records(1))
    assert "contains groups" in shelf.add_images([image.id])["detail"]
    red.add_images([image.id])
    assert "contains images" in red.add_groups([blue.id])["detail"]
    assert shelf.remove_groups([red.id], refresh=True) == {"removed": 1, "missing": 0}
    assert ids(shelf.groups) == [blue.id]


def test_find_groups(client: CustomSimilarityClient) -> None:
    product, _ = client.create_type("Same product")
    pattern, _ = client.create_type("Same pattern")
    red, _ = client.create_group("Red shoe", "", product.id)
    dots, _ = client.create_group("Red dots", "", pattern.id)
    assert set(ids(client.get_all_groups_by_name("RED")[0])) == {red.id, dots.id}
    assert ids(client.get_all_groups_by_name("Red", sim_type=pattern.id)[0]) == [dots.id]
    assert client.get_group_by_name("Red dots", sim_type=pattern.id)[0].id == dots.id
    assert client.get_group_by_name("Red dots", sim_type=product.id) == (None, None)
    assert ids(client.get_all_groups_by_type(product.id)[0]) == [red.id]
    assert ids(client.get_groups_by_type(pattern.id)[0]) == [dots.id]
    assert ids(client.get_groups_by_type_name("Same product")[0]) == [red.id]
    assert ids(client.get_groups(search="search=shoe")[0]) == [red.id]
    assert set(ids(client.get_all_groups(test=False, empty=True)[0])) == {red.id, dots.id}

    assert red.set_test(True, refresh=True) == {"updated": 1}
    assert red.test_group is True
    assert ids(client.get_groups(test=True)[0]) == [red.id]
    assert ids(client.get_all_groups_by_type(product.id, test=False)[0]) == []
    assert red.set_test(False, refresh=True) == {"updated": 1}
    assert client.get_groups(test=True)[2]["count"] == 0
    assert client.remove_group(dots.id).status_code == 204
    assert "still has 1 group" in client.remove_type(product.id)["detail"]
    assert client.remove_type(pattern.id).status_code == 204


# Verifications


def test_verify(client: CustomSimilarityClient, cast: Cast) -> None:
    kind, _ = client.create_type("Same product")
    group, _ = client.create_group("Red shoe", "", kind.id)
    assert group.verify(str(cast.alice.pk))["group"] == group.id
    assert group.verifyCount == 1
    assert group.verify(str(cast.bob.pk))["user"] == str(cast.bob.pk)
    assert group.verify(str(cast.bob.pk))["user"] == str(cast.bob.pk)
    assert (group.verifyCount, Group.objects.get().verify_count) == (2, 2)
    assert group.verify(str(cast.charlie.pk))["user"] == [
        "This user is not a member of the workspace."
    ]
    assert group.unverify() is True
    assert (group.verifyCount, Group.objects.get().verify_count) == (0, 0)

    (image, other), _ = client.upload_images(records(2))
    assert image.verify(str(cast.alice.pk))["image"] == image.id
    assert image.verify(str(cast.bob.pk))["image"] == image.id
    assert (image.verifyCount, len(image.get_verifications())) == (2, 2)
    assert client.get_image(image.id)[0].verifyCount == 2
    assert ids(client.get_training_images(verification=2)[0]) == [image.id]
    assert client.get_training_images(verification=3)[0] == []
    assert ids(client.training_images_iter(verification=1)) == [image.id]
    assert image.unverify() is True
    assert (image.verifyCount, other.get_verifications()) == (0, [])
    assert Image.objects.get(pk=image.id).verify_count == 0


def test_an_editor_verifies_for_oneself(cast: Cast, endpoint: str, client: Any) -> None:
    kind, _ = client.create_type("Same product")
    made, _ = client.create_group("Red shoe", "", kind.id)
    group, _ = client_of(make_key(cast.bob), endpoint).get_group(made.id)
    assert group.verify(str(cast.bob.pk))["user"] == str(cast.bob.pk)
    assert list(group.verify(str(cast.alice.pk))) == ["detail"]
    assert group.verifyCount == 1


# Images


def test_images(key: str, endpoint: str, tmp_path: Path) -> None:
    client: RecognitionClient = client_of(key, endpoint, RecognitionClient)
    images, status = client.upload_images(records(3, meta_data={"sku": 7}, test_image=True))
    assert (len(images), status) == (3, OK)
    one = images[0]
    assert (one.test_image, one.real_image, one.get_meta_data()) == (True, True, {"sku": 7})
    again, status = client.upload_images(records(1, real=False))
    assert (ids(again), status) == ([one.id], {"status": "exists"})
    assert client.get_image(one.id)[0].real_image is False

    assert one.set_test(False) == {"updated": 1}
    one.set_real(True)
    found, _ = client.get_image(one.id)
    assert (found.test_image, found.real_image) == (False, True)
    assert client.modify_images(ids(images), test=True, real=False) == {"updated": 3}
    assert client.get_training_images(test=True, real=False)[2]["count"] == 3
    assert client.get_training_images(real=True)[0] == []
    unknown = str(uuid4())
    assert unknown in client.modify_images([unknown], test=True)["detail"]
    with pytest.raises(XimilarClientInvalidDataException):
        client.modify_images()

    batches = list(client.training_images_iter(batch_size=2, test=True))
    assert [len(batch) for batch in batches] == [2, 1]
    page = f"{endpoint}recognition/v2/training-image/?page_size=1"
    assert sorted(ids(client.training_images_iter(page_url=page))) == sorted(ids(images))
    assert found.get_labels() == ([], OK)
    path = found.download(str(tmp_path))
    assert Path(path).name == f"{one.id}.jpg"
    written = found.to_json()
    assert (written["image"], written["labels"], written["_file"]) == (one.id, [], path)
    assert one.thumb_img_path == str(one)
    assert one.remove().status_code == 204
    assert client.remove_image(images[1].id).status_code == 204
    assert client.get_image(one.id) == (None, {"status": "image with id not found"})


def test_in_another_workspace(cast: Cast, endpoint: str) -> None:
    """Every class is handed the workspace, and none falls back to the token's default one."""
    workspace = str(cast.elsewhere.id)
    key = make_key(cast.charlie)
    detection = client_of(key, endpoint, DetectionClient, workspace=workspace)
    label, _ = detection.get_label_by_name("object")
    (image,), _ = detection.upload_images(records(1))
    box, _ = detection.create_object(label.id, image.id, [0, 0, 9, 9])
    assert (label.workspace, image.workspace) == (workspace, workspace)
    stranger = client_of(make_key(cast.alice), endpoint, DetectionClient, workspace=workspace)
    assert stranger.get_object(box.id)[0] is None
    assert stranger.get_all_labels()[0] is None
    assert stranger.create_object(label.id, image.id, [0, 0, 9, 9])[0] is None
    assert stranger.remove_object(box.id)["detail"]
    assert image.set_test(True) == {"updated": 1}
    assert box.add_meta_data({"a": 1})


# What the client itself cannot do, as docs/api.md says


def test_what_the_client_cannot_do(
    client: CustomSimilarityClient, detection: DetectionClient, cast: Cast, tmp_path: Path
) -> None:
    task, _ = client.create_task("Shoes")
    assert task.train() is None
    assert client.get("similarity/training/v2/model/")["count"] == 0
    with pytest.raises(TypeError):
        task.descriptor(records(1))
    model: Model = client.get_model(str(make_version(make_task(cast.workspace)).pk))[0]
    with pytest.raises(AttributeError):
        model.remove()
    assert client.remove_model(model.id).status_code == 204

    (image,), _ = client.upload_images(records(1))
    assert isinstance(image, ClientImage)
    kind, _ = client.create_type("Same product")
    group, _ = client.create_group("Red shoe", "", kind.id)
    (listed,), _, _ = client.get_groups()
    with pytest.raises(AttributeError):
        _ = listed.objects
    with pytest.raises(TypeError):
        listed.download(str(tmp_path))
    listed.refresh(True)
    assert listed.objects == []
    with pytest.raises(TypeError):
        group.get_groups_by_type(kind.id)
    with pytest.raises(TypeError):
        client_of(client.token, client.endpoint, RecognitionClient).get_labels_by_substring("x")
    with pytest.raises(KeyError):
        client.get_points()
    # `remove` of these tells nothing, also when it was refused.
    assert (kind.remove(), client.get_type(kind.id)[0].name) == (None, "Same product")
    # An upload of `DetectionClient` does not find the image that is there already.
    assert detection.upload_images(records(1))[0] == []
