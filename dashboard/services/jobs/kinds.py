"""The kinds of jobs: all that is peculiar to one stands in one entry, beside its service.

`dashboard.services.job_kinds` collects the entries. It stands above all services, which
enqueue jobs without knowing who does the work, so it is found by its name, as Django finds what
its settings name.
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
    """Leave the subject as it is: the job's rows say all there is to say."""


def _in_its_rows(_: Job) -> None:
    """Write nothing: what the job did was told when it was asked for, or where it was done."""


@dataclass(frozen=True)
class JobKind:
    """One kind of job: where it waits, what it does, and what follows from its end.

    `run` does the work in steps that may be repeated and returns the sentence of the outcome.
    `close` brings the subject to rest after any end but success; it raises `ObjectDoesNotExist`
    where the subject is gone. `tell` writes the change of a good end, in its transaction. `retry`
    queues what was left undone, and `may_retry` says whether
    there is anything; without them nobody is offered another try. `priority` is above 0 where
    somebody waits for the end at a page. `unit` is what `done` and `total` count.
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
    leaves_failures: bool = False  # a job that ends well may leave things to try again


@cache
def job_kinds() -> Mapping[str, JobKind]:
    """Return every kind by the name that a job's row has."""
    # By name, because an import would be a circle: the entries import services that enqueue jobs.
    found: Mapping[str, JobKind] = import_string(LIST)
    return found


def kind_of(job: Job) -> JobKind:
    """Return the entry of a job's kind."""
    return job_kinds()[job.kind]
