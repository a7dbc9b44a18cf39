"""The recorded storage of a workspace, compared with what is there."""

from collections.abc import Iterator
from uuid import UUID

from django.conf import settings
from django.db import transaction

from dashboard.files.errors import DiskLow
from dashboard.files.store import room
from dashboard.models import Usage
from dashboard.queries.doctor.doctor import in_pages
from dashboard.queries.workspaces.usage import uncounted, wrong_usages
from dashboard.services.doctor.round import Finding, Round
from dashboard.services.workspaces.usage import count_on, hold_usage


def usages(round_: Round) -> Iterator[Finding]:
    """Find counts that differ from images and files of uploads, and those that are missing."""
    for what in Usage.What:
        for workspace in in_pages(uncounted(what)):
            if round_.mend:
                _recount(workspace.pk, what)
            sentence = f"The storage of its {what.label.lower()} was not counted."
            yield Finding("usage", f"{workspace.pk} {workspace}", sentence, mended=round_.mend)
        for row in in_pages(wrong_usages(what)):
            if round_.mend:
                _recount(row.workspace_id, what)
            sentence = (
                f"{what.label}: {row.count:,} with {row.size:,} bytes are recorded, but the rows "
                f"have {row.right_count:,} with {row.right_size:,} bytes."
            )
            name = f"{row.workspace_id} {row.workspace}"
            yield Finding("usage", name, sentence, mended=round_.mend)


def disk() -> Iterator[Finding]:
    """Tell that less of the disk is free than uploads must leave."""
    try:
        room.refuse_if_low()
    except DiskLow as refusal:
        yield Finding("disk", str(settings.LIKEWISE_DATA), str(refusal))


@transaction.atomic
def _recount(workspace_id: UUID, what: str) -> None:
    """Count again while the row is held, as everybody does who changes it."""
    usage = hold_usage(workspace_id, what)
    # Judged once more under the lock; nothing is left to correct if it was a change under way.
    for right in wrong_usages(what, workspace_id):
        count, size = right.right_count - usage.count, right.right_size - usage.size
        count_on(usage, count=count, size=size)
