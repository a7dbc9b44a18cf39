"""Two things that happen at once end as if one had come after the other, and neither breaks.

Real threads with connections of their own. SQLite lets one writer at a time, so that nothing can
overlap there: what is done in turn must come out the same.
"""

import io
import uuid
import zipfile
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from threading import Barrier, Event
from typing import Any

import pytest
from django.db import connection, transaction

from dashboard.files.images import images as pictures
from dashboard.jobs.runner import run_job
from dashboard.models import Group, GroupImage, Image, Job, SimilarityType
from dashboard.services.errors import AlreadyInExclusiveType, Refused
from dashboard.services.jobs import queueing
from dashboard.services.library import members
from dashboard.services.library.groups import add_images, change_group
from dashboard.services.library.images import NewImage, delete_images, insert_images
from dashboard.services.library.members import Taken
from dashboard.services.requests import async_uploads
from dashboard.services.requests.async_requests import SentRecord, start_uploads
from dashboard.services.uploads import batches as upload_batches
from dashboard.services.uploads.uploads import SentFile, start_upload
from tests.factories import Cast, drawn_jpeg, make_cast, make_group, make_image, make_type

ROUNDS = 6
PICTURES = 12
Call = Callable[[], object]


@pytest.fixture
def cast(transactional_db: None, monkeypatch: pytest.MonkeyPatch) -> Cast:
    """Make the cast in the open, where other connections see it; no worker takes the jobs."""
    monkeypatch.setattr(queueing.app, "send_task", lambda *_, **__: None)
    return make_cast()


@pytest.fixture
def images(cast: Cast) -> list[Image]:
    return [make_image(cast.workspace, seed) for seed in range(PICTURES)]


def at_once(*calls: Call) -> list[object]:
    """Make the calls at the same moment; returns what each gave, or how it was refused."""
    if connection.vendor == "sqlite":
        return [outcome(call) for call in calls]
    barrier = Barrier(len(calls))

    def run(call: Call) -> object:
        try:
            connection.ensure_connection()
            barrier.wait()
            return outcome(call)
        finally:
            connection.close()

    with ThreadPoolExecutor(len(calls)) as pool:
        return list(pool.map(run, calls))


def outcome(call: Call) -> object:
    try:
        return call()
    except Refused as refusal:
        return refusal


class Meeting:
    """A moment in the middle of one call at which another begins.

    The one goes on when the other is through, or soon if that waits for the one to end.
    """

    def __init__(self) -> None:
        self.reached, self.over = Event(), Event()
        self.seconds = 0.0 if connection.vendor == "sqlite" else 0.5

    def lock_rows(self) -> None:
        self.reached.set()
        self.over.wait(self.seconds)

    def visit(self, call: Call) -> None:
        self.reached.wait(30 * self.seconds)
        try:
            call()
        finally:
            self.over.set()

    def before(self, work: Any) -> Any:
        """Return the work with a stop before it."""

        def stopping(*args: Any, **options: Any) -> Any:
            self.lock_rows()
            return work(*args, **options)

        return stopping


def counted(group: Group) -> int:
    """Return how many images are in a group, after seeing that its counter says the same."""
    group.refresh_from_db()
    count = GroupImage.objects.filter(group=group).count()
    assert group.images_count == count
    return count


def move(group: Group, similarity_type: SimilarityType, cast: Cast) -> None:
    change_group(group=group, changes={"similarity_type": similarity_type}, actor=cast.bob)


def run_the_job() -> None:
    """Work off what was started, as a worker does; it must not break off."""
    job = Job.objects.get(kind__in=[Job.Kind.UPLOAD, Job.Kind.ASYNC_UPLOAD], state=Job.State.QUEUED)
    run_job(str(job.id))
    job.refresh_from_db()
    assert job.state == Job.State.DONE, job.message


def test_a_group_moves_into_an_exclusive_type_while_its_images_are_added_there(
    cast: Cast, images: list[Image]
) -> None:
    exclusive = make_type(cast.workspace, "One each", exclusive=True)
    ids = [image.id for image in images]
    for turn in range(ROUNDS):
        moved, there = make_group(make_type(cast.workspace, "Any")), make_group(exclusive)
        add_images(group=moved, ids=ids, actor=cast.bob)
        calls: list[Call] = [
            partial(move, moved, exclusive, cast),
            partial(add_images, group=there, ids=ids, actor=cast.bob),
        ]
        answers = at_once(*calls[:: turn % 2 * 2 - 1])
        assert sum(isinstance(answer, AlreadyInExclusiveType) for answer in answers) == 1
        assert (counted(moved), counted(there)) in ((PICTURES, 0), (PICTURES, PICTURES))
        has_moved = moved.similarity_type == exclusive
        assert has_moved is (counted(there) == 0)
        copies = GroupImage.objects.filter(group=moved).values_list("similarity_type", "exclusive")
        assert set(copies) == {(moved.similarity_type_id, has_moved)}
        GroupImage.objects.all().delete()


def test_images_are_moved_to_and_fro_at_once(cast: Cast, images: list[Image]) -> None:
    """Each image ends in one group, whoever came last, and all counters are right."""
    exclusive = make_type(cast.workspace, "One each", exclusive=True)
    groups = [make_group(exclusive, name) for name in ("phone", "case", "cable")]
    ids = [image.id for image in images]
    for turn in range(ROUNDS):
        add_images(group=groups[turn % 3], ids=ids, taken=Taken.MOVE, actor=cast.bob)
        calls: list[Call] = [
            partial(add_images, group=one, ids=ids, taken=Taken.MOVE, actor=cast.bob)
            for one in groups
        ]
        answers = at_once(*calls)
        assert not any(isinstance(one, Exception) for one in answers), answers
        assert sorted(counted(one) for one in groups) == [0, 0, PICTURES]


