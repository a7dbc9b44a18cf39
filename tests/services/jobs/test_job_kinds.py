"""Every table of the kinds of jobs has a row for each."""

import re

from django.conf import settings

from dashboard.checks import KNOWN_QUEUES
from dashboard.models import Job
from dashboard.services.job_kinds import JOB_KINDS
from dashboard.services.jobs.kinds import job_kinds, kind_of
from dashboard.views.jobs.job_subjects import LINKS


def test_each_kind_has_an_entry_and_a_link() -> None:
    assert set(JOB_KINDS) == set(LINKS) == set(Job.Kind)
    assert all(name == entry.kind for name, entry in JOB_KINDS.items())


def test_the_list_is_found_by_its_name() -> None:
    assert job_kinds() is JOB_KINDS
    assert kind_of(Job(kind="upload")).leaves_failures


def test_each_waits_in_a_queue_that_workers_serve() -> None:
    assert {entry.queue for entry in JOB_KINDS.values()} == set(KNOWN_QUEUES)


def test_who_can_be_tried_again_says_when_and_how() -> None:
    for entry in JOB_KINDS.values():
        assert (entry.retry is None) == (entry.may_retry is None), entry.kind
        assert entry.retry is not None or not entry.leaves_failures, entry.kind


def test_no_other_table_of_the_services_is_kept_by_kind() -> None:
    """A branch for one kind is at home in its entry: elsewhere the next kind forgets it."""
    keyed = re.compile(r"^ +(Job\.)?Kind\.[A-Z_]+: ", re.MULTILINE)
    rooms = (settings.BASE_DIR / "dashboard" / room for room in ("services", "jobs", "queries"))
    files = [file for room in rooms for file in room.rglob("*.py")]
    assert [file.name for file in files if keyed.search(file.read_text())] == []
