"""Define what a kind of job is: everything specific to one is in one entry, beside its service.

`dashboard.services.job_kinds` collects the entries. It imports all services, which enqueue jobs
without knowing who does the work. So it is loaded by its name, as Django loads what settings name.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache

from django.utils.module_loading import import_string

from accounts.models import User
from dashboard.models import Job
from dashboard.services.jobs.jobs import Handle

LIST = "dashboard.services.job_kinds.JOB_KINDS"


def _at_rest(_: Job) -> None:
    """Leave the subject as it is: the job's row has all the information."""


def _in_its_rows(_: Job) -> None:
    """Record nothing: the change was recorded when the job was requested, or by the work itself."""


@dataclass(frozen=True)
class JobKind:
    """One kind of job: its queue, its work, and what follows from its end.

    `run` does the work in steps that may be repeated and returns the sentence of the outcome.
    `close` closes the subject after any end but success; it raises `ObjectDoesNotExist` if the
    subject does not exist. `tell` records the change of a success, in its transaction. `retry`
    queues the remaining work again, and `may_retry` returns whether there is any; without them no
    retry is offered. `priority` is above 0 where somebody waits at a page for the end. `unit` is
    what `done` and `total` count.
    """

    kind: Job.Kind
    queue: str
    run: Callable[[Handle], str]
    close: Callable[[Job], None] = _at_rest
    tell: Callable[[Job], None] = _in_its_rows
    may_retry: Callable[[Job], bool] | None = None
    retry: Callable[[Job, User], Job] | None = None
    priority: int = 0
    unit: str = "images"
    leaves_failures: bool = False  # a job that succeeds may leave failed items to retry


@cache
def job_kinds() -> Mapping[str, JobKind]:
    """Return all kinds by the name that a job's row has."""
    # By name, because an import would be circular: the entries import services that enqueue jobs.
    found: Mapping[str, JobKind] = import_string(LIST)
    return found


def kind_of(job: Job) -> JobKind:
    """Return the entry of a job's kind."""
    return job_kinds()[job.kind]
