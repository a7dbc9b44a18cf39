"""Send what one change asks to look at: parents before members, removals before additions."""

from collections.abc import Sequence
from contextlib import nullcontext, suppress
from typing import Final

from dashboard.models import Image
from dashboard.queries.connections.outbox import here_among
from dashboard.services.connections.outbox.cells import Cells, Thing
from dashboard.services.connections.outbox.changing import delete_thing, send_marks, send_thing
from dashboard.services.connections.outbox.errors import Rejected, Waits
from dashboard.services.connections.outbox.images import delete_many, upload_many
from dashboard.services.connections.outbox.memberships import add_members, remove_members
from dashboard.services.connections.outbox.session import Session

TOLD: Final = 3  # refusals in the sentence


def send_cells(session: Session, cells: Cells) -> None:
    """Send a portion of a change. Raises `Rejected` at its end if some of it was refused."""
    refused = _send_things(session, cells.things)
    for noun in {noun for noun, _ in cells.marks}:
        send_marks(session, noun, [one for kind, one in cells.marks if kind == noun])
    for cell in cells.members:
        remove_members(session, cell)
    for cell in cells.members:
        # Of what was refused, nothing can be a member; a person decides about it.
        with suppress(Waits) if refused else nullcontext():
            add_members(session, cell)
    if refused:
        raise Rejected(_told(refused))
    refused = _delete(session, cells.deleted)
    if refused:
        raise Rejected(_told(refused))


def _send_things(session: Session, things: Sequence[Thing]) -> list[str]:
    images = [one for noun, one in things if noun == "image"]
    for noun, one in things:
        if noun != "image" or len(images) == 1:
            send_thing(session, noun, one)
    if len(images) < 2:
        return []
    return upload_many(session, here_among(session.link, Image, images))


def _delete(session: Session, things: Sequence[Thing]) -> list[str]:
    images = [one for noun, one in things if noun == "image"]
    # Groups after their images and before their types.
    for noun in ("object", "group", "type", "label", "task"):
        for kind, one in things:
            if kind == noun:
                delete_thing(session, noun, one)
    return delete_many(session, images) if images else []


def _told(refused: Sequence[str]) -> str:
    if len(refused) == 1:
        return refused[0]
    more = f" and {len(refused) - TOLD:,} more" if len(refused) > TOLD else ""
    return f"{len(refused):,} images were refused: {' '.join(refused[:TOLD])}{more}"
