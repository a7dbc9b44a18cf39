"""Number changes after they are committed.

A service that took its number itself would lock the workspace's counter until its commit. Many
services are parts of larger ones, so the counter would be locked while other rows are waited for,
against the order of `services.row_locks`, and two services could deadlock. Here only the counter is
locked, a service pays one insert for its change and no more, and a rollback leaves no gap. The
price: a reader of the journal numbers it first.
"""

from django.db import connection, transaction
from django.db.models import F, Window
from django.db.models.functions import RowNumber

from accounts.models import Change, JournalHead, Workspace
from dashboard.queries.journal.changes import workspaces_to_number

AT_ONCE = 1000


@transaction.atomic
def number_changes(*, workspace: Workspace) -> int:
    """Assign numbers to the workspace's next committed changes; return how many, 0 if none is left.

    Numbers follow the ids: a change that waited for another's locks was written after it and has
    the higher id. Concurrent calls take turns by the row of the counter, so no number is used
    twice, and a reader that sees a number sees all below it.
    """
    JournalHead.objects.get_or_create(workspace=workspace)
    head = JournalHead.objects.select_for_update(no_key=True).get(workspace=workspace)
    waiting = Change.objects.filter(workspace=workspace, sequence__isnull=True).order_by("id")
    places = waiting.annotate(place=Window(RowNumber(), order_by="id")).values_list("id", "place")
    sql, values = places[:AT_ONCE].query.sql_with_params()
    table = connection.ops.quote_name(Change._meta.db_table)
    with connection.cursor() as cursor:
        cursor.execute(
            f"UPDATE {table} SET sequence = %s + numbered.place FROM ({sql}) AS numbered"  # noqa: S608  our own names
            f" WHERE {table}.id = numbered.id",
            [head.last, *values],
        )
        count = int(cursor.rowcount)
    if count:
        JournalHead.objects.filter(pk=head.pk).update(last=F("last") + count)
    return count


def number_all() -> int:
    """Assign a number to each change that lacks one; return how many."""
    return sum(_number_to_the_end(workspace) for workspace in workspaces_to_number())


def _number_to_the_end(workspace: Workspace) -> int:
    total = 0
    while count := number_changes(workspace=workspace):
        total += count
    return total
