"""Show the changes of a workspace as sentences."""

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
from accounts.models import Change
from accounts.verbs import Verb
from accounts.words import either
from dashboard.forms.activity import ActivityFilter
from dashboard.queries.workspaces.activity import (
    activity_page,
    find_activity,
    still_there,
)
from dashboard.services.journal.undoing import undoable
from dashboard.views.rendering import damaged, may, missing_is_404, page_or_fragment

# The pages of the nouns in activity rows.
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
# The page that asks before an undo, for each inverse.
UNDO = {"upload": "upload-undo"}
THE_PROGRAM = "Likewise"
SHOWN_NOUNS = {"object": "region"}  # the API calls a region an object
# Verbs for which “VERB the NOUN NAME”, or “VERB 3 NOUNs”, reads well.
PLAIN = {
    Verb.CREATED,
    Verb.ADDED,
    Verb.CHANGED,
    Verb.DELETED,
    Verb.VERIFIED,
    Verb.DISCARDED,
    Verb.CANCELLED,
    Verb.IMPORTED,
    Verb.STARTED_EXPORTING,
    Verb.EXPORTED,
    Verb.REQUIRED,
    Verb.NO_LONGER_REQUIRED,
    Verb.REVOKED,
}
# The sentences of all others. {name} becomes the link; other placeholders are the row's count or
# one of its details.
SENTENCES: dict[tuple[str, str], str] = {
    (Verb.ADDED_IMAGES, "group"): "added {count} image{s} to {name}",
    (Verb.MOVED_IMAGES, "group"): (
        "added {count} image{s} to {name}, {moved} of them moved from other groups"
    ),
    (Verb.REMOVED_IMAGES, "group"): "removed {count} image{s} from {name}",
    (Verb.ADDED_OBJECTS, "group"): "added {count} region{s} to {name}",
    (Verb.MOVED_OBJECTS, "group"): (
        "added {count} region{s} to {name}, {moved} of them moved from other groups"
    ),
    (Verb.REMOVED_OBJECTS, "group"): "removed {count} region{s} from {name}",
    (Verb.ADDED_GROUPS, "group"): "added {count} group{s} to {name}",
    (Verb.REMOVED_GROUPS, "group"): "removed {count} group{s} from {name}",
    (Verb.MARKED_TEST, "group"): "marked the group {name} as a test group",
    (Verb.UNMARKED_TEST, "group"): "removed the test mark from the group {name}",
    (Verb.UNVERIFIED, "group"): "undid a verification of the group {name}",
    (Verb.UNVERIFIED, "image"): "undid a verification of the image {name}",
    (Verb.MARKED_SEVERAL_TEST, "group"): "marked {count} group{s} as test group{s}",
    (Verb.UNMARKED_SEVERAL_TEST, "group"): "removed the test mark from {count} group{s}",
    (Verb.ADDED_TYPE, "task"): "added the type {type} to {name}",
    (Verb.REMOVED_TYPE, "task"): "removed the type {type} from {name}",
    (Verb.PUT_INTO_PRODUCTION, "version"): "put {name} into production",
    (Verb.WITHDREW, "version"): "took {name} out of production",
    (Verb.STARTED_TRAINING, "version"): "started the training of {name}",
    (Verb.TRAINED, "version"): "finished the training of {name}",
    (Verb.UPLOADED, "files"): "uploaded {count} file{s}: {name}",
    (Verb.IMPORTED, "files"): "imported {count} new image{s} from {name}",
    (Verb.UNDID, "files"): "undid the upload {name}",
    (Verb.STARTED_EXTRACTING, "descriptors"): "started an extraction: {name}",
    (Verb.EXTRACTED, "descriptors"): "finished the extraction {name}: {count} image{s}",
    (Verb.RETRIED, "job"): "retried {name}",
    (Verb.ADDED_RECORDS, "collection"): "added {count} record{s} to {name}",
    (Verb.CHANGED_RECORDS, "collection"): "changed {count} record{s} of {name}",
    (Verb.DELETED_RECORDS, "collection"): "deleted {count} record{s} of {name}",
    (Verb.STARTED_FILLING, "collection"): "started to add images to {name}",
    (Verb.FILLED, "collection"): "finished adding images to {name}: {count} new image{s}",
    (Verb.REMOVED, "connection"): "removed the connection to {name}",
    (Verb.ADDED, "connection"): "added a connection to {name}",
    (Verb.CONNECTED, "connection"): "connected their account on {name}",
    (Verb.DISCONNECTED, "connection"): "disconnected their account on {name}",
    (Verb.RECONNECTED, "connection"): "replaced their API token for {name}",
    (Verb.LINKED, "link"): "linked this workspace: it now mirrors {name}",
    (Verb.UNLINKED, "link"): "ended the mirror of {name}",
    (Verb.PULLED, "link"): "brought {count} change{s} from {name}",
    (Verb.CHANGED, "link"): "chose whose token reads {name}: {keeper}",
    (Verb.PAUSED, "webhook"): "paused the webhook {name}{why}",
    (Verb.RESUMED, "webhook"): "resumed the webhook {name}",
    (Verb.ROTATED, "webhook"): "rotated the secret of the webhook {name}",
    (Verb.TESTED, "webhook"): "sent a test to the webhook {name}",
    (Verb.RETRIED, "webhook"): "sent “{event}” again to the webhook {name}",
    (Verb.CHANGED_ROLE, "member"): "changed the role of {name} from {before} to {after}",
    (Verb.REMOVED, "member"): "removed {name} from the workspace",
    (Verb.LEFT, "member"): "left the workspace",
    (Verb.JOINED, "member"): "joined as {role}",
    (Verb.HANDED_OVER, "member"): "handed over the workspace to {name}",
    (Verb.INVITED, "invitation"): "invited {name} as {role}{open}",
    (Verb.WITHDREW, "invitation"): "withdrew the invitation for {name}",
    (Verb.SENT, "request"): "sent {count} record{s}: {name}",
    (Verb.RENAMED, "workspace"): "renamed the workspace from {before} to {name}",
    (Verb.CHOSE_ENCODER, "workspace"): "changed the encoder from {before} to {after}",
}
# For all nouns that are mirrored. Both values stand there, as nothing may be lost in silence.
ANY_NOUN = {
    Verb.OVERRULED: (
        "kept the other server’s value of the {noun} {name}, which was changed on both sides: "
        "{theirs}. Here it was: {ours}"
    ),
    Verb.DISCARDED_CHANGES: "discarded unsent changes of the {noun} {name}",
}


