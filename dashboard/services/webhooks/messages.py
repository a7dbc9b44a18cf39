"""What webhooks are told: which change is which event, and the body of its message."""

import uuid
from datetime import datetime
from typing import Any

import orjson

from accounts.models import Change, User, Workspace
from accounts.verbs import Verb
from dashboard.models.webhooks import Event

EVENTS: dict[tuple[str, str], Event] = {
    (Verb.IMPORTED, "files"): Event.UPLOAD_DONE,
    (Verb.TRAINED, "version"): Event.VERSION_TRAINED,
    (Verb.PUT_INTO_PRODUCTION, "version"): Event.PRODUCTION_CHANGED,
    (Verb.WITHDREW, "version"): Event.PRODUCTION_CHANGED,
    (Verb.FILLED, "collection"): Event.COLLECTION_FILLED,
    (Verb.JOINED, "member"): Event.MEMBER_JOINED,
}
VERBS = {verb for verb, _ in EVENTS}


def event_of(change: Change) -> Event | None:
    """Return the event that a change is, if it is one."""
    return EVENTS.get((change.verb, change.noun))


def new_id() -> str:
    """Make the id of a message."""
    return f"msg_{uuid.uuid4().hex}"


def body_of(change: Change, event: Event, workspace: Workspace) -> str:
    """Return the message that tells of a change."""
    data = {
        "id": change.target_id,
        "name": _name(change, event),
        "count": change.count,
        "actor": person(change.actor),
    }
    return body(event, change.created, workspace, data | _more(change, event))


def body(event: str, moment: datetime, workspace: Workspace, data: dict[str, Any]) -> str:
    """Return a message as it is signed and sent."""
    told = {"id": workspace.pk, "name": workspace.name}
    message = {"type": event, "timestamp": moment, "data": {"workspace": told, **data}}
    return orjson.dumps(message, option=orjson.OPT_UTC_Z).decode()


def person(user: User | None) -> dict[str, Any] | None:
    """Return what a message says of somebody; None for the program itself."""
    # Never `str(user)`, which is the email address of people without a name.
    return None if user is None else {"id": user.pk, "name": user.name}


def _name(change: Change, event: Event) -> str:
    if event != Event.MEMBER_JOINED:
        return change.target_name
    # The journal may have an email address for the name. Who joins does so themselves.
    return change.actor.name if change.actor else ""


def _more(change: Change, event: Event) -> dict[str, Any]:
    """Return what only some events tell: of the details of a change, nothing by itself."""
    if event == Event.PRODUCTION_CHANGED:
        return {"production": change.verb == Verb.PUT_INTO_PRODUCTION}
    if event == Event.MEMBER_JOINED:
        return {"role": change.details.get("role", "")}
    return {}
