"""Start to send what waits; called by workers at each sweep."""

from datetime import timedelta
from typing import Final

from django.db import transaction
from django.utils import timezone

from dashboard.models import Job, Link
from dashboard.queries.connections.outbox import first_waiting, last_send, links_to_send
from dashboard.services.connections.outbox.reading import read_journals
from dashboard.services.jobs.queueing import enqueue
from dashboard.services.row_locks import lock_all

# Seconds after a run to which the other server did not answer, by the attempts of the change; the
# last one repeats.
DELAYS: Final = (5, 15, 60, 300, 900)


def start_sends() -> int:
    """Read the journals and queue a job for each link that has something to send."""
    read_journals()
    return sum(start_send(link) for link in links_to_send())


@transaction.atomic
def start_send(link: Link) -> bool:
    """Queue a job that sends, unless there is one or the other server needs a pause."""
    lock_all(Link.objects.filter(pk=link.pk))
    # Read again under the lock: two workers that sweep at once queue one job.
    if not links_to_send().filter(pk=link.pk).exists() or _pauses(link):
        return False
    enqueue(
        workspace=link.workspace,
        kind=Job.Kind.SEND,
        title=f"Send changes to {link}",
        subject_id=link.pk,
        actor=None,
    )
    return True


def _pauses(link: Link) -> bool:
    last, row = last_send(link), first_waiting(link)
    if last is None or last.finished is None or row is None:
        return False
    if last.state == Job.State.DONE and not last.failed:
        return False
    delay = DELAYS[min(max(row.attempts, 1), len(DELAYS)) - 1]
    return timezone.now() < last.finished + timedelta(seconds=delay)
