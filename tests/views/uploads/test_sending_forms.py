"""Name many files at once, begin and finish an upload, and send a form without JavaScript."""

from collections.abc import Callable
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.http import HttpResponse
from django.test import Client
from django.urls import reverse
from pytest_django import Settings

from dashboard.files.store import storage
from dashboard.models import Job, SimilarityType, Upload, UploadPart
from dashboard.services.uploads.receiving import open_upload
from tests.factories import Cast, drawn_jpeg, make_image, make_type
from tests.views.doors import JSON, NEW, Door, content, part_of

Queries = Callable[..., Any]


@pytest.fixture
def upload(cast: Cast) -> Upload:
    return open_upload(workspace=cast.workspace, name="shoes", actor=cast.bob)


# Many at once


def named(client: Client, upload: Upload, *files: Any) -> HttpResponse:
    address = reverse("upload-parts", args=[upload.pk])
    return client.post(address, {"files": list(files)}, "application/json", headers=JSON)  # type: ignore[return-value]


def test_files_are_named_before_they_are_sent(
    bob_client: Client, upload: Upload, cast: Cast
) -> None:
    image = make_image(cast.workspace)
    answer = named(
        bob_client,
        upload,
        {"name": "red/0.jpg", "size": 9, "sha256": image.sha256},
        {"name": "red/1.jpg", "size": 5, "sha256": "0" * 64},
        {"name": "list.txt", "size": 5, "kind": "addresses"},
    )
    assert answer.status_code == 201
    told = answer.json()["parts"]  # type: ignore[attr-defined]
    assert [(part["name"], part["known"], part["offset"]) for part in told] == [
        ("red/0.jpg", True, 9),
        ("red/1.jpg", False, 0),
        ("list.txt", False, 0),
    ]
    assert UploadPart.objects.get(pk=told[2]["id"]).kind == UploadPart.Kind.ADDRESSES
    missing = bob_client.get(reverse("upload-parts", args=[upload.pk])).json()
    assert [part["name"] for part in missing["parts"]] == ["red/0.jpg", "red/1.jpg", "list.txt"]


def test_a_thousand_are_named_with_few_queries(
    bob_client: Client, upload: Upload, django_assert_max_num_queries: Queries
) -> None:
    files = [{"name": f"{n}.jpg", "size": 1, "sha256": f"{n:064x}"} for n in range(1000)]
    # SQLite takes 999 values a statement, so that 15 columns make 16 of a thousand rows; four count
    # what the workspace uses, two of them once.
    with django_assert_max_num_queries(30):
        assert named(bob_client, upload, *files).status_code == 201
    more = named(bob_client, upload, *files, {"name": "more", "size": 1})
    assert (more.status_code, "Name from 1 to 1,000" in more.json()["detail"]) == (422, True)  # type: ignore[attr-defined]
    assert UploadPart.objects.count() == 1000


@pytest.mark.parametrize(
    "entry",
    [
        7,
        {},
        {"name": "", "size": 1},
        {"name": "a", "size": -1},
        {"name": "a", "size": True},
        {"name": "a", "size": 2**63},
        {"name": "a", "size": 1, "sha256": 7},
        {"name": "a", "size": 1, "kind": "nonsense"},
    ],
)
def test_what_names_no_file_is_refused(bob_client: Client, upload: Upload, entry: Any) -> None:
    assert named(bob_client, upload, entry).status_code == 422
    address = reverse("upload-parts", args=[upload.pk])
    assert bob_client.post(address, b"{", "application/json").status_code == 422
    assert UploadPart.objects.count() == 0


def test_a_refusal_has_the_status_that_it_has_in_the_api(
    bob_client: Client, upload: Upload
) -> None:
    entry = {"name": "a", "size": 1, "sha256": "short"}
    assert named(bob_client, upload, entry).status_code == 400
    huge = {"name": "a.jpg", "size": 2**62}
    assert named(bob_client, upload, huge).status_code == 413
    Upload.objects.filter(pk=upload.pk).update(stage=Upload.Stage.PLANNING)
    assert named(bob_client, upload, {"name": "a", "size": 1}).status_code == 409


def test_the_list_of_what_is_missing_goes_on(
    bob_client: Client, upload: Upload, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        "dashboard.queries.uploads.receiving.parts_page.__kwdefaults__",
        {"missing": False, "size": 2},
    )
    for number in range(5):
        part_of(upload, name=f"{number}.jpg")
    seen, cursor = [], ""
    while True:
        address = reverse("upload-parts", args=[upload.pk])
        page = bob_client.get(address, {"cursor": cursor}).json()
        seen += [part["name"] for part in page["parts"]]
        if not (cursor := page["next"]):
            break
    assert seen == [f"{number}.jpg" for number in range(5)]
    assert bob_client.get(address, {"cursor": "nonsense"}).status_code == 404


