"""Create things on the other server, each once.

The answer is written at once, as a twin with what the other server has: what it did not take with
the creation is a difference, which is sent like any other.
"""

from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final
from uuid import UUID

from dashboard.models import Group, Label, Region, SimilarityType, Task, Twin
from dashboard.queries.connections.outbox import find_here
from dashboard.remote import Group as RemoteGroup
from dashboard.remote import Region as RemoteRegion
from dashboard.services.connections.fields import NOUNS
from dashboard.services.connections.outbox.errors import Rejected, Waits
from dashboard.services.connections.outbox.images import upload
from dashboard.services.connections.outbox.session import WORDS, KnownIds, Session

# Made with a workspace, or by an upload, without a change that is sent; so each may be there
# without a twin, and is looked for by its name.
LOOKED_FOR: Final = ("label", "type")


def parent(session: Session, noun: str, local_id: UUID) -> str:
    """Return the id over there of a thing that another one needs, creating it if necessary."""
    twin = session.twin(noun, local_id)
    if twin is not None:
        return twin.remote_id
    if (noun, local_id) in session.blocked:
        raise Waits(f"It waits for a {WORDS.get(noun, noun)} that is not on the other server.")
    row = find_here(session.link, NOUNS[noun].model, local_id)
    if row is None:
        raise Waits(f"It waits for a {WORDS.get(noun, noun)} that was deleted here.")
    return create(session, noun, row)[0].remote_id


def create(session: Session, noun: str, row: Any) -> tuple[Twin, Any]:
    """Create a thing over there, its parents first; return its twin and what is there.

    Raises `Rejected`, `Waits` and the errors of the client.
    """
    if noun == "image":
        return upload(session, row)
    known = KnownIds(session.link, noun)
    thing = None
    if session.again or noun in LOOKED_FOR:
        thing = _found(LOOK[noun](session, row), known)
    if thing is None:
        thing = CREATE[noun](session, row, known)
    with session.writing():
        twin = session.add_twin(noun, row.pk, thing.id, session.theirs(noun, thing))
    return twin, thing


def _found(things: Iterable[Any], known: KnownIds) -> Any | None:
    new = [thing for thing in things if thing.id not in known]
    if len(new) > 1:
        raise Rejected(
            f"The other server has “{new[0].name}” several times. Delete all but one there."
            if hasattr(new[0], "name")
            else "The other server has this region several times. Delete all but one there."
        )
    return new[0] if new else None


def _look_label(session: Session, row: Label) -> Iterable[Any]:
    return (one for one in session.server.iterate_labels(search=row.name) if one.name == row.name)


def _look_type(session: Session, row: SimilarityType) -> Iterable[Any]:
    return (one for one in session.server.iterate_types(search=row.name) if one.name == row.name)


def _look_task(session: Session, row: Task) -> Iterable[Any]:
    return (one for one in session.server.iterate_tasks(search=row.name) if one.name == row.name)


def _look_group(session: Session, row: Group) -> Iterable[RemoteGroup]:
    type_id = parent(session, "type", row.similarity_type_id)
    rows = session.server.iterate_groups(similarity_type=type_id, search=row.name)
    return (one for one in rows if one.name == row.name)


def _look_region(session: Session, row: Region) -> Iterable[RemoteRegion]:
    image_id = parent(session, "image", row.image_id)
    label_id = parent(session, "label", row.label_id)
    rows = session.server.iterate_regions(image=image_id, label=label_id)
    return (one for one in rows if one.box == row.box)


def _create_label(session: Session, row: Label, known: KnownIds) -> Any:
    return session.server.create_label(
        row.name,
        description=row.description,
        color=row.color,
        output_name=row.output_name,
        known=known,
    )


def _create_type(session: Session, row: SimilarityType, known: KnownIds) -> Any:
    return session.server.create_type(
        row.name, description=row.description, exclusive=row.exclusive, known=known
    )


def _create_task(session: Session, row: Task, known: KnownIds) -> Any:
    return session.server.create_task(row.name, description=row.description, known=known)


def _create_group(session: Session, row: Group, known: KnownIds) -> Any:
    return session.server.create_group(
        row.name,
        parent(session, "type", row.similarity_type_id),
        description=row.description,
        meta_data=row.meta_data,
        known=known,
    )


def _create_region(session: Session, row: Region, known: KnownIds) -> Any:
    return session.server.create_region(
        parent(session, "image", row.image_id),
        parent(session, "label", row.label_id),
        row.box,
        meta_data=row.meta_data,
        known=known,
    )


LOOK: Final[Mapping[str, Callable[[Session, Any], Iterable[Any]]]] = {
    "label": _look_label,
    "type": _look_type,
    "task": _look_task,
    "group": _look_group,
    "object": _look_region,
}
CREATE: Final[Mapping[str, Callable[[Session, Any, KnownIds], Any]]] = {
    "label": _create_label,
    "type": _create_type,
    "task": _create_task,
    "group": _create_group,
    "object": _create_region,
}
