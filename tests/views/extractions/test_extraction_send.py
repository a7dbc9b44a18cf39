"""Describe pictures that are not in the workspace: addresses, or what is sent."""

import pytest
from django.test import Client
from django.urls import reverse

from dashboard.models import Extraction, Job, Upload, UploadFile, UploadPart, Version
from dashboard.services.extractions.sending import open_extraction
from tests.extractions import make_extraction
from tests.factories import Cast, make_job, make_task, make_upload, make_version

ADDRESS = "/extractions/send"


@pytest.fixture
def version(cast: Cast) -> Version:
    return make_version(make_task(cast.workspace), dimension=3)


def test_addresses(vera_client: Client, version: Version) -> None:
    data = {
        "version": version.pk,
        "file_format": "csv",
        "addresses": "https://a.example/1.png\nhttps://a.example/2.png",
    }
    answer = vera_client.post(ADDRESS, data)
    made = Extraction.objects.get()
    assert (answer.status_code, answer["Location"]) == (303, f"/extractions/{made.pk}")
    assert made.upload is not None
    assert made.upload.purpose == Upload.Purpose.DESCRIBE
    assert UploadPart.objects.get().kind == UploadPart.Kind.ADDRESSES
    assert Job.objects.get().subject_id == made.pk
    page = vera_client.get(answer["Location"]).content.decode()
    assert "Images of the upload “Addresses”" in page


def test_pictures_are_sent_as_an_upload_is(vera_client: Client, version: Version) -> None:
    answer = vera_client.post(ADDRESS, {"version": version.pk, "file_format": "npz"})
    made = Extraction.objects.get()
    assert made.upload is not None
    assert answer["Location"] == reverse("upload-sending", args=[made.upload.pk])
    assert vera_client.get(answer["Location"]).status_code == 200
    page = vera_client.get(f"/extractions/{made.pk}").content.decode()
    assert "The images are not uploaded yet" in page
    assert "Waiting for its images" in vera_client.get("/extractions/").content.decode()


@pytest.mark.parametrize("data", [{}, {"file_format": "csv"}, {"file_format": "pickle"}])
def test_a_wrong_form_is_told(vera_client: Client, version: Version, data: dict[str, str]) -> None:
    answer = vera_client.post(ADDRESS, data)
    assert answer.status_code == 422
    assert "Nothing was started" in answer.content.decode()
    assert not Upload.objects.exists()


def test_a_version_of_others_cannot_be_chosen(charlie_client: Client, version: Version) -> None:
    answer = charlie_client.post(ADDRESS, {"version": version.pk, "file_format": "csv"})
    assert answer.status_code == 422
    assert not Extraction.objects.exists()


def test_the_upload_leads_to_what_it_is_for(
    vera_client: Client, cast: Cast, version: Version
) -> None:
    upload = open_extraction(
        workspace=cast.workspace, version=version, file_format="csv", actor=cast.vera
    )
    made = Extraction.objects.get()
    sending = reverse("upload-sending", args=[upload.pk])
    assert vera_client.get(reverse("upload", args=[upload.pk]))["Location"] == sending
    Upload.objects.update(stage=Upload.Stage.COMMITTED, committed=upload.created)
    answer = vera_client.get(reverse("upload", args=[upload.pk]))
    assert answer["Location"] == f"/extractions/{made.pk}"


def test_failures_are_a_csv(vera_client: Client, cast: Cast, version: Version) -> None:
    upload = make_upload(cast.workspace, purpose=Upload.Purpose.DESCRIBE)
    made = make_extraction(version, upload=upload, path="x.csv")
    part = UploadPart.objects.create(upload=upload, number=0, name="shop.zip", size=1)
    UploadFile.objects.create(
        upload=upload, part=part, number=0, name="1.jpg", status="failed", reason="It is damaged."
    )
    make_job(cast.workspace, subject_id=made.pk, kind=Job.Kind.EXTRACT, failed=1)
    page = vera_client.get(f"/extractions/{made.pk}").content.decode()
    address = reverse("upload-failures", args=[upload.pk])
    assert f'href="{address}"' in page
    listed = b"".join(vera_client.get(address).streaming_content).decode()  # type: ignore[attr-defined]
    assert "1.jpg,It is damaged." in listed
