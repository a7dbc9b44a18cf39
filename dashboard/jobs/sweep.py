"""Find the jobs and files that dead workers left behind."""

import logging
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from accounts.events import forget_old_events
from dashboard.jobs.deliveries import senders
from dashboard.models import Job
from dashboard.queries.webhooks.webhooks import anything_waits
from dashboard.services.connections.links import start_pulls
from dashboard.services.connections.outbox.starting import start_sends
from dashboard.services.doctor.temporary import remove_temporary
from dashboard.services.extractions.sent import forget_left_features
from dashboard.services.jobs import jobs
from dashboard.services.jobs.subject_end import end_subject
from dashboard.services.journal.numbers import number_all
from dashboard.services.journal.pruning import prune_changes
from dashboard.services.requests.async_requests import forget_old_requests
from dashboard.services.search.kept_queries import forget_queries
from dashboard.services.training.describing import start_second_looks
from dashboard.services.training.speeds import measure_if_never
from dashboard.services.uploads.bytes import forget_uploads
from dashboard.services.uploads.receiving import forget_abandoned
from dashboard.services.webhooks.pruning import forget_old_secrets, prune_deliveries
from dashboard.services.webhooks.reading import read_journals

logger = logging.getLogger("likewise.jobs")
TIDY_EVERY = 12  # in sweeps: nobody waits for it
LIST_EVERY = 3600.0  # seconds: it lists the unfinished files of the storage
# Per process: two workers may tidy at the same time, as each step reads what is left.
_begun: dict[str, float] = {}


def give_up_worn_out() -> None:
    """Fail the waiting jobs that have used up their tries."""
    for job in jobs.worn_out():
        with _alone(f"give-up-{job.id}"):
            _give_up(job)


def tell_webhooks() -> None:
    """Read the journals for webhooks, and begin to send what is due."""
    with _alone("webhook events"):
        if not anything_waits(timezone.now()):
            return
        read_journals()
    with _alone("webhook messages"):
        senders.look()


def tell_other_servers() -> None:
    """Read the journals of linked workspaces, and begin to send what changed."""
    with _alone("changes for other servers"):
        start_sends()


def tidy_if_due() -> None:
    """Tidy at intervals, so that an idle worker costs next to nothing."""
    if _is_due("tidy", TIDY_EVERY * settings.LIKEWISE_SWEEP):
        tidy()
    if _is_due("temporary", LIST_EVERY):
        with _alone("temporary"):
            remove_temporary()


def tidy() -> None:
    """Remove abandoned data and start work that nobody requests.

    A step that fails is logged and left for the next time; it does not stop the others.
    """
    steps: dict[str, Callable[[], object]] = {
        "requests": forget_old_requests,
        "uploads": forget_uploads,
        "abandoned": forget_abandoned,
        "features": forget_left_features,
        "account events": forget_old_events,
        "numbers of changes": number_all,
        "old changes": prune_changes,
        "queries": forget_queries,
        "deliveries": prune_deliveries,
        "secrets of webhooks": forget_old_secrets,
        "speeds": measure_if_never,
        "second looks": start_second_looks,
        "pulls": start_pulls,
    }
    for name, step in steps.items():
        with _alone(name):
            step()


def _is_due(step: str, every: float) -> bool:
    now = time.monotonic()
    if now - _begun.get(step, float("-inf")) < every:
        return False
    _begun[step] = now
    return True


@contextmanager
def _alone(step: str) -> Iterator[None]:
    try:
        yield
    # Any exception: one step that fails must not prevent the others.
    except Exception:
        logger.exception("event=tidy-failed step=%s", step)


@transaction.atomic
def _give_up(job: Job) -> None:
    # The UPDATE has a condition: another sweep may have failed the job, or a person retried it.
    if jobs.give_up(job):
        job.refresh_from_db()
        end_subject(job)
        logger.error("job=%s event=given-up tries=%d", job.id, job.tries)
