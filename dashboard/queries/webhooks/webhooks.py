"""Reading webhooks: those of a workspace, their log, and what of the journal they wait for."""

from collections.abc import Iterable
from datetime import datetime
from uuid import UUID

from django.db.models import Exists, F, OuterRef, Q, QuerySet

from accounts.models import Change, JournalHead, Workspace
from dashboard.models import Delivery, Webhook
from dashboard.queries.journal.changes import changes_in, workspaces_to_number
from dashboard.queries.pages import PAGE_SIZE, Page, page_by_id

MOST = 20  # webhooks of a workspace
_BEHIND = Q(workspace__journal_head__last__gt=F("position"))


def webhooks_in(workspace: Workspace) -> QuerySet[Webhook]:
    """Return the workspace's webhooks, oldest first."""
    return Webhook.objects.in_workspace(workspace).order_by("created", "id")


def get_webhook(workspace: Workspace, webhook_id: UUID) -> Webhook:
    """Return one of them; raises `Webhook.DoesNotExist`."""
    return webhooks_in(workspace).select_related("created_by").get(pk=webhook_id)


def get_delivery(webhook: Webhook, delivery_id: int) -> Delivery:
    """Return one of its deliveries; raises `Delivery.DoesNotExist`."""
    return Delivery.objects.select_related("webhook__workspace").get(
        webhook=webhook, pk=delivery_id
    )


def deliveries_page(webhook: Webhook, cursor: str = "", size: int = PAGE_SIZE) -> Page[Delivery]:
    """Read one page of its log, newest first. Raises `BadCursor`."""
    rows = Delivery.objects.filter(webhook=webhook)
    return page_by_id(rows, cursor, size, newest_first=True)


def anything_waits(now: datetime) -> bool:
    """Say whether there is anything to read for a webhook or to send to one: one query."""
    # `IN` and not `EXISTS`: each of the two is read once, by the index of what waits.
    changed = Change.objects.filter(sequence__isnull=True).values("workspace")
    due = Delivery.objects.filter(next_attempt__lte=now).values("webhook")
    return Webhook.objects.filter(Q(workspace__in=changed) | _BEHIND | Q(pk__in=due)).exists()


def workspaces_to_read() -> QuerySet[Workspace]:
    """Return the workspaces with webhooks that have changes without a number."""
    theirs = Webhook.objects.filter(workspace=OuterRef("pk"))
    return workspaces_to_number().filter(Exists(theirs))


def webhooks_behind() -> QuerySet[Webhook]:
    """Return the webhooks for which the journal has numbered changes that were not read yet."""
    return Webhook.objects.filter(_BEHIND).order_by("pk")


def last_number(workspace: Workspace) -> int:
    """Return the number of the workspace's last numbered change, 0 without any."""
    last = JournalHead.objects.filter(workspace=workspace).values_list("last", flat=True)
    return last.first() or 0


def changes_between(
    workspace: Workspace, after: int, up_to: int, *, verbs: Iterable[str], limit: int
) -> list[Change]:
    """Return the changes with these verbs and numbers, `up_to` included, oldest first.

    Without payloads: unlike `since`, which other servers need them from, nothing here reads them.
    """
    rows = changes_in(workspace).filter(sequence__gt=after, sequence__lte=up_to, verb__in=verbs)
    return list(rows.select_related("actor").order_by("sequence")[:limit])
