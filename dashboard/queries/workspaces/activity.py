"""Read the journal as the activity page shows it."""

from collections.abc import Iterable
from typing import Any, TypeVar
from uuid import UUID

from django.db.models import Exists, OuterRef, QuerySet

from accounts.models import AccountEvent, Change, User, Workspace
from dashboard.queries.extractions.extractions import extractions_in
from dashboard.queries.jobs.jobs import find_jobs
from dashboard.queries.journal.changes import changes_in
from dashboard.queries.library.groups import groups_in
from dashboard.queries.library.images import images_in
from dashboard.queries.library.similarity_types import types_in
from dashboard.queries.pages import PAGE_SIZE, Page, number, page
from dashboard.queries.search.collections import collections_in
from dashboard.queries.training.tasks import tasks_in
from dashboard.queries.training.versions import versions_in
from dashboard.queries.uploads.uploads import uploads_in

ActivityRow = TypeVar("ActivityRow", Change, AccountEvent)
# The nouns of activity rows that have a page, and where they are read.
THINGS: dict[str, Any] = {
    "collection": collections_in,
    "descriptors": extractions_in,
    "files": uploads_in,
    "group": groups_in,
    "image": images_in,
    "job": find_jobs,
    "task": tasks_in,
    "type": types_in,
    "version": versions_in,
}


def find_activity(
    workspace: Workspace, *, person: User | None = None, noun: str = ""
) -> QuerySet[Change]:
    """Return the changes of the workspace, optionally by one person or of one noun."""
    rows = changes_in(workspace).select_related("actor")
    if person is not None:
        rows = rows.filter(actor=person)
    return rows.filter(noun=noun) if noun else rows


def activity_page(
    rows: QuerySet[ActivityRow], cursor: str = "", size: int = PAGE_SIZE
) -> Page[ActivityRow]:
    """Read one page, newest first. Raises `BadCursor`."""
    return page(rows, cursor, size, parse=number)


def actors_in(workspace: Workspace) -> QuerySet[User]:
    """Return the users who changed something in the workspace, by email address, members or not."""
    did = Change.objects.filter(workspace=workspace, actor=OuterRef("pk"))
    return User.objects.filter(Exists(did)).order_by("email")


def still_there(workspace: Workspace, rows: Iterable[Change]) -> set[UUID]:
    """Return the ids of things in the rows that still exist and have a page: one query."""
    wanted: dict[str, set[UUID]] = {}
    for row in rows:
        if row.target_id is not None and row.noun in THINGS:
            wanted.setdefault(row.noun, set()).add(row.target_id)
    if not wanted:
        return set()
    first, *others = (
        THINGS[noun](workspace).filter(pk__in=ids).order_by().values_list("pk", flat=True)
        for noun, ids in wanted.items()
    )
    # A union is one round trip; a query for each noun would be up to nine for a page.
    return set(first.union(*others))
