"""Add images in every way, read, change and delete them."""

import base64
import hashlib
import io
import re
import uuid
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from PIL import Image as Pillow

from accounts.models import Change
from dashboard.files.errors import (
    AddressFailed,
    AddressTooSlow,
    FileRefused,
    ForbiddenAddress,
    ImageTooLarge,
    UnreadableImage,
)
from dashboard.services.library.groups import add_images
from tests.api.calls import GROUP, IMAGE, check_refusals, in_workspace
from tests.factories import (
    Cast,
    api_client,
    drawn_jpeg,
    drawn_png,
    make_group,
    make_image,
    make_type,
)

URL = "http://pictures.example.org/some%20shoe.jpg?size=big"


def as_base64(data: bytes) -> str:
    return base64.b64encode(data).decode()


def test_it_works(cast: Cast) -> None:
    client, data = api_client(cast.bob), drawn_jpeg(1)
    created = client.post(IMAGE, {"base64": as_base64(data), "meta_data": {"sku": "7"}})
    assert created.status_code == 201
    image = created.json()
    paths = {"img_path": image["img_path"], "thumb_img_path": image["thumb_img_path"]}
    assert image | {"id": "", "created": ""} == paths | {
        "id": "",
        "created": "",
        "img_width": 64,
        "img_height": 48,
        "workspace": str(cast.workspace.id),
        "meta_data": {"sku": "7"},
        "test_image": False,
        "real": True,
        "verifyCount": 0,
        "labels": [],
        "file_name": "",
        "sha256": hashlib.sha256(data).hexdigest(),
        "groups": [],
    }
    assert client.get(f"{IMAGE}{image['id']}/").json() == image
    assert client.get(IMAGE).json()["results"] == [image]


def test_the_two_links_open_without_a_token(cast: Cast) -> None:
    image = api_client(cast.bob).post(IMAGE, {"base64": as_base64(drawn_png(1))}).json()
    assert image["img_path"].split("?")[0].endswith(f"/{image['id']}.png")
    assert image["img_path"].startswith("http://testserver/")
    for name in ("img_path", "thumb_img_path"):
        link = image[name].removeprefix("http://testserver")
        answer = Client().get(link)
        assert answer.status_code == 200
        Pillow.open(io.BytesIO(b"".join(answer.streaming_content))).load()  # type: ignore[attr-defined]
        for broken in (link.split("?")[0], link[:-3] + "xxx"):
            assert Client().get(broken).status_code == 403


def test_base64_with_a_head(cast: Cast) -> None:
    text = f"data:image/jpeg;base64,{as_base64(drawn_jpeg(1))}"
    assert api_client(cast.bob).post(IMAGE, {"base64": text, "url": None}).status_code == 201


def test_a_file_of_a_form(cast: Cast) -> None:
    file = SimpleUploadedFile("shoe.jpg", drawn_jpeg(1), "image/jpeg")
    body = {"img_path": file, "meta_data": '{"a": 1}', "test_image": "true", "base64": ""}
    created = api_client(cast.bob).post(IMAGE, body, format="multipart")
    assert created.status_code == 201
    image = created.json()
    assert (image["file_name"], image["meta_data"]) == ("shoe.jpg", {"a": 1})
    # A form that is silent of `real` leaves it at its default.
    assert (image["test_image"], image["real"]) == (True, True)


