"""What an upload costs grows with its files, and no faster: counted in steps, not in seconds.

A step is a call of Python, a query, or a thousand instructions of SQLite, which has a counter.
"""

import json
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

import pytest
from django.db import connection

from dashboard.models import Job, Upload, UploadFile, UploadPart
from dashboard.services.jobs import jobs
from dashboard.services.uploads import batches as upload_batches
from dashboard.services.uploads import listing as upload_listing
from dashboard.services.uploads import matching as upload_matching
from dashboard.services.uploads import plans as upload_plans
from dashboard.services.uploads import undo as upload_undo
from dashboard.services.uploads import uploads
from dashboard.services.uploads.bytes import close_upload
from dashboard.services.uploads.receiving import register_parts
from dashboard.services.uploads.receiving_names import NewPart
from tests.factories import Cast, drawn_jpeg, make_image
from tests.services.uploads.uploaded import (
    add_part,
    committed,
    finished,
    planned,
    received,
    tarred,
    undone,
    zipped,
)
from tests.zips import raw_zip

FEW = 240
BATCH = 10
# In thousands: what is there where hardly a row is written.
A_FEW_THOUSAND = 5
# Twice as many files take at most this much more: what takes the square of them would take four.
MOST = 2.4


@dataclass
class Steps:
    """What some work took."""

    calls: int = 0
    queries: int = 0
    instructions: int = 0

    @contextmanager
    def counted(self) -> Iterator[None]:
        """Count what the block does."""
        connection.ensure_connection()
        is_sqlite = connection.vendor == "sqlite"
        if is_sqlite:
            connection.connection.set_progress_handler(self._instruct, 1000)
        with connection.execute_wrapper(self._query):
            sys.setprofile(self._call)
            try:
                yield
            finally:
                sys.setprofile(None)
                if is_sqlite:
                    connection.connection.set_progress_handler(None, 0)

    def _call(self, _frame: Any, event: str, _argument: Any) -> None:
        self.calls += event in ("call", "c_call")

    def _query(self, execute: Callable[..., Any], *arguments: Any) -> Any:
        self.queries += 1
        return execute(*arguments)

    def _instruct(self) -> int:
        self.instructions += 1
        return 0


