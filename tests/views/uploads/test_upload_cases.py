"""Files as people really send them, from the browser's door to the names of groups."""

import io
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse

from dashboard.models import Group, Image, Job, Upload, UploadPart
from dashboard.services.uploads.receiving import open_upload
from tests.factories import Cast, api_client, drawn_jpeg
from tests.services.uploads.uploaded import committed, ran, reasons
from tests.views.doors import JSON, NEW, Door
from tests.zips import raw_zip

CASES = Path(__file__).parents[2] / "cases"


def case(folder: str) -> dict[str, bytes]:
    """Return the files of a case under the paths that they are sent with."""
    found = sorted((CASES / folder).iterdir())
    return {path.name.replace("__", "/"): path.read_bytes() for path in found}


def sent(client: Client, cast: Cast, files: Mapping[str, bytes]) -> Upload:
    """Send files one by one, as the page does, and have them looked through."""
    upload = open_upload(workspace=cast.workspace, name="some", actor=cast.bob, new_type_name="T")
    for name, data in files.items():
        made = Door(client, "upload-part", True).create(
            upload, len(data), data, relativePath=name, filename=name.rpartition("/")[2]
        )
        assert made.status_code == 201, made.content
    client.post(reverse("upload-finish", args=[upload.pk]), headers=JSON)
    ran(Job.objects.latest("created"))
    upload.refresh_from_db()
    return upload


def filled_in(client: Client, name: str, data: bytes, **fields: Any) -> Upload:
    """Send one file by the plain form, and have it looked through."""
    file = SimpleUploadedFile(name, data)
    client.post(NEW, {"file": file, "new_type": "T"} | fields)
    ran(Job.objects.latest("created"))
    return Upload.objects.latest("created")


def brought(upload: Upload) -> tuple[dict[str, int], int, dict[str, str]]:
    """Bring it in; return the groups, how many images there are, and what went wrong."""
    committed(upload)
    groups = dict(Group.objects.values_list("name", "images_count"))
    return groups, Image.objects.count(), reasons(upload)


# Names


def test_winrar_s_names_become_the_names_of_groups(bob_client: Client) -> None:
    [(name, data)] = case("30-zip-unicode-path-extra").items()
    upload = filled_in(bob_client, name, data)
    assert brought(upload) == ({"Łódź": 2, "Čeština": 2, "Ørsted": 2}, 6, {})


@pytest.mark.parametrize(
    ("page", "names"),
    [
        ("cp932", ["表示/ソート.jpg", "写真/りんご.jpg"]),
        ("cp866", ["Красные/яблоко.jpg", "Синие/груша.jpg"]),
        ("cp850", ["Ørsted/Öl.jpg", "São Paulo/ação.jpg"]),
        ("cp852", ["Łódź/Łódź.jpg", "Čeština/č.jpg"]),
        ("cp437", ["Grün/Äpfel.jpg", "niño/ñ.jpg"]),
    ],
)
def test_names_in_old_code_pages_become_groups(
    bob_client: Client, page: str, names: list[str]
) -> None:
    files = [(name.encode(page), drawn_jpeg(place)) for place, name in enumerate(names)]
    upload = filled_in(bob_client, "old.zip", raw_zip(files))
    assert UploadPart.objects.get().code_page in (page, "cp850")
    groups = {name.partition("/")[0]: 1 for name in names}
    assert brought(upload) == (groups, 2, {})
    assert {*Image.objects.values_list("file_name", flat=True)} == {
        name.partition("/")[2] for name in names
    }


def test_the_same_over_the_api(cast: Cast) -> None:
    client = api_client(cast.bob)
    [(name, data)] = case("30-zip-unicode-path-extra").items()
    body = {"name": name, "new_type": "T", "auto_commit": True}
    upload = Upload.objects.get(pk=client.post("/account/v2/upload", body).json()["id"])
    made = Door(client, "api-upload-part", False).create(upload, len(data), data, filename=name)
    assert made.status_code == 201
    client.post(f"/account/v2/upload/{upload.pk}/finish", {})
    assert ran(Job.objects.latest("created")).message == "6 added."
    groups = dict(Group.objects.values_list("name", "images_count"))
    assert groups == {"Łódź": 2, "Čeština": 2, "Ørsted": 2}


# What systems add


@pytest.mark.parametrize("way", ["archive", "folder"])
def test_what_a_nas_adds_has_no_row(bob_client: Client, cast: Cast, way: str) -> None:
    [(name, data)] = case("33-nas-junk").items()
    if way == "archive":
        upload = filled_in(bob_client, name, data)
    else:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            files = {one: archive.read(one) for one in archive.namelist()}
        upload = sent(bob_client, cast, files)
    assert brought(upload) == ({"red": 2, "blue": 2}, 4, {})


# The choice


