"""Read the journal of a linked workspace: each change that concerns the other server, once."""

from typing import Final

from django.db import transaction

from accounts.models import Change
from dashboard.models import Link, Outgoing
from dashboard.queries.connections.outbox import changes_to_send, links_to_read
from dashboard.queries.webhooks.webhooks import last_number
from dashboard.services.connections.outbox.cells import is_sent
from dashboard.services.journal.numbers import number_changes
from dashboard.services.row_locks import lock_all

AT_ONCE: Final = 500


def read_journals() -> None:
    """Read the journals of all links that have changes."""
    for link in links_to_read():
        read_journal(link)


def read_journal(link: Link) -> None:
    """Write a row for each change that came since and concerns the other server."""
    while number_changes(workspace=link.workspace):
        pass
    while _read(link):
        pass


@transaction.atomic
def _read(behind: Link) -> bool:
    """Read on; says whether there may be more.

    Rows and position are one transaction, under the lock of the link: two workers take turns, and
    after a kill the same changes are read again.
    """
    link = next(iter(lock_all(Link.objects.filter(pk=behind.pk))), None)
    if link is None:
        return False
    # The head before the changes: what is numbered in between is read the next time.
    head = last_number(behind.workspace)
    changes = changes_to_send(link, head, limit=AT_ONCE)
    is_full = len(changes) == AT_ONCE
    Outgoing.objects.bulk_create(_row(link, one) for one in changes if is_sent(one))
    link.position = changes[-1].sequence or 0 if is_full else head
    link.save(update_fields=["position"])
    return is_full


def _row(link: Link, change: Change) -> Outgoing:
    return Outgoing(link=link, change=change)
