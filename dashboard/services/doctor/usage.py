"""Compare the recorded storage use of each workspace with its rows."""

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
    """Find recorded storage use that is missing, or differs from the images and uploaded files."""
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
    """Report that the free space of the disk is below the reserve that uploads must leave."""
    try:
        room.refuse_if_low()
    except DiskLow as refusal:
        yield Finding("disk", str(settings.LIKEWISE_DATA), str(refusal))


@transaction.atomic
def _recount(workspace_id: UUID, what: str) -> None:
    """Correct the storage use under the lock that every change of it takes."""
    usage = hold_usage(workspace_id, what)
    # Checked again under the lock: nothing is left to correct if a change was in progress.
    for right in wrong_usages(what, workspace_id):
        count, size = right.right_count - usage.count, right.right_size - usage.size
        count_on(usage, count=count, size=size)