def test_images_are_moved_while_they_are_deleted(cast: Cast, images: list[Image]) -> None:
    exclusive = make_type(cast.workspace, "One each", exclusive=True)
    phone, case = make_group(exclusive, "phone"), make_group(exclusive, "case")
    ids = [image.id for image in images]
    add_images(group=phone, ids=ids, actor=cast.bob)
    answers = at_once(
        partial(add_images, group=case, ids=ids[:8], taken=Taken.MOVE, actor=cast.bob),
        partial(delete_images, workspace=cast.workspace, ids=ids[4:], actor=cast.bob),
    )
    refused = isinstance(answers[0], Refused)
    assert answers[1] == 8
    assert (counted(phone), counted(case)) == ((4, 0) if refused else (0, 4))


def test_a_group_moves_into_an_exclusive_type_while_an_upload_fills_another(
    cast: Cast, images: list[Image], monkeypatch: pytest.MonkeyPatch
) -> None:
    exclusive = make_type(cast.workspace, "One each", exclusive=True)
    moved, there = make_group(make_type(cast.workspace, "Any")), make_group(exclusive)
    add_images(group=moved, ids=[image.id for image in images], actor=cast.bob)
    records = [SentRecord(b"{}", drawn_jpeg(seed), there.id) for seed in range(PICTURES)]
    start_uploads(workspace=cast.workspace, records=records, actor=cast.bob)
    meeting = Meeting()
    monkeypatch.setattr(members, "_sort_out", meeting.before(members._sort_out))
    _, refusal = at_once(run_the_job, lambda: meeting.visit(partial(move, moved, exclusive, cast)))
    assert isinstance(refusal, AlreadyInExclusiveType)
    moved.refresh_from_db()
    assert (counted(moved), counted(there)) == (PICTURES, PICTURES)
    assert moved.similarity_type != exclusive


def test_an_upload_over_several_types_runs_while_its_images_are_deleted(
    cast: Cast, images: list[Image], monkeypatch: pytest.MonkeyPatch
) -> None:
    kinds = sorted((make_type(cast.workspace, name) for name in "ab"), key=lambda kind: kind.id)
    first, second = (make_group(kind, "all") for kind in kinds)
    late = [image.id for image in images[PICTURES // 2 :]]
    add_images(group=first, ids=late, actor=cast.bob)
    halves = (range(PICTURES // 2), range(PICTURES // 2, PICTURES))
    files = [packed(kind, seeds) for kind, seeds in zip(kinds, halves, strict=True)]
    start_upload(workspace=cast.workspace, files=files, similarity_type=None, actor=cast.bob)
    meeting, place = Meeting(), upload_batches.place_images

    def stopping_after(pairs: Any) -> Any:
        placed = place(pairs)
        meeting.lock_rows()
        return placed

    monkeypatch.setattr(upload_batches, "place_images", stopping_after)
    delete = partial(delete_images, workspace=cast.workspace, ids=late, actor=cast.bob)
    at_once(run_the_job, lambda: meeting.visit(delete))
    assert Image.objects.present().count() == PICTURES // 2
    assert (counted(first), counted(second)) == (PICTURES // 2, 0)


def packed(similarity_type: SimilarityType, seeds: range) -> SentFile:
    """Pack pictures as one folder of a type."""
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        for seed in seeds:
            archive.writestr(f"shop/all/{seed}.jpg", drawn_jpeg(seed))
    size = stream.tell()
    stream.seek(0)
    return SentFile("shop.zip", size, stream, similarity_type)


def test_an_upload_over_the_api_runs_while_its_images_are_deleted(
    cast: Cast, images: list[Image], monkeypatch: pytest.MonkeyPatch
) -> None:
    group = make_group(make_type(cast.workspace))
    ids = [image.id for image in images]
    add_images(group=group, ids=ids, actor=cast.bob)
    records = [SentRecord(b"{}", drawn_jpeg(seed), group.id) for seed in range(PICTURES)]
    start_uploads(workspace=cast.workspace, records=records, actor=cast.bob)
    meeting = Meeting()
    monkeypatch.setattr(async_uploads, "place_images", meeting.before(async_uploads.place_images))
    delete = partial(delete_images, workspace=cast.workspace, ids=ids, actor=cast.bob)
    at_once(run_the_job, lambda: meeting.visit(delete))
    assert counted(group) == Image.objects.present().count() == 0


def test_the_same_new_pictures_come_in_twice_in_opposite_order(cast: Cast) -> None:
    for number in range(ROUNDS):
        digests = [pictures.sha256(b"%d %d" % (number, at)) for at in range(1500)]

        def insert(order: list[str]) -> set[uuid.UUID]:
            new = [NewImage(uuid.uuid4(), picture_of(digest)) for digest in order]
            with transaction.atomic():
                rows = insert_images(workspace=cast.workspace, images=new, actor=cast.bob)
            return {row.id for row in rows.values()}

        one, other = at_once(partial(insert, digests), partial(insert, digests[::-1]))
        assert one == other


def picture_of(digest: str) -> pictures.StoredImage:
    return pictures.StoredImage(digest, 1, b"", digest, "jpg", 1, 1, b"")