# Begin, finish, give up


def test_a_script_begins_an_upload(bob_client: Client, cast: Cast) -> None:
    kind = make_type(cast.workspace)
    data = {"name": "12 files", "similarity_type": kind.pk, "auto_commit": "on"}
    answer = bob_client.post("/uploads/open", data, headers=JSON)
    upload = Upload.objects.get()
    assert answer.status_code == 201
    assert answer.json() == {"id": str(upload.pk), "location": f"/uploads/{upload.pk}/files"}
    assert (upload.name, upload.similarity_type, upload.auto_commit) == ("12 files", kind, True)
    assert upload.stage == Upload.Stage.RECEIVING


def test_two_answers_to_one_question_are_told(bob_client: Client, cast: Cast) -> None:
    data = {"similarity_type": make_type(cast.workspace).pk, "new_type": "Same pattern"}
    answer = bob_client.post("/uploads/open", data, headers=JSON)
    assert answer.status_code == 422
    assert answer.json() == {"detail": "Choose a type or name a new one, not both."}
    assert not Upload.objects.exists()


def test_a_type_of_another_workspace_is_none(charlie_client: Client, cast: Cast) -> None:
    data = {"similarity_type": make_type(cast.workspace).pk}
    assert charlie_client.post("/uploads/open", data, headers=JSON).status_code == 422


def test_all_is_here(bob_client: Client, upload: Upload) -> None:
    part = part_of(upload, 3)
    finish = reverse("upload-finish", args=[upload.pk])
    early = bob_client.post(finish, headers=JSON)
    assert (early.status_code, "not fully uploaded" in early.json()["detail"]) == (409, True)
    Door(bob_client, "upload-part", True).patch(part, b"abc")
    assert bob_client.post(finish, headers=JSON).json() == {"location": f"/uploads/{upload.pk}"}
    assert Job.objects.get().subject_id == upload.pk
    assert bob_client.get(reverse("upload-sending", args=[upload.pk])).status_code == 303


def test_an_upload_is_given_up(bob_client: Client, upload: Upload) -> None:
    Door(bob_client, "upload-part", True).patch(part_of(upload, 3), b"abc")
    answer = bob_client.post(reverse("upload-discard", args=[upload.pk]))
    assert (answer.status_code, answer["Location"]) == (303, "/uploads/new")
    assert not Upload.objects.exists()
    assert [*storage.names(".")] == []


# The pages


def test_the_page_tells_what_is_missing(bob_client: Client, upload: Upload) -> None:
    part_of(upload, 3, "red/whole.jpg")
    part_of(upload, 10, "red/missing.jpg")
    Door(bob_client, "upload-part", True).patch(upload.parts.get(name="red/whole.jpg"), b"abc")
    page = bob_client.get(f"/uploads/{upload.pk}", follow=True).content.decode()
    assert "red/missing.jpg" in page
    assert "red/whole.jpg" not in page
    assert 'type="file"' in page


def test_a_viewer_may_look_and_not_send(vera_client: Client, upload: Upload) -> None:
    part_of(upload, 10, "missing.jpg")
    page = vera_client.get(f"/uploads/{upload.pk}/files")
    assert page.status_code == 200
    assert "missing.jpg" in page.content.decode()
    assert 'type="file"' not in page.content.decode()


def test_the_page_needs_few_queries(
    bob_client: Client, upload: Upload, django_assert_max_num_queries: Queries
) -> None:
    for number in range(20):
        part_of(upload, name=f"{number}.jpg")
    with django_assert_max_num_queries(8):
        bob_client.get(f"/uploads/{upload.pk}/files")


@pytest.mark.parametrize("page", ["/", "/uploads/"])
def test_what_is_not_finished_is_to_be_gone_on_with(
    bob_client: Client, upload: Upload, cast: Cast, page: str
) -> None:
    open_upload(workspace=cast.elsewhere, name="theirs", actor=cast.charlie)
    text = bob_client.get(page).content.decode()
    assert f'href="/uploads/{upload.pk}"' in text
    assert "theirs" not in text
    assert "unfinished-title" in text
    Upload.objects.update(stage="committed", committed=upload.created)
    assert "unfinished-title" not in bob_client.get(page).content.decode()


