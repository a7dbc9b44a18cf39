"""Give changes their numbers, after they are committed.

A service that took its number itself would hold the workspace's counter until its commit. Many
services are parts of larger ones, so the counter would be held while other rows are still waited
for, against the order of `services.row_locks`: two of them could wait for each other. Here nothing
but the counter is held, a service pays one insert for its change and no more, and what was rolled
back leaves no gap. The price: who follows a journal numbers it first.
"""

from django.db import connection, transaction
from django.db.models import F, Window
from django.db.models.functions import RowNumber

from accounts.models import Change, JournalHead, Workspace
from dashboard.queries.journal.changes import workspaces_to_number

AT_ONCE = 1000


@transaction.atomic
def number_changes(*, workspace: Workspace) -> int:
    """Give numbers to the workspace's next committed changes; returns how many, 0 at the end.

    In the order of their ids: what waited for another's locks was written after it and has the
    higher id. Calls at once take turns by the row of the counter, so no number is given twice, and
    whoever can see a number can see all below it.
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
    """Give a number to each change that lacks one; returns how many changes that were."""
    return sum(_number_to_the_end(workspace) for workspace in workspaces_to_number())


def _number_to_the_end(workspace: Workspace) -> int:
    total = 0
    while count := number_changes(workspace=workspace):
        total += count
    return total
