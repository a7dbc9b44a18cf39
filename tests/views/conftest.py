"""What several tests of the dashboard's views have in common."""

import pytest

from dashboard.models import Job
from tests.factories import Cast, make_job, make_upload


def read(*_: object, **__: object) -> bytes:
    raise AssertionError("the body was read")


@pytest.fixture
def _unread(monkeypatch: pytest.MonkeyPatch) -> None:
    """Fail a test in which the body of a request is read."""
    monkeypatch.setattr("django.http.request.HttpRequest.read", read)
    monkeypatch.setattr("django.http.multipartparser.MultiPartParser.parse", read)


@pytest.fixture
def job(cast: Cast) -> Job:
    return make_job(cast.workspace, subject_id=make_upload(cast.workspace).pk)
