"""Send files: the form, the parts, and the protocol by which bytes arrive."""

import base64
import hashlib
import io
from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from pytest_django import Settings

from dashboard.models import Job, Upload, UploadPart
from dashboard.services.uploads.receiving import open_upload
from tests.conftest import signed_in
from tests.factories import Cast, api_client, make_image
from tests.views.doors import BYTES, JSON, NEW, TUS, Door, content, packed, part_of

Queries = Callable[..., Any]


@pytest.fixture
def upload(cast: Cast) -> Upload:
    return open_upload(workspace=cast.workspace, name="shoes", actor=cast.bob)


@pytest.fixture(params=["page", "api"])
def door(request: pytest.FixtureRequest, cast: Cast) -> "Door":
    """Come in by one of the two doors: everything that tus says is the same behind both."""
    is_page = request.param == "page"
    client = signed_in(cast.bob) if is_page else api_client(cast.bob)
    return Door(client, "upload-part" if is_page else "api-upload-part", is_page)


# By tus


def test_it_works(door: Door, upload: Upload) -> None:
    made = door.create(upload, 10, filename="red/a.jpg")
    part = UploadPart.objects.get()
    assert made.status_code == 201
    assert made["Location"] == f"http://testserver{door.of(part)}"
    assert (part.name, part.size) == ("red/a.jpg", 10)
    assert door.ask(part)["Upload-Offset"] == "0"
    first = door.patch(part, b"01234")
    assert (first.status_code, first["Upload-Offset"]) == (204, "5")
    assert first["Tus-Resumable"] == "1.0.0"
    assert first["Upload-Expires"].endswith("GMT")
    asked = door.ask(part)
    assert (asked.status_code, asked["Upload-Offset"], asked["Upload-Length"]) == (200, "5", "10")
    assert asked["Cache-Control"] == "no-store" or "no-store" in asked["Cache-Control"]
    assert door.patch(part, b"56789", 5)["Upload-Offset"] == "10"
    assert content(part) == b"0123456789"


def test_the_first_bytes_may_come_along(door: Door, upload: Upload) -> None:
    made = door.create(upload, 5, b"012", relativePath="red/b.jpg", filename="b.jpg")
    assert (made.status_code, made["Upload-Offset"]) == (201, "3")
    part = UploadPart.objects.get()
    assert (part.name, content(part)) == ("red/b.jpg", b"012")


def test_what_is_known_is_whole_at_once(door: Door, upload: Upload, cast: Cast) -> None:
    image = make_image(cast.workspace)
    made = door.create(upload, 99, sha256=image.sha256, filename="a.jpg")
    assert (made.status_code, made["Upload-Offset"]) == (201, "99")
    assert UploadPart.objects.get().known


def test_it_says_what_it_speaks(door: Door, upload: Upload) -> None:
    answer = door.client.options(door.of(part_of(upload)))
    assert (answer.status_code, answer["Tus-Version"]) == (204, "1.0.0")
    assert "creation-with-upload" in answer["Tus-Extension"]
    assert answer["Tus-Max-Size"]


def test_bytes_that_are_here_are_not_taken_twice(door: Door, upload: Upload) -> None:
    part = part_of(upload)
    door.patch(part, b"01234")
    again = door.patch(part, b"01234")
    assert (again.status_code, again["Upload-Offset"]) == (409, "5")
    assert "Continue from there" in again.content.decode()
    assert door.patch(part, b"9", 9).status_code == 409
    assert content(part) == b"01234"


def test_more_than_was_said_is_refused(door: Door, upload: Upload, settings: Settings) -> None:
    assert door.patch(part_of(upload, 3), b"0123").status_code == 413
    settings.LIKEWISE_MAX_UPLOAD = 10
    answer = door.create(upload, 11)
    assert (answer.status_code, "larger than 10 bytes" in answer.content.decode()) == (413, True)


