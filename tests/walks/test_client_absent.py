"""The official client, unchanged: what is no part of Likewise says so."""

from uuid import uuid4

import pytest
from ximilar.client import DetectionClient, RecognitionClient
from ximilar.client.recognition import Label as ClientLabel

from tests.factories import Cast, make_key
from tests.walks.client import client_of, records

pytestmark = [pytest.mark.live, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def key(cast: Cast) -> str:
    return make_key(cast.alice)


@pytest.fixture
def detection(key: str, endpoint: str) -> DetectionClient:
    return client_of(key, endpoint, DetectionClient)


def test_recognition_is_no_part(key: str, endpoint: str) -> None:
    client: RecognitionClient = client_of(key, endpoint, RecognitionClient)
    tasks, status = client.get_all_tasks()
    assert (tasks, status["detail"][:30]) == (None, "Recognition tasks are not part")
    assert client.get_all_labels()[1]["detail"].startswith("Recognition labels are not part")
    assert client.get_task(str(uuid4()))[1]["status"].startswith("Recognition tasks are not part")
    assert client.create_task("Shoes")[1]["status"].startswith("Recognition tasks are not part")
    assert client.get_label(str(uuid4()))[0] is None
    assert client.create_label("Shoe")[0] is None
    assert client.remove_label(str(uuid4()))["detail"].startswith("Recognition labels")
    assert client.create_point(None, "tip", [1, 2])[0]["detail"].startswith("Points are not part")
    (image,), _ = client.upload_images(records(1))
    for answer in (
        image.add_label("x"),
        image.update_label("x", 1),
        image.detach_label("x"),
        client.add_label_to_image(image.id, "x"),
        client.modify_images([image.id], add_labels=["x"]),
        client.modify_images(labels=["x"], test=True),
    ):
        assert answer["detail"].startswith("Recognition labels are not part")
    label = ClientLabel(key, endpoint, {"id": str(uuid4()), "name": "Shoe"})
    assert label.add_annotate_task("x")["detail"].startswith("Recognition labels")
    assert label.get_training_images()[0] == []


def test_detection_tasks_are_no_part(detection: DetectionClient) -> None:
    tasks, status = detection.get_all_tasks()
    assert (tasks, status["detail"][:28]) == (None, "Detection tasks are not part")
    assert detection.create_task("Shoes")[0] is None
    assert detection.remove_task(str(uuid4()))["detail"].startswith("Detection tasks")
    assert detection.get_model("x") is None
    label, _ = detection.get_label_by_name("object")
    assert label.add_recognition_task("x")["detail"].startswith("Recognition tasks")
    assert label.detach_recognition_task("x")["detail"].startswith("Recognition tasks")
    (image,), _ = detection.upload_images(records(1))
    box, _ = detection.create_object(label.id, image.id, [0, 0, 9, 9])
    for answer in (
        box.add_recognition_label("x"),
        box.update_label("x", 1),
        box.detach_recognition_label("x"),
        detection.add_label_to_object(box.id, "x"),
    ):
        assert answer["detail"].startswith("Recognition labels are not part")