def test_an_address(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("dashboard.api.library.images.fetch_image", lambda url: drawn_jpeg(1))
    created = api_client(cast.bob).post(IMAGE, {"url": URL, "real": False})
    assert (created.status_code, created.data["real"]) == (201, False)
    assert created.data["file_name"] == "some shoe.jpg"


def test_a_large_one_is_scaled_unless_told(cast: Cast) -> None:
    client = api_client(cast.bob)
    scaled = client.post(IMAGE, {"base64": as_base64(drawn_jpeg(1, (1600, 1200)))})
    assert (scaled.data["img_width"], scaled.data["img_height"]) == (800, 600)
    body = {"base64": as_base64(drawn_jpeg(2, (1600, 1200))), "noresize": "True"}
    assert client.post(IMAGE, body).data["img_width"] == 1600


def test_the_same_bytes_again(cast: Cast) -> None:
    client, body = api_client(cast.bob), {"base64": as_base64(drawn_jpeg(1))}
    first = client.post(IMAGE, body).json()["id"]
    again = client.post(IMAGE, body)
    assert again.status_code == 400
    detail = f"The image already exists in this workspace, image ID: {first}"
    assert again.json() == {"detail": detail}
    pattern = (
        r".*image.ID..([a-f0-9]{8}-[a-f0-9]{4}-4[a-f0-9]{3}-[89aAbB][a-f0-9]{3}-[a-f0-9]{12}).*"
    )
    found = re.search(pattern, detail)  # the client's own
    assert found is not None
    assert found[1] == first


@pytest.mark.parametrize("method", ["put", "patch"])
def test_change_what_is_given(cast: Cast, method: str) -> None:
    image = make_image(cast.workspace, meta_data={"a": 1, "b": 2})
    change = getattr(api_client(cast.bob), method)
    one = f"{IMAGE}{image.id}"
    assert change(one, {"meta_data": {"b": 3}}).json()["meta_data"] == {"b": 3}
    marked = change(one, {"test_image": True, "real": "false", "img_path": "http://x"}).json()
    assert (marked["test_image"], marked["real"], marked["meta_data"]) == (True, False, {"b": 3})
    assert change(one, {"meta_data": None}).json()["meta_data"] == {}
    changes = Change.objects.filter(noun="image", verb="changed").count()
    assert change(one, {}).status_code == 200
    assert Change.objects.filter(noun="image", verb="changed").count() == changes


def test_delete_and_bring_back(cast: Cast) -> None:
    client, body = api_client(cast.bob), {"base64": as_base64(drawn_jpeg(1))}
    first = client.post(IMAGE, body).json()["id"]
    group = make_group(make_type(cast.workspace))
    add_images(group=group, ids=[uuid.UUID(first)], actor=cast.bob)
    assert client.delete(f"{IMAGE}{first}/").status_code == 204
    assert client.get(f"{IMAGE}{first}/").status_code == 404
    assert client.delete(f"{IMAGE}{first}/").status_code == 404
    assert client.get(IMAGE).json()["count"] == 0
    shown = client.get(f"{GROUP}{group.id}").json()
    assert (shown["images"], shown["images_count"]) == ([], 0)
    again = client.post(IMAGE, body)
    assert (again.status_code, again.json()["id"], again.json()["groups"]) == (201, first, [])


# Refusals


def test_who_may(cast: Cast) -> None:
    one = f"{IMAGE}{make_image(cast.workspace).id}/"
    check_refusals(cast, "get", in_workspace(cast, IMAGE), writes=False)
    check_refusals(cast, "post", in_workspace(cast, IMAGE), {"base64": "x"})
    check_refusals(cast, "get", one, writes=False)
    for method in ("put", "patch", "delete"):
        check_refusals(cast, method, one, {"meta_data": {}})


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "detail"),
        ({"base64": ""}, "detail"),
        ({"base64": None, "url": ""}, "detail"),
        ({"base64": "%%%"}, "base64"),
        ({"base64": "abc"}, "base64"),
        ({"base64": 5}, "base64"),
        ({"base64": ["a"]}, "base64"),
        ({"base64": "é"}, "base64"),
        ({"base64": as_base64(b"no picture")}, "detail"),
        ({"base64": "data:image/png;base64,"}, "detail"),
        ({"base64": as_base64(drawn_jpeg(1)[:300])}, "detail"),
        ({"url": 5.5}, "detail"),
        ({"url": ["http://x"]}, "url"),
        ({"url": "http://x\x00"}, "url"),
        ({"img_path": "x.jpg"}, "img_path"),
        ({"base64": as_base64(drawn_jpeg(1)), "meta_data": []}, "meta_data"),
        ({"base64": as_base64(drawn_jpeg(1)), "test_image": "maybe"}, "test_image"),
    ],
)
def test_bad_input(cast: Cast, body: Any, field: str) -> None:
    answer = api_client(cast.bob).post(IMAGE, body)
    assert answer.status_code in (400, 403)
    reason = answer.json()[field]
    assert isinstance(reason if field == "detail" else reason[0], str)
    assert answer.status_code == 400 or "url" in body


@pytest.mark.parametrize("body", [{"meta_data": []}, {"test_image": None}, {"real": {}}])
def test_bad_changes(cast: Cast, body: Any) -> None:
    image = make_image(cast.workspace)
    answer = api_client(cast.bob).put(f"{IMAGE}{image.id}", body)
    assert (answer.status_code, list(answer.data)) == (400, list(body))


@pytest.mark.parametrize(
    ("refusal", "status"),
    [
        (ForbiddenAddress("It is private.", url=URL), 403),
        (ImageTooLarge(20, 21), 413),
        (AddressFailed("It did not answer.", url=URL), 400),
        (AddressTooSlow(URL, 15), 400),
        (UnreadableImage(), 400),
    ],
)
def test_an_address_that_fails(
    cast: Cast, monkeypatch: pytest.MonkeyPatch, refusal: FileRefused, status: int
) -> None:
    def fetch(url: str) -> bytes:
        raise refusal

    monkeypatch.setattr("dashboard.api.library.images.fetch_image", fetch)
    answer = api_client(cast.bob).post(IMAGE, {"url": URL})
    assert (answer.status_code, answer.json()) == (status, {"detail": refusal.reason})


@pytest.mark.parametrize(
    "url", ["http://127.0.0.1:1/x.jpg", "http://[::1]/x", "file:///etc/passwd", "ftp://x/y"]
)
def test_a_forbidden_address(cast: Cast, url: str) -> None:
    assert api_client(cast.bob).post(IMAGE, {"url": url}).status_code == 403


def test_too_many_bytes(cast: Cast, settings: Any) -> None:
    settings.LIKEWISE_MAX_IMAGE = 100
    answer = api_client(cast.bob).post(IMAGE, {"base64": as_base64(drawn_jpeg(1))})
    assert (answer.status_code, list(answer.data)) == (413, ["detail"])


def test_too_many_pixels(cast: Cast, settings: Any) -> None:
    settings.LIKEWISE_MAX_PIXELS = 100
    answer = api_client(cast.bob).post(IMAGE, {"base64": as_base64(drawn_jpeg(1))})
    assert (answer.status_code, list(answer.data)) == (413, ["detail"])


def test_an_image_named_elsewhere(cast: Cast) -> None:
    image = make_image(cast.elsewhere)
    assert api_client(cast.alice).get(f"{IMAGE}{image.id}").status_code == 404