def test_what_was_given_up_is_gone(door: Door, upload: Upload) -> None:
    part = part_of(upload)
    assert door.ask(part, "DELETE").status_code == 204
    assert door.ask(part).status_code == 404
    assert door.patch(part, b"0").status_code == 404


def test_one_that_is_in_takes_nothing_more(door: Door, upload: Upload, cast: Cast) -> None:
    part = part_of(upload, 3)
    door.patch(part, b"abc")
    Upload.objects.update(stage="committed", committed=upload.created)
    assert door.patch(part, b"x", 3).status_code == 410
    assert door.create(upload, 3).status_code == 410
    assert door.ask(part, "DELETE").status_code == 410


def test_a_checksum_is_held_against_what_came(door: Door, upload: Upload) -> None:
    part = part_of(upload)

    def sum_of(data: bytes, algorithm: str) -> str:
        return f"{algorithm} {base64.b64encode(hashlib.new(algorithm, data).digest()).decode()}"

    wrong = door.patch(part, b"01234", **{"Upload-Checksum": sum_of(b"others", "sha1")})
    assert wrong.status_code == 460
    for start, algorithm in ((0, "sha1"), (5, "sha256")):
        right = {"Upload-Checksum": sum_of(b"01234", algorithm)}
        assert door.patch(part, b"01234", start, **right).status_code == 204
    assert content(part) == b"0123401234"


def test_a_proxy_may_know_post_alone(door: Door, upload: Upload) -> None:
    part = part_of(upload)
    headers = TUS | {"Upload-Offset": "0", "X-HTTP-Method-Override": "PATCH"}
    answer = door.client.generic("POST", door.of(part), b"012", BYTES, headers=headers)
    assert (answer.status_code, answer["Upload-Offset"]) == (204, "3")
    assert door.ask(part, "POST").status_code == 405


@pytest.mark.parametrize(
    ("headers", "kind", "status"),
    [
        ({"Upload-Offset": "0"}, BYTES, 412),
        (TUS | {"Upload-Offset": "0"}, "application/json", 415),
        (TUS, BYTES, 400),
        (TUS | {"Upload-Offset": "-1"}, BYTES, 400),
        (TUS | {"Upload-Offset": "9" * 30}, BYTES, 400),
        (TUS | {"Upload-Offset": "²"}, BYTES, 400),
        (TUS | {"Upload-Offset": "0", "Upload-Checksum": "md5 eA=="}, BYTES, 400),
        (TUS | {"Upload-Offset": "0", "Upload-Checksum": "sha1 ?"}, BYTES, 400),
    ],
)
def test_what_is_not_right_is_refused(
    door: Door, upload: Upload, headers: dict[str, str], kind: str, status: int
) -> None:
    part = part_of(upload)
    answer = door.client.generic("PATCH", door.of(part), b"x", kind, headers=headers)
    assert (answer.status_code, answer["Tus-Resumable"]) == (status, "1.0.0")
    assert len(answer.json()["detail"]) > 20
    part.refresh_from_db()
    assert part.received == 0


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Upload-Length": "many"},
        {"Upload-Length": "5", "Upload-Metadata": "filename ?"},
        {"Upload-Length": "5", "Upload-Metadata": "filename /w=="},
        {"Upload-Length": "5", "Upload-Metadata": packed(sha256="ABC")},
        {"Upload-Defer-Length": "1"},
    ],
)
def test_a_file_that_is_not_named_right_is_refused(
    bob_client: Client, upload: Upload, headers: dict[str, str]
) -> None:
    address = reverse("upload-part-new", args=[upload.pk])
    answer = bob_client.generic("POST", address, b"", "", headers=TUS | headers)
    assert (answer.status_code, UploadPart.objects.count()) == (400, 0)


# Who may


