"""What a dead worker leaves behind is found here, and put back."""

import logging
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from django.db import transaction

from dashboard.models import Job
from dashboard.services import jobs
from dashboard.services.async_requests import forget_old_requests
from dashboard.services.closing import close_subject
from dashboard.services.doctor_temporary import remove_temporary
from dashboard.services.extraction_sent import forget_left_features
from dashboard.services.receiving import forget_abandoned
from dashboard.services.upload_bytes import forget_uploads

logger = logging.getLogger("likewise.jobs")
TIDY_EVERY = 3600  # seconds: it lists what is unfinished in the storage
_tidied = {"last": float("-inf")}


def sweep_once() -> None:
    """Take back what dead workers held, then tidy."""
    jobs.take_back_expired()
    tidy()


def tidy() -> None:
    """Give up what was tried too often, and remove what nobody tried again in time.

    What fails is told and left for the next time: nothing else waits for it.
    """
    for job in jobs.worn_out():
        with _alone(f"give-up-{job.id}"):
            _give_up(job)
    steps: dict[str, Callable[[], object]] = {
        "requests": forget_old_requests,
        "uploads": forget_uploads,
        "abandoned": forget_abandoned,
        "features": forget_left_features,
    }
    if time.monotonic() - _tidied["last"] >= TIDY_EVERY:
        _tidied["last"] = time.monotonic()
        steps["temporary"] = remove_temporary
    for name, step in steps.items():
        with _alone(name):
            step()


@contextmanager
def _alone(step: str) -> Iterator[None]:
    try:
        yield
    except Exception:
        logger.exception("event=tidy-failed step=%s", step)


@transaction.atomic
def _give_up(job: Job) -> None:
    if jobs.give_up(job):
        job.refresh_from_db()
        close_subject(job)
        logger.error("job=%s event=given-up tries=%d", job.id, job.tries)
