"""Who did what to how many, in sentences."""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.http import HttpResponse
from django.shortcuts import resolve_url
from django.utils.http import urlencode
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from accounts.access import requires
from accounts.http import WorkspaceRequest
from accounts.models import Activity
from accounts.words import either
from dashboard.forms.activity import ActivityFilter
from dashboard.queries.workspaces.activity import (
    activity_page,
    can_be_undone,
    find_activity,
    still_there,
)
from dashboard.views.rendering import damaged, may, missing_is_404, page_or_fragment

# The page of a thing that an activity row is about.
ROUTES = {
    "collection": "collection",
    "descriptors": "extraction",
    "files": "upload",
    "group": "group",
    "image": "image",
    "job": "job",
    "task": "task",
    "type": "type",
    "version": "version",
}
THE_PROGRAM = "Likewise"
# Where “VERB the NOUN NAME” would not read well. {name} becomes the link; what else stands in
# braces is the row's count or one of its details.
SENTENCES = {
    ("added images to", "group"): "added {count} image{s} to {name}",
    ("moved images to", "group"): (
        "added {count} image{s} to {name}, {moved} of them moved from other groups"
    ),
    ("removed images from", "group"): "removed {count} image{s} from {name}",
    ("added objects to", "group"): "added {count} region{s} to {name}",
    ("removed objects from", "group"): "removed {count} region{s} from {name}",
    ("added groups to", "group"): "added {count} group{s} to {name}",
    ("removed groups from", "group"): "removed {count} group{s} from {name}",
    ("marked as test", "group"): "marked the group {name} as a test group",
    ("unmarked as test", "group"): "removed the test mark from the group {name}",
    ("took back a verification of", "group"): "undid a verification of the group {name}",
    ("took back a verification of", "image"): "undid a verification of the image {name}",
    ("marked several as test", "group"): "marked {count} group{s} as test group{s}",
    ("unmarked several as test", "group"): "removed the test mark from {count} group{s}",
    ("added a type to", "task"): "added the type {type} to {name}",
    ("removed a type from", "task"): "removed the type {type} from {name}",
    ("put into production", "version"): "put {name} into production",
    ("withdrew", "version"): "took {name} out of production",
    ("started to train", "version"): "started the training of {name}",
    ("uploaded", "files"): "uploaded {count} file{s}: {name}",
    ("undid", "files"): "undid the upload {name}",
    ("started to extract", "descriptors"): "started an extraction: {name}",
    ("tried again", "job"): "retried {name}",
    ("added records to", "collection"): "added {count} record{s} to {name}",
    ("changed records of", "collection"): "changed {count} record{s} of {name}",
    ("deleted records of", "collection"): "deleted {count} record{s} of {name}",
    ("started to fill", "collection"): "started to add images to {name}",
    ("changed the role of", "member"): "changed the role of {name} from {before} to {after}",
    ("removed", "member"): "removed {name} from the workspace",
    ("left", "member"): "left the workspace",
    ("joined", "member"): "joined as {role}",
    ("handed over to", "member"): "handed over the workspace to {name}",
    ("invited", "invitation"): "invited {name} as {role}{open}",
    ("withdrew", "invitation"): "withdrew the invitation for {name}",
    ("sent", "request"): "sent {count} record{s}: {name}",
    ("renamed", "workspace"): "renamed the workspace from {before} to {name}",
    ("chose an encoder for", "workspace"): "changed the encoder from {before} to {after}",
}


@dataclass(frozen=True)
class Sentence:
    """One row: who, what they did, and to what, with the way there."""

    row: Activity
    who: str
    before: str
    name: str
    url: str
    after: str
    undo_url: str


@never_cache
@require_safe
@requires("workspace.view")
@missing_is_404
def activity(request: WorkspaceRequest) -> HttpResponse:
    """List what was done, newest first, by everybody or one person, to all or one kind."""
    form = ActivityFilter(request.GET, workspace=request.workspace)
    if not form.is_valid():
        return damaged(request, "This filter no longer applies.")
    person, noun = form.cleaned_data["person"], form.cleaned_data["noun"]
    rows = find_activity(request.workspace, person=person, noun=noun)
    found = activity_page(rows, request.GET.get("cursor", ""))
    there = still_there(request.workspace, found.rows)
    undoable = can_be_undone(request.workspace, found.rows)
    chosen = {"person": person.pk if person else "", "noun": noun}
    context = {
        "sentences": [sentence(row, there, undoable) for row in found.rows],
        "form": form,
        "can_undo": may(request, "images.delete"),
        "is_filtered": bool(person or noun),
        "next_url": _next_url(request.path, chosen, found.next),
    }
    return page_or_fragment(request, "dashboard/workspaces/activity/list.html", "rows", context)


def sentence(row: Activity, there: Collection[UUID], undoable: Collection[UUID] = ()) -> Sentence:
    """Write what a row tells; its thing is a link if it is among those that are there."""
    before, _, after = _template(row).partition("{name}")
    words = {"count": f"{row.count:,}", "s": either(row.count, "", "s")} | {
        key: str(value) for key, value in row.details.items()
    }
    is_linked = row.target_id in there and row.noun in ROUTES
    return Sentence(
        row=row,
        who=str(row.actor) if row.actor else THE_PROGRAM,
        before=_filled(before, words),
        name=row.target_name if "{name}" in _template(row) else "",
        url=resolve_url(ROUTES[row.noun], row.target_id) if is_linked else "",
        after=_filled(after, words),
        undo_url=resolve_url("upload-undo", row.target_id) if row.target_id in undoable else "",
    )


def _template(row: Activity) -> str:
    special = SENTENCES.get((row.verb, row.noun))
    if special is not None:
        return special
    renamed_from = row.details.get("before")
    if row.verb == "changed" and renamed_from not in (None, row.target_name):
        return f"renamed the {row.noun} {{before}} to {{name}}"
    if row.count != 1 or not row.target_name:
        many = f"{row.verb} {{count}} {row.noun}{{s}}"
        return f"{many}: {{name}}" if row.target_name else many
    return f"{row.verb} the {row.noun} {{name}}"


def _filled(text: str, words: dict[str, str]) -> str:
    """Put the words in; one that a row does not have leaves nothing behind."""
    # Rows of earlier versions lack details that a sentence may name.
    return text.format_map(_Lenient(words)).replace("  ", " ")


class _Lenient(dict[str, Any]):
    def __missing__(self, key: str) -> str:
        return ""


def _next_url(path: str, chosen: dict[str, Any], cursor: str) -> str:
    if not cursor:
        return ""
    wanted = {key: value for key, value in chosen.items() if value} | {"cursor": cursor}
    return f"{path}?{urlencode(wanted)}"