@pytest.mark.usefixtures("_unread")
def test_nothing_is_read_of_who_may_not_send(upload: Upload, cast: Cast) -> None:
    part = part_of(upload)
    for user, status in ((cast.vera, 403), (cast.charlie, 404)):
        assert Door(signed_in(user), "upload-part", True).patch(part, b"x").status_code == status
        key = Door(api_client(user), "api-upload-part", False)
        assert key.patch(part, b"x").status_code == status
    assert Door(Client(), "upload-part", True).patch(part, b"x").status_code == 302
    assert Door(api_client(None), "api-upload-part", False).patch(part, b"x").status_code == 401


@pytest.mark.usefixtures("_unread")
def test_nothing_is_read_without_the_token_of_a_form(upload: Upload, cast: Cast) -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(cast.bob)
    part = part_of(upload)
    assert Door(client, "upload-part", True).patch(part, b"x").status_code == 403
    address = reverse("upload-part-new", args=[upload.pk])
    assert client.post(address, {"file": io.BytesIO(b"x")}, headers=TUS).status_code == 415
    assert client.generic("POST", address, b"x", BYTES, headers=TUS).status_code == 403


def test_the_token_comes_in_the_header(upload: Upload, cast: Cast) -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(cast.bob)
    client.get(NEW)
    token = {"X-CSRFToken": client.cookies["csrftoken"].value}
    assert (
        Door(client, "upload-part", True).patch(part_of(upload), b"x", **token).status_code == 204
    )


def test_who_may_only_look_may_send_pictures_to_describe(upload: Upload, cast: Cast) -> None:
    Upload.objects.update(purpose=Upload.Purpose.DESCRIBE)
    part = part_of(upload)
    assert Door(signed_in(cast.vera), "upload-part", True).patch(part, b"x").status_code == 204
    Upload.objects.update(purpose=Upload.Purpose.WORKSPACE)
    assert Door(signed_in(cast.bob), "upload-part", True).patch(part, b"y", 1).status_code == 403


# The end, and the end again


@pytest.mark.parametrize("is_page", [True, False])
def test_an_end_whose_answer_was_lost_is_said_again(
    upload: Upload, cast: Cast, is_page: bool
) -> None:
    """What is missing is left out if that is asked for; then it is handed on, once."""
    part = part_of(upload, 1)
    part_of(upload, 5, name="b.jpg")
    client, address = signed_in(cast.bob), f"/uploads/{upload.pk}/finish"
    if not is_page:
        client, address = api_client(cast.bob), f"/account/v2/upload/{upload.pk}/finish"
    Door(signed_in(cast.bob), "upload-part", True).patch(part, b"x")
    refused = client.post(address, headers=JSON)
    assert (
        refused.status_code,
        "1 file is not completely uploaded" in refused.content.decode(),
    ) == (409, True)
    assert not is_page or refused.json()["missing"] == 1
    said = [client.post(address, {"leave_out": "true"}, headers=JSON) for _ in range(2)]
    assert [answer.status_code for answer in said] == [200 if is_page else 202] * 2
    assert said[0].json() == said[1].json()
    assert not is_page or said[1].json() == {"location": f"/uploads/{upload.pk}"}
    assert (upload.parts.count(), Job.objects.count()) == (1, 1)


def test_names_are_said_again(bob_client: Client, upload: Upload) -> None:
    body = {"files": [{"name": "a.zip", "size": 9, "key": "0f" * 16}]}
    address = f"/uploads/{upload.pk}/parts"
    said = [bob_client.post(address, body, content_type="application/json") for _ in range(2)]
    assert [answer.status_code for answer in said] == [201, 201]
    assert said[0].json() == said[1].json()
    body["files"][0]["key"] = "../../elsewhere"
    wrong = bob_client.post(address, body, content_type="application/json")
    assert (wrong.status_code, "32 hex characters" in wrong.json()["detail"]) == (422, True)
    assert upload.parts.count() == 1


def test_a_file_with_a_hash_is_created_again(door: Door, upload: Upload) -> None:
    made = [door.create(upload, 5, sha256="a" * 64, filename="a.jpg") for _ in range(2)]
    assert made[0]["Location"] == made[1]["Location"]
    assert upload.parts.count() == 1