def page_of(client: Client, upload: Upload) -> str:
    return client.get(f"/uploads/{upload.pk}").content.decode()


def choose(client: Client, upload: Upload, page: str) -> Any:
    part = upload.parts.get(kind="archive")
    data = {"part": part.pk, "code_page": page}
    return client.post(f"/uploads/{upload.pk}/code-page", data)


def test_the_plan_tells_what_was_assumed_and_another_one_can_be_chosen(
    bob_client: Client, vera_client: Client
) -> None:
    data = raw_zip([("Łrsted/1.jpg".encode("cp852"), drawn_jpeg(1)), (b"2.jpg", drawn_jpeg(2))])
    upload = filled_in(bob_client, "old.zip", data)
    text = page_of(bob_client, upload)
    assert "does not declare how its names are encoded" in text
    assert (
        "read as Western Europe (DOS 850), but others are equally likely: “Ørsted/1.jpg”." in text
    )
    assert "Read the names again" in text
    assert "Read the names again" not in page_of(vera_client, upload)
    answer = choose(bob_client, upload, "cp852")
    assert (answer.status_code, answer["Location"]) == (303, f"/uploads/{upload.pk}")
    ran(Job.objects.latest("created"))
    text = page_of(bob_client, upload)
    assert "were read as Central Europe (DOS 852): “Łrsted/1.jpg”." in text
    assert brought(upload) == ({"Łrsted": 1}, 2, {})


def test_what_manifests_said_is_said_again(bob_client: Client, cast: Cast) -> None:
    """A row that names a file by its right name finds it once that is read right."""
    files = {
        "old.zip": raw_zip([("Łrsted/1.jpg".encode("cp852"), drawn_jpeg(1))]),
        "3.jpg": drawn_jpeg(3),
        "list.csv": "file,group\nŁrsted/1.jpg,A\n3.jpg,B\n".encode(),
    }
    upload = sent(bob_client, cast, files)
    choose(bob_client, upload, "cp852")
    ran(Job.objects.latest("created"))
    assert brought(upload) == ({"A": 1, "B": 1}, 2, {})


def test_what_is_no_choice_is_refused(bob_client: Client, cast: Cast) -> None:
    data = raw_zip([("Ørsted/1.jpg".encode("cp850"), drawn_jpeg(1))])
    upload = filled_in(bob_client, "old.zip", data)
    assert choose(bob_client, upload, "rot13").status_code == 303
    assert UploadPart.objects.get().code_page == "cp850"
    other = open_upload(workspace=cast.workspace, name="other", actor=cast.bob)
    part = Door(bob_client, "upload-part", True).create(other, 3, b"abc", filename="a.jpg")
    gone = {"part": part["Location"].rpartition("/")[2], "code_page": "cp852"}
    answer = bob_client.post(f"/uploads/{upload.pk}/code-page", gone)
    assert answer.status_code == 404
    committed(upload)
    answer = choose(bob_client, upload, "cp852")
    assert UploadPart.objects.get(upload=upload).code_page == "cp850"


def test_a_plan_whose_names_are_known_says_nothing_of_it(bob_client: Client) -> None:
    upload = filled_in(bob_client, "new.zip", raw_zip([(b"a/1.jpg", drawn_jpeg(1))]))
    assert "Names in archives" not in page_of(bob_client, upload)


# Tables


@pytest.mark.parametrize(
    ("folder", "groups", "images"),
    [
        ("40-csv-blank-rows", {"A": 2, "B": 1}, 3),
        ("41-csv-sep-line", {"A": 2}, 2),
        ("44-csv-rooted-above", {"red shoe": 2, "blue shoe": 2}, 4),
        ("51-json-object-pretty", {"A": 2}, 2),
    ],
)
def test_tables_are_read_as_they_are_written(
    bob_client: Client, cast: Cast, folder: str, groups: dict[str, int], images: int
) -> None:
    upload = sent(bob_client, cast, case(folder))
    assert brought(upload) == (groups, images, {})


def test_a_column_that_is_there_twice_is_refused_by_its_name(
    bob_client: Client, cast: Cast
) -> None:
    upload = sent(bob_client, cast, case("47-csv-mac-cr-duplicate-columns"))
    text = page_of(bob_client, upload)
    assert "The manifest has the column “group” twice." in text
    groups, images, wrong = brought(upload)
    assert (groups, images, [*wrong]) == ({}, 2, ["list.csv"])


def test_a_spreadsheet_is_one_row_that_says_what_to_do(bob_client: Client, cast: Cast) -> None:
    upload = sent(bob_client, cast, case("76-xlsx-manifest"))
    assert upload.files.count() == 2
    assert "Save it as CSV." in page_of(bob_client, upload)
    groups, images, wrong = brought(upload)
    assert (groups, images, [*wrong]) == ({}, 1, ["list.xlsx"])