@dataclass(frozen=True)
class Sentence:
    """One row: who, what they did, and to what, with a link."""

    row: Change
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
    """List the changes, newest first, of everybody or one person, of all or one noun."""
    form = ActivityFilter(request.GET, workspace=request.workspace)
    if not form.is_valid():
        return damaged(request, "This filter no longer applies.")
    person, noun = form.cleaned_data["person"], form.cleaned_data["noun"]
    rows = find_activity(request.workspace, person=person, noun=noun)
    found = activity_page(rows, request.GET.get("cursor", ""))
    there = still_there(request.workspace, found.rows)
    can_be_undone = undoable(request.workspace, found.rows)
    chosen = {"person": person.pk if person else "", "noun": noun}
    context = {
        "sentences": [sentence(row, there, can_be_undone) for row in found.rows],
        "form": form,
        "can_undo": may(request, "images.delete"),
        "is_filtered": bool(person or noun),
        "next_url": _next_url(request.path, chosen, found.next),
    }
    return page_or_fragment(request, "dashboard/workspaces/activity/list.html", "rows", context)


def sentence(row: Change, there: Collection[UUID], undoable: Collection[int] = ()) -> Sentence:
    """Return the sentence of a row; its thing is a link if it is in `there`."""
    before, _, after = _template(row).partition("{name}")
    words = {"count": f"{row.count:,}", "s": either(row.count, "", "s")} | {
        key: str(value) for key, value in row.details.items()
    }
    name = row.target_name if "{name}" in _template(row) else ""
    # An image may have no file name, and a link without text says nothing to a screen reader.
    is_linked = name and row.target_id in there and row.noun in ROUTES
    return Sentence(
        row=row,
        who=str(row.actor) if row.actor else THE_PROGRAM,
        before=_filled(before, words),
        name=name,
        url=resolve_url(ROUTES[row.noun], row.target_id) if is_linked else "",
        after=_filled(after, words),
        undo_url=resolve_url(UNDO[row.inverse], row.target_id) if row.pk in undoable else "",
    )


def _template(row: Change) -> str:
    special = SENTENCES.get((row.verb, row.noun))
    if special is not None:
        return special
    noun = SHOWN_NOUNS.get(row.noun, row.noun)
    if row.verb in ANY_NOUN:
        return ANY_NOUN[Verb(row.verb)].replace("{noun}", noun)
    renamed_from = row.details.get("before")
    if row.verb == "changed" and renamed_from not in (None, row.target_name):
        return f"renamed the {noun} {{before}} to {{name}}"
    if row.count != 1 or not row.target_name:
        many = f"{row.verb} {{count}} {noun}{{s}}"
        return f"{many}: {{name}}" if row.target_name else many
    return f"{row.verb} the {noun} {{name}}"


def _filled(text: str, words: dict[str, str]) -> str:
    """Fill in the words; a missing one becomes empty."""
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
