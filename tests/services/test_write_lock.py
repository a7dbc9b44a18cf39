"""What an import does while it holds SQLite's write lock: a few statements a batch, and no work.

Counted, not timed: if each image had statements of its own, a batch of twice as many would have
more of them; decoding, encoding and writing files are done before the lock is taken.
"""

from collections import Counter
from contextlib import contextmanager

import pytest
from django.db import connection, transaction
from PIL import ImageFile

from dashboard.files.store import storage
from dashboard.models import Image
from dashboard.services.library.images import delete_images
from dashboard.services.uploads import batches as upload_batches
from tests.factories import drawn_jpeg, make_type
from tests.services.uploads.test_upload_import import packed, sent

pytestmark = pytest.mark.django_db(transaction=True)

MOST = 40  # statements of a transaction, however many rows it writes
WORK = {
    "write": (storage, "_save"),
    "delete": (storage, "delete"),
    "decode": (ImageFile.ImageFile, "load"),
    "encode": (ImageFile, "_save"),
}


class Watch:
    """The statements of every outermost transaction, and the work that was done within any."""

    def __init__(self) -> None:
        self.statements: list[int] = []
        self.worked: Counter[str] = Counter()


@contextmanager
def watched(monkeypatch):
    """Watch the transactions of this thread."""
    watch = Watch()
    enter = transaction.Atomic.__enter__

    def entered(self):
        if not connection.in_atomic_block:
            watch.statements.append(0)
        enter(self)

    def counted(what, original):
        def call(*args, **options):
            watch.worked[what] += connection.in_atomic_block
            return original(*args, **options)

        return call

    def executed(execute, *args):
        if connection.in_atomic_block:
            watch.statements[-1] += 1
        return execute(*args)

    with monkeypatch.context() as patched, connection.execute_wrapper(executed):
        patched.setattr(transaction.Atomic, "__enter__", entered)
        for what, (owner, name) in WORK.items():
            patched.setattr(owner, name, counted(what, getattr(owner, name)))
        yield watch


def pictures(count):
    return {f"shoes/group {n // 5}/{n}.jpg": drawn_jpeg(n) for n in range(count)}


def imported(cast, monkeypatch, count, similarity_type):
    with watched(monkeypatch) as watch:
        sent(cast, packed(pictures(count)), similarity_type=similarity_type)
    assert Image.objects.filter(deleted=None).count() == count
    return watch


def test_a_batch_is_a_few_statements_and_no_work(cast, monkeypatch):
    few = imported(cast, monkeypatch, 10, make_type(cast.workspace))
    delete_all(cast)
    Image.objects.all().delete()
    many = imported(cast, monkeypatch, 60, make_type(cast.workspace, name="Of another type"))
    assert max(few.statements) <= max(many.statements) <= MOST
    assert few.worked.total() == many.worked.total() == 0


def test_images_that_come_back_are_written_before_the_lock_is_taken(cast, monkeypatch):
    kind = make_type(cast.workspace)
    imported(cast, monkeypatch, 10, kind)
    delete_all(cast)
    assert imported(cast, monkeypatch, 10, kind).worked.total() == 0


def test_large_uploads_come_in_batches(cast, monkeypatch):
    monkeypatch.setattr(upload_batches, "FILES_PER_BATCH", 10)
    watch = imported(cast, monkeypatch, 30, make_type(cast.workspace))
    assert len([count for count in watch.statements if count > MOST // 4]) >= 3


def delete_all(cast):
    ids = list(Image.objects.filter(deleted=None).values_list("pk", flat=True))
    delete_images(workspace=cast.workspace, ids=ids, actor=cast.bob)