@pytest.fixture(autouse=True)
def _small_batches(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let some hundred files be many batches: what each batch does once more is seen."""
    monkeypatch.setattr(upload_listing, "LISTED_AT_ONCE", BATCH)
    monkeypatch.setattr(upload_plans, "FILES_PER_BATCH", BATCH)
    monkeypatch.setattr(upload_matching, "ROWS_PER_WRITE", BATCH)
    monkeypatch.setattr(upload_batches, "FILES_PER_BATCH", BATCH)
    monkeypatch.setattr(uploads, "FAILED_AT_ONCE", BATCH)
    monkeypatch.setattr(upload_undo, "ROWS_PER_BATCH", BATCH)


def is_linear(work: Callable[[int], Callable[[], object]], few: int = FEW) -> None:
    """Do some work and twice as much; `work` makes ready and returns what is counted."""
    work(BATCH)()  # what is done once in a process
    once, twice = Steps(), Steps()
    for steps, number in ((once, few), (twice, 2 * few)):
        do = work(number)
        with steps.counted():
            do()
    assert twice.calls < MOST * once.calls
    assert twice.queries < MOST * once.queries
    assert twice.instructions <= MOST * max(once.instructions, A_FEW_THOUSAND)


def plan_of(upload: Upload) -> Callable[[], object]:
    """Return the dry run of an upload, which must end well."""

    def plan() -> None:
        job = planned(upload)
        assert (job.state, job.message[-12:]) == (Job.State.DONE, "with errors.")

    return plan


def names(number: int) -> list[str]:
    return [f"w/g{place // 10}/{place}.jpg" for place in range(number)]


def csv(rows: list[str], columns: str = "file,group") -> bytes:
    return "\n".join([columns, *rows]).encode()


def jsonl(rows: list[dict[str, Any]]) -> bytes:
    return "\n".join(json.dumps(row) for row in rows).encode()


def folders(number: int) -> dict[str, bytes]:
    return {"a.zip": zipped({f"f{place}/": b"" for place in range(number)})}


def unreadable(number: int) -> dict[str, bytes]:
    return {"a.zip": zipped(dict.fromkeys(names(number), b"no picture"))}


def packed(number: int) -> dict[str, bytes]:
    return {"a.tgz": tarred(dict.fromkeys(names(number), b"no picture"), "w:gz")}


def deep(number: int) -> dict[str, bytes]:
    top = "d/" * 100
    return {"a.zip": zipped({f"{top}{place}.jpg": b"" for place in range(number)})}


def lost(number: int) -> dict[str, bytes]:
    return {"m.csv": csv([f"{place}.jpg,g{place}" for place in range(number)])}


def addresses(number: int) -> dict[str, bytes]:
    rows = [f"https://example.org/{place}.jpg,g{place}" for place in range(number)]
    return {"m.csv": csv(rows, "url,group")}


def nameless(number: int) -> dict[str, bytes]:
    return {"m.csv": csv([f",g{place}" for place in range(number)])}


def of_one_file(number: int) -> dict[str, bytes]:
    rows = [{"file": "1.jpg", "group": f"g{place}", f"k{place}": place} for place in range(number)]
    return {"1.jpg": drawn_jpeg(1), "m.jsonl": jsonl(rows)}


def all_but_equal(number: int) -> dict[str, bytes]:
    files = {f"{'a/' * (place % 9)}{place}.jpg": b"" for place in range(number)}
    return {"a.zip": zipped(files), "m.csv": csv([f"{name}," for name in files])}


def told_before(number: int) -> dict[str, bytes]:
    """Return an archive whose manifest stands first and tells of each file twice."""
    files = dict.fromkeys(names(number // 2), b"no picture")
    manifest = csv([f"{name},g" for name in [*files, *files]])
    return {"a.zip": zipped({"m.csv": manifest} | files)}


def one_by_one(number: int) -> dict[str, bytes]:
    return dict.fromkeys(names(number), b"no picture")


def rooted(number: int) -> dict[str, bytes]:
    """Return files in folders, and rows that name them from elsewhere, half in another case."""
    files = dict.fromkeys(names(number), b"no picture")
    paths = [name if place % 2 else name.upper() for place, name in enumerate(files)]
    return {"a.zip": zipped(files), "m.csv": csv([f"C:\\x\\{path},g" for path in paths])}


def in_code_page(number: int) -> dict[str, bytes]:
    raw = [f"Фото {place // 10}/яблоко {place}.jpg".encode("cp866") for place in range(number)]
    return {"a.zip": raw_zip([(name, b"no picture") for name in raw])}


def with_sidecars(number: int) -> dict[str, bytes]:
    record = b'{"file": "x.jpg", "url": "https://example.org/1.jpg"}'
    stems = [f"s/{place:04}" for place in range(number // 2)]
    files = {f"{stem}.{kind}": record for stem in stems for kind in ("json", "png")}
    return {"a.tar": tarred(files), "b.zip": zipped(files)}


KINDS = [
    *(folders, unreadable, packed, deep, lost, addresses, nameless, of_one_file, all_but_equal),
    *(told_before, one_by_one, rooted, in_code_page, with_sidecars),
]


@pytest.mark.parametrize("files", KINDS, ids=lambda files: files.__name__)
def test_planning_is_linear(cast: Cast, files: Callable[[int], dict[str, bytes]]) -> None:
    is_linear(lambda number: plan_of(received(cast, files(number))))


def test_folders_have_no_rows(cast: Cast) -> None:
    upload = received(cast, folders(50))
    assert planned(upload).message == "0 new, 0 already in the workspace, 1 with errors."
    assert [*upload.files.values_list("name", flat=True)] == ["a.zip"]


def test_folders_are_counted_and_a_cancel_among_them_is_heeded(
    cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    steps = []

    def cancel(handle: jobs.Handle, step: str) -> None:
        steps.append(step)
        if len(steps) == 50:
            jobs.request_cancel(job=handle.job)
            handle.check()

    monkeypatch.setattr(jobs.Handle, "tick", cancel)
    job = planned(received(cast, folders(100)))
    assert job.state == Job.State.CANCELLED
    assert steps[-1] == "Reading a.zip, 50 other entries"


def test_naming_files_is_linear(cast: Cast) -> None:
    """Each call looks up what it names among all that was named."""

    def named(number: int) -> Callable[[], object]:
        upload = received(cast, {})
        parts = [
            NewPart(name, 9, sha256(name.encode()).hexdigest(), key=f"k{place}")
            for place, name in enumerate(names(number))
        ]

        def name() -> None:
            for first in range(0, number, BATCH):
                some = parts[first : first + BATCH]
                register_parts(upload=upload, parts=some, actor=cast.bob)

        return name

    is_linear(named)


def rows_of(cast: Cast, number: int, **fields: Any) -> Upload:
    """Return an upload of files that were brought in, each with a part of its own."""
    upload = received(cast, {}, stage="receiving")
    parts = [
        UploadPart(upload=upload, number=place, name=name, size=1, path=f"p{place}", listed=True)
        for place, name in enumerate(names(number))
    ]
    parts = UploadPart.objects.bulk_create(parts)
    UploadFile.objects.bulk_create(
        UploadFile(upload=upload, part=part, number=0, name=part.name, **fields) for part in parts
    )
    finished(upload)
    Upload.objects.filter(pk=upload.pk).update(stage="committed", committed=upload.created)
    upload.refresh_from_db()
    return upload


def test_closing_is_linear(cast: Cast) -> None:
    """Of each part is asked whether something of it is left: not by going through all files."""

    def closed(number: int) -> Callable[[], object]:
        upload = rows_of(cast, number, status="failed", reason="Broken.")
        return lambda: close_upload(upload_id=upload.pk)

    is_linear(closed)


def test_undoing_is_linear(cast: Cast) -> None:
    image = make_image(cast.workspace)

    def taken_back(number: int) -> Callable[[], object]:
        upload = rows_of(cast, number, status="known", image=image)
        return lambda: undone(upload)

    is_linear(taken_back)


def test_bringing_in_what_cannot_be_read_is_linear(cast: Cast) -> None:
    def brought(number: int) -> Callable[[], object]:
        upload = received(cast, lost(number) | unreadable(BATCH))
        planned(upload)
        return lambda: committed(upload)

    is_linear(brought)


def test_second_rows_that_say_too_much_are_judged_by_their_size_alone(
    cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each was judged value by value when it was read: not all of them again for each."""
    rows = [{"file": "1.jpg", f"k{place}": "x" * 9000} for place in range(20)]
    upload = received(cast, {})
    add_part(upload, "1.jpg", drawn_jpeg(1))
    add_part(upload, "m.jsonl", jsonl(rows), kind="manifest")
    seen = []
    monkeypatch.setattr(
        upload_matching, "is_too_much", lambda both: seen.append(len(both)) or len(both) > 5
    )
    planned(upload)
    assert max(seen) == 6