def test_the_list_of_unfinished_ones_needs_few_queries(
    bob_client: Client, cast: Cast, django_assert_max_num_queries: Queries
) -> None:
    for number in range(10):
        open_upload(workspace=cast.workspace, name=f"{number}", actor=cast.bob)
    with django_assert_max_num_queries(5):
        bob_client.get("/uploads/")
    fragment = bob_client.get("/uploads/", headers={"HX-Request": "true"}).content.decode()
    assert fragment.strip().startswith("<section")


# Without JavaScript


def jpeg(seed: int = 0) -> SimpleUploadedFile:
    return SimpleUploadedFile(f"{seed}.jpg", drawn_jpeg(seed), "image/jpeg")


def test_the_form_works(bob_client: Client, cast: Cast) -> None:
    answer = bob_client.post(NEW, {"file": [jpeg(1), jpeg(2)], "new_type": "Same pattern"})
    upload = Upload.objects.get()
    assert (answer.status_code, answer["Location"]) == (303, f"/uploads/{upload.pk}")
    assert [content(part) for part in upload.parts.order_by("number")] == [
        drawn_jpeg(1),
        drawn_jpeg(2),
    ]
    assert upload.created_by == cast.bob
    assert Job.objects.get().subject_id == upload.pk
    assert upload.stage == Upload.Stage.PLANNING


def test_the_form_takes_addresses(bob_client: Client) -> None:
    bob_client.post(NEW, {"addresses": "http://localhost/a.jpg\n"})
    part = UploadPart.objects.get()
    assert (part.kind, content(part)) == (UploadPart.Kind.ADDRESSES, b"http://localhost/a.jpg")


def test_the_form_has_the_types(bob_client: Client, cast: Cast) -> None:
    make_type(cast.workspace, "Same pattern")
    make_type(cast.elsewhere, "Secret")
    page = bob_client.get(NEW).content.decode()
    assert 'type="file"' in page
    assert " multiple" in page
    assert "Same pattern" in page
    assert "Secret" not in page


def test_the_form_is_not_for_a_viewer(vera_client: Client) -> None:
    assert vera_client.get(NEW).status_code == 403
    assert vera_client.post(NEW, {"file": jpeg()}).status_code == 403
    assert not Upload.objects.exists()


@pytest.mark.usefixtures("_unread")
def test_no_file_is_received_without_the_right(vera_client: Client) -> None:
    assert vera_client.post(NEW, {"file": jpeg()}).status_code == 403
    assert Client(enforce_csrf_checks=True).post(NEW, {"file": jpeg()}).status_code == 302


def test_a_forged_form_is_refused(cast: Cast) -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(cast.bob)
    assert client.post(NEW, {"file": jpeg()}).status_code == 403
    client.get(NEW)
    token = client.cookies["csrftoken"].value
    assert client.post(NEW, {"file": jpeg(), "csrfmiddlewaretoken": token}).status_code == 303


@pytest.mark.parametrize("data", [{}, {"file": "words"}, {"addresses": " \n"}])
def test_a_form_without_files_is_told(bob_client: Client, data: dict[str, Any]) -> None:
    answer = bob_client.post(NEW, data)
    assert answer.status_code == 422
    assert "Choose at least one image" in answer.content.decode()
    assert not Upload.objects.exists()


def test_too_many_files_are_told(bob_client: Client, settings: Settings) -> None:
    settings.DATA_UPLOAD_MAX_NUMBER_FILES = 3
    answer = bob_client.post(NEW, {"file": [jpeg(seed) for seed in range(4)]})
    assert answer.status_code == 422
    assert "up to 3 files can be uploaded" in answer.content.decode()
    assert not Upload.objects.exists()


def test_too_many_bytes_are_told(bob_client: Client, settings: Settings) -> None:
    settings.LIKEWISE_MAX_UPLOAD = 1000
    answer = bob_client.post(NEW, {"file": jpeg()})
    assert answer.status_code == 422
    assert "The request is larger than 1 KB" in answer.content.decode()


def test_an_empty_file_is_taken(bob_client: Client) -> None:
    answer = bob_client.post(NEW, {"file": [SimpleUploadedFile("empty.jpg", b""), jpeg()]})
    assert answer.status_code == 303
    assert UploadPart.objects.count() == 2


def test_a_new_type_is_made_when_it_comes_in(bob_client: Client) -> None:
    bob_client.post(NEW, {"file": jpeg(), "new_type": "Same pattern", "auto_commit": "on"})
    assert SimilarityType.objects.get().name == "Same pattern"
