"""Read the plan of an upload: totals, the groups that it would fill, its rows."""

import base64
import binascii
import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any

from django.db.models import Count, Q, QuerySet

from dashboard.files.archives.code_pages import CODE_PAGES
from dashboard.models import Upload, UploadFile, UploadPart
from dashboard.models.folded_names import folded
from dashboard.queries.library.groups import groups_to_fill
from dashboard.queries.library.similarity_types import types_in
from dashboard.queries.pages import DAMAGED, PAGE_SIZE, BadCursor

MOST_CODE_PAGES = 5
# Names in ASCII are the same in every code page and show nothing; some archives begin with many.
NAMES_SEARCHED = 500
NAMES_SHOWN = 3

Foreseen = UploadFile.Foreseen
Status = UploadFile.Status


@dataclass(frozen=True)
class PlanTotals:
    """The numbers of files by their planned outcome."""

    new: int
    known: int
    wrong: int
    left_out: int
    addresses: int

    @property
    def coming(self) -> int:
        """Return how many would be imported."""
        return self.new + self.known


@dataclass(frozen=True)
class PlannedGroup:
    """A group that would be created or filled; without a name, the files in no group.

    Its files are identified by `named_group` and `named_type`, as folders or a manifest name them;
    `into` is the existing group with an equal name, if any.
    """

    name: str
    named_group: str
    type_name: str
    named_type: str
    into: str
    new: int
    known: int
    wrong: int

    @property
    def is_new(self) -> bool:
        """Return whether no such group exists yet."""
        return not self.into


@dataclass(frozen=True)
class CodePageUse:
    """An archive without a stated encoding of names: the assumed code page, and some names."""

    part: UploadPart
    label: str
    names: list[str]


def code_pages_used(upload: Upload) -> list[CodePageUse]:
    """Return the archives whose names needed an assumed code page, the doubtful ones first."""
    parts = upload.parts.exclude(code_page="").order_by("code_page_sure", "number")
    return [
        CodePageUse(part, CODE_PAGES.get(part.code_page, part.code_page), _old_names(part))
        for part in parts[:MOST_CODE_PAGES]
    ]


def _old_names(part: UploadPart) -> list[str]:
    rows = part.files.order_by("number").values_list("name", flat=True)[:NAMES_SEARCHED]
    return list(islice((name for name in rows if not name.isascii()), NAMES_SHOWN))


def plan_totals(upload: Upload) -> PlanTotals:
    """Count the upload's files by planned outcome, in one query."""
    left_out = Q(status=Status.LEFT_OUT)
    sums = upload.files.aggregate(
        new=Count("pk", filter=~left_out & Q(foreseen=Foreseen.NEW)),
        known=Count("pk", filter=~left_out & Q(foreseen=Foreseen.KNOWN)),
        wrong=Count("pk", filter=~left_out & Q(foreseen=Foreseen.WRONG)),
        left_out=Count("pk", filter=left_out),
        addresses=Count("pk", filter=~left_out & Q(foreseen=Foreseen.NEW) & ~Q(url="")),
    )
    return PlanTotals(**sums)


def planned_groups(
    upload: Upload, cursor: str = "", size: int = PAGE_SIZE
) -> tuple[list[PlannedGroup], str]:
    """Return one page of the groups, by name, and the cursor of the next. Raises `BadCursor`."""
    rows = upload.files.exclude(status=Status.LEFT_OUT)
    if cursor:
        name, named = _decode(cursor)
        # The form that one index can answer, here ascending; see `dashboard.queries.pages`.
        rows = rows.filter(Q(group_name__gte=name) & ~Q(group_name=name, type_name__lte=named))
    found = list(
        rows.values("group_name", "type_name")
        .annotate(
            new=Count("pk", filter=Q(foreseen=Foreseen.NEW)),
            known=Count("pk", filter=Q(foreseen=Foreseen.KNOWN)),
            wrong=Count("pk", filter=Q(foreseen=Foreseen.WRONG)),
        )
        .order_by("group_name", "type_name")[: size + 1]
    )
    last = found[size - 1] if len(found) > size else None
    following = _encode(last["group_name"], last["type_name"]) if last else ""
    return _with_state(upload, found[:size]), following


def _with_state(upload: Upload, rows: Sequence[Any]) -> list[PlannedGroup]:
    """Add to each group whether it exists: two queries, however many there are."""
    own = upload.similarity_type.name if upload.similarity_type else upload.new_type_name
    names = {row["type_name"] or own for row in rows} - {""}
    types = {
        kind.name: kind.pk
        for kind in types_in(upload.workspace).filter(name__in=names).order_by("-created", "-id")
    }
    if upload.similarity_type is not None:
        types[own] = upload.similarity_type.pk
    there = _there(types.values(), {row["group_name"].strip() for row in rows})
    return [
        PlannedGroup(
            name=row["group_name"].strip(),
            named_group=row["group_name"],
            type_name=row["type_name"] or own,
            named_type=row["type_name"],
            into=_into(there, types.get(row["type_name"] or own), row["group_name"].strip()),
            new=row["new"],
            known=row["known"],
            wrong=row["wrong"],
        )
        for row in rows
    ]


def _there(types: Collection[Any], names: Collection[str]) -> dict[tuple[Any, str], str]:
    """Return the groups' names by type and name, with the same spelling or folded."""
    rows = groups_to_fill(types, {folded(name) for name in names})
    found = list(rows.values_list("similarity_type_id", "folded_name", "name"))
    equal = {(type_id, key): name for type_id, key, name in found}
    # An exact spelling wins over an equal one: two groups may be named “Cup” and “cup”.
    return equal | {(type_id, name): name for type_id, _, name in found}


def _into(there: Mapping[tuple[Any, str], str], type_id: Any, name: str) -> str:
    return there.get((type_id, name)) or there.get((type_id, folded(name)), "")


def planned_files(upload: Upload) -> QuerySet[UploadFile]:
    """Return the files that were not skipped."""
    return upload.files.exclude(status=Status.LEFT_OUT)


def files_in_error(upload: Upload) -> QuerySet[UploadFile]:
    """Return the files that could not be imported as they are."""
    return upload.files.filter(status=Status.WAITING, foreseen=Foreseen.WRONG)


def files_left_out(upload: Upload) -> QuerySet[UploadFile]:
    """Return the skipped files."""
    return upload.files.filter(status=Status.LEFT_OUT)


def _encode(*names: str) -> str:
    return base64.urlsafe_b64encode(json.dumps(names).encode()).decode().rstrip("=")


def _decode(cursor: str) -> tuple[str, str]:
    try:
        found = json.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
    except (ValueError, binascii.Error) as error:
        raise BadCursor(DAMAGED) from error
    if not (isinstance(found, list) and len(found) == 2 and all(type(one) is str for one in found)):
        raise BadCursor(DAMAGED)
    # PostgreSQL refuses a null character in text, which would be a server error.
    if any("\x00" in one for one in found):
        raise BadCursor(DAMAGED)
    return found[0], found[1]
