"""Rows are written back many at a time, in one statement, whatever they hold."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from dashboard.models import UploadFile
from dashboard.models.bulk import update_rows
from tests.factories import make_group, make_image, make_type, make_upload

pytestmark = pytest.mark.django_db

NAMES = ["status", "reason", "image", "group", "placed", "sha256", "meta_data", "test_image"]


@pytest.fixture
def rows(cast):
    upload = make_upload(cast.workspace)
    part = upload.parts.create(number=0, name="a.zip", size=1)
    return UploadFile.objects.bulk_create(
        UploadFile(upload=upload, part=part, number=number, name=f"{number}.jpg")
        for number in range(7)
    )


def test_it_works(cast, rows):
    image, group = make_image(cast.workspace), make_group(make_type(cast.workspace))
    for row in rows[1:]:
        row.status, row.reason, row.sha256 = "failed", "It’s 100% “broken”.", "a" * 64
        row.meta_data = {"é": [1, None, {"x": "'"}]}
        row.image, row.group, row.placed, row.test_image = image, group, True, False
    rows[2].image = rows[2].group = rows[2].test_image = None
    rows[1].name = "not to be written"
    update_rows(rows[1:], NAMES)
    there = {row.pk: row for row in UploadFile.objects.all()}
    for row in rows[1:]:
        for name in NAMES:
            assert getattr(there[row.pk], name) == getattr(row, name)
    assert there[rows[0].pk].status == "waiting"
    assert there[rows[1].pk].name == "1.jpg"


def test_any_number_of_rows_is_one_statement(rows):
    for some in (rows, rows[:2]):
        with CaptureQueriesContext(connection) as queries:
            update_rows(some, NAMES)
        assert len(queries) == 1
    update_rows([], NAMES)


def test_a_row_that_is_gone_stays_gone(rows):
    UploadFile.objects.filter(pk=rows[0].pk).delete()
    for row in rows:
        row.reason = "new"
    update_rows(rows, ["reason"])
    assert UploadFile.objects.filter(reason="new").count() == len(rows) - 1
