"""A version whose files are damaged, foreign or gone is refused with a sentence, everywhere."""

import base64
import json
from collections.abc import Callable
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from dashboard.files.store import paths, storage
from dashboard.models import Collection, Version
from dashboard.services.errors import ModelUnusable
from dashboard.services.search.search import search_by_image, search_by_picture
from dashboard.services.training.descriptors import describe
from dashboard.services.training.features import ensure_features
from tests.api.calls import DESCRIPTOR
from tests.factories import (
    Cast,
    api_client,
    drawn_jpeg,
    make_described_version,
    make_image,
    make_task,
)

Harm = Callable[[Version], None]


def flip_a_bit(version: Version) -> None:
    name = f"{version.artifact}/heads.npz"
    data = bytearray(storage.read(name))
    data[len(data) // 2] ^= 1
    storage.write(name, bytes(data))


def cut(version: Version) -> None:
    name = f"{version.artifact}/heads.npz"
    storage.write(name, storage.read(name)[:1000])


def lose(name: str) -> Harm:
    return lambda version: storage.delete(f"{version.artifact}/{name}")


def say(**fields: Any) -> Harm:
    def harm(version: Version) -> None:
        name = f"{version.artifact}/manifest.json"
        storage.write(name, json.dumps(json.loads(storage.read(name)) | fields).encode())

    return harm


HARMS = {
    "its checksum does not match its manifest. Train again.": [flip_a_bit, cut],
    "heads.npz cannot be used: the file cannot be read. Train again.": [lose("heads.npz")],
    "the file is missing or not JSON. Train again.": [lose("manifest.json")],
    "it does not describe a trained model.": [say(kind="cake")],
    "its format is 9, not 1 or 2.": [say(format=9)],
    "it was trained for the encoder own-7, not builtin-1.": [say(encoder="own-7")],
    "its arrays and its manifest do not fit. Train again.": [say(types=[{}, {}])],
}


@pytest.fixture
def version(cast: Cast) -> Version:
    return make_described_version(make_task(cast.workspace))


@pytest.mark.parametrize(
    ("sentence", "harm"),
    [(sentence, harm) for sentence, harms in HARMS.items() for harm in harms],  # type: ignore[attr-defined]
)
def test_every_harm_has_its_sentence(version: Version, sentence: str, harm: Harm) -> None:
    harm(version)
    with pytest.raises(ModelUnusable) as refusal:
        describe(version=version, pictures_bytes=[drawn_jpeg(1)])
    assert str(refusal.value).startswith("Shoes version 1 cannot compute embeddings: ")
    assert str(refusal.value).endswith(sentence)


def test_search_is_refused(version: Version, cast: Cast) -> None:
    flip_a_bit(version)
    image = make_image(cast.workspace)
    with pytest.raises(ModelUnusable):
        search_by_image(image=image, version=version, k=3)
    with pytest.raises(ModelUnusable):
        search_by_picture(workspace=cast.workspace, version=version, data=drawn_jpeg(), k=3)


def test_the_api_says_so(version: Version, cast: Cast) -> None:
    flip_a_bit(version)
    record = {"_base64": base64.b64encode(drawn_jpeg()).decode()}
    body = {"task_id": str(version.task_id), "records": [record]}
    answer = api_client(cast.bob).post(DESCRIPTOR, body)
    assert answer.status_code == 409
    assert "its checksum does not match" in answer.json()["detail"]


def test_the_pages_say_so(version: Version, cast: Cast, bob_client: Client) -> None:
    flip_a_bit(version)
    image = make_image(cast.workspace)
    sent = {"file": SimpleUploadedFile("a.jpg", drawn_jpeg()), "version": version.pk, "k": "12"}
    for answer in (
        bob_client.post("/search/", sent),
        bob_client.get("/search/", {"image": image.pk, "version": version.pk}),
    ):
        assert answer.status_code == 422
        assert "its checksum does not match" in answer.text
    strip = bob_client.get(f"/images/{image.pk}/alike", headers={"HX-Request": "true"})
    assert "its checksum does not match" in strip.text


def test_a_collection_s_search_says_so(version: Version, cast: Cast, bob_client: Client) -> None:
    collection = Collection.objects.create(
        workspace=cast.workspace, name="All", task=version.task, version=version
    )
    flip_a_bit(version)
    sent = {"file": SimpleUploadedFile("a.jpg", drawn_jpeg()), "k": "12"}
    answer = bob_client.post(f"/collections/{collection.pk}/search", sent)
    assert answer.status_code == 422
    assert "its checksum does not match" in answer.text


def test_an_encoder_that_is_gone_is_told(cast: Cast) -> None:
    image = make_image(cast.workspace)
    assert not storage.exists(paths.encoder("own-gone"))
    with pytest.raises(ModelUnusable, match="encoder own-gone, which is not registered"):
        ensure_features(images=[image], encoder_key="own-gone")
