"""What a dead worker leaves behind is found here, and put back."""

import logging
import time

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
    """Take back what dead workers held, give up what was tried too often.

    Also remove what nobody tried again in time.
    """
    jobs.take_back_expired()
    for job in jobs.worn_out():
        _give_up(job)
    forget_old_requests()
    forget_uploads()
    forget_abandoned()
    forget_left_features()
    if time.monotonic() - _tidied["last"] >= TIDY_EVERY:
        _tidied["last"] = time.monotonic()
        remove_temporary()


@transaction.atomic
def _give_up(job: Job) -> None:
    if jobs.give_up(job):
        job.refresh_from_db()
        close_subject(job)
        logger.error("job=%s event=given-up tries=%d", job.id, job.tries)
