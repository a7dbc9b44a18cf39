"""Files as people really send them, from the browser's door to the names of groups."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse

from dashboard.models import Group, Image, Job, Upload, UploadPart
from dashboard.services.receiving import open_upload
from tests.factories import Cast, drawn_jpeg
from tests.services.uploaded import committed, ran, reasons
from tests.views.doors import JSON, NEW, Door
from tests.zips import raw_zip

CASES = Path(__file__).parents[1] / "cases"


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
