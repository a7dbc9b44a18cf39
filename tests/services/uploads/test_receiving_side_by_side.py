"""Several bring the same bytes at once: one wins, and the others leave nothing."""

import io
import threading
from collections.abc import Sequence

import pytest
from django.db import connection, connections

from dashboard.files.store import storage
from dashboard.models import Upload, UploadPart
from dashboard.services.uploads import receiving
from dashboard.services.uploads.errors import OffsetTaken
from dashboard.services.uploads.receiving import (
    append,
    open_upload,
    register_part,
    withdraw_missing,
)
from tests.factories import make_cast

pytestmark = [pytest.mark.postgres, pytest.mark.django_db(transaction=True)]
MANY = 6


def test_one_wins() -> None:
    if connection.vendor == "sqlite":
        pytest.skip("needs PostgreSQL: SQLite's tests share one connection")
    cast = make_cast()
    upload = open_upload(workspace=cast.workspace, name="shoes", actor=cast.bob)
    part = register_part(upload=upload, name="a.jpg", size=1000, actor=cast.bob)
    barrier, outcomes = threading.Barrier(MANY), []

    class Waiting(io.BytesIO):
        """Gives its bytes once all have asked for theirs."""

        def read(self, size: int | None = -1) -> bytes:
            if self.tell() == 0:
                barrier.wait()
            return super().read(size)

    def send() -> None:
        mine = UploadPart.objects.select_related("upload").get(pk=part.pk)
        try:
            outcomes.append(append(part=mine, stream=Waiting(b"x" * 500), start=0, length=500))
        except OffsetTaken as refusal:
            outcomes.append(-(refusal.received or 0))
        connections.close_all()

    threads = [threading.Thread(target=send) for _ in range(MANY)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(outcomes) == [-500] * (MANY - 1) + [500]
    assert len([*storage.names(".")]) == part.chunks.count() == 1


def test_what_is_whole_in_this_moment_is_not_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    """Another browser sends the last bytes while what is missing is taken back: one wins."""
    if connection.vendor == "sqlite":
        pytest.skip("needs PostgreSQL: SQLite's tests share one connection")
    cast = make_cast()
    upload = open_upload(workspace=cast.workspace, name="shoes", actor=cast.bob)
    part = register_part(upload=upload, name="a.jpg", size=3, actor=cast.bob)
    outcomes: list[str] = []

    def send() -> None:
        mine = UploadPart.objects.select_related("upload").get(pk=part.pk)
        try:
            append(part=mine, stream=io.BytesIO(b"abc"), start=0, length=3)
            outcomes.append("whole")
        except OffsetTaken:
            outcomes.append("refused")
        connections.close_all()

    other, give_up = threading.Thread(target=send), receiving._give_up

    def meanwhile(row: Upload, parts: Sequence[UploadPart]) -> None:
        other.start()
        other.join(1)
        give_up(row, parts)

    monkeypatch.setattr(receiving, "_give_up", meanwhile)
    assert withdraw_missing(upload=upload, actor=cast.bob) == 1
    other.join()
    assert (outcomes, upload.parts.count(), [*storage.names(".")]) == (["refused"], 0, [])
