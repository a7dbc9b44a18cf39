"""Bytes go again with rows that were not written, and stay where that cannot be known."""

import io
from collections.abc import Callable
from typing import Any

import pytest
from django.db import DataError, OperationalError, connection

from dashboard.files.store import storage
from dashboard.models import UploadChunk
from dashboard.services.uploads.receiving import append, offset, open_upload, register_part
from dashboard.services.uploads.rollback import removed_on_rollback
from tests.factories import make_cast

DATA = b"some bytes"


@pytest.mark.parametrize(
    ("error", "left"),
    [
        (KeyError("a mistake"), []),
        (DataError("too long"), []),
        (OperationalError("the connection was closed"), ["bytes"]),
    ],
)
def test_it_works(
    monkeypatch: pytest.MonkeyPatch, db: None, error: Exception, left: list[str]
) -> None:
    monkeypatch.setattr(connection, "vendor", "postgresql")
    kept = ["bytes"]
    with pytest.raises(type(error)), removed_on_rollback(kept.clear):
        raise error
    assert kept == left


def test_sqlite_always_knows(monkeypatch: pytest.MonkeyPatch, db: None) -> None:
    monkeypatch.setattr(connection, "vendor", "sqlite")
    kept = ["bytes"]
    with pytest.raises(OperationalError), removed_on_rollback(kept.clear):
        raise OperationalError("database or disk is full")
    assert kept == []


def test_what_ends_well_stays() -> None:
    kept = ["bytes"]
    with removed_on_rollback(kept.clear):
        pass
    assert kept == ["bytes"]


def lost_answer(commit: Callable[[], None]) -> Callable[[], None]:
    """Commit, and lose the connection before the answer comes."""

    def committed() -> None:
        commit()
        raise OperationalError("server closed the connection unexpectedly")

    return committed


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_a_commit_whose_answer_was_lost(monkeypatch: pytest.MonkeyPatch) -> None:
    if connection.vendor == "sqlite":
        pytest.skip("needs PostgreSQL: SQLite's answers are not lost on a road")
    cast = make_cast()
    upload = open_upload(workspace=cast.workspace, name="shoes", actor=cast.bob)
    part = register_part(upload=upload, name="a.jpg", size=len(DATA), actor=cast.bob)
    sent: dict[str, Any] = {"start": 0, "length": len(DATA)}
    with monkeypatch.context() as away:
        away.setattr(connection, "commit", lost_answer(connection.commit))
        with pytest.raises(OperationalError):
            append(part=part, stream=io.BytesIO(DATA), **sent)
    part.refresh_from_db()
    assert offset(part) == len(DATA)
    assert storage.read(UploadChunk.objects.get(part=part).path) == DATA
