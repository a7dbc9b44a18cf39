"""Tell from a change of the journal what has to be compared with the other server.

A change says which things and memberships to look at, not what to send: that is the difference
between what both sides had and what is here now. So a change may be looked at any number of times.
"""

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Final
from uuid import UUID

from accounts.journal import unpack
from accounts.models import Change
from accounts.verbs import Verb
from dashboard.models import Link
from dashboard.queries.connections.outbox import (
    gone_ids,
    groups_that_lost,
    placed_files_of,
    twin_ids,
    upload_of,
)
from dashboard.services.connections.fields import NOUNS
from dashboard.services.connections.pulling.passing import portions
from dashboard.services.journal.payloads import origins_of

AT_ONCE: Final = 500  # files of an upload
FILES: Final = "files"
# The ends of uploads. The things that an upload creates have no changes of their own.
OF_FILES: Final = (Verb.IMPORTED, Verb.UNDID)
# Nobody over there has verified what a member here has.
NEVER_SENT: Final = (Verb.VERIFIED, Verb.UNVERIFIED, Verb.OVERRULED, Verb.DISCARDED_CHANGES)
MARKS: Final = (Verb.MARKED_SEVERAL_TEST, Verb.UNMARKED_SEVERAL_TEST)
MEMBERS: Final = {
    Verb.ADDED_IMAGES: "image",
    Verb.MOVED_IMAGES: "image",
    Verb.REMOVED_IMAGES: "image",
    Verb.ADDED_OBJECTS: "object",
    Verb.MOVED_OBJECTS: "object",
    Verb.REMOVED_OBJECTS: "object",
    Verb.ADDED_GROUPS: "group",
    Verb.REMOVED_GROUPS: "group",
    Verb.ADDED_TYPE: "type",
    Verb.REMOVED_TYPE: "type",
}
MOVED: Final = (Verb.MOVED_IMAGES, Verb.MOVED_OBJECTS)

Thing = tuple[str, UUID]


@dataclass(frozen=True)
class Members:
    """Memberships of one container to compare; `ids` None: all of that kind."""

    noun: str
    container: UUID
    member: str
    ids: frozenset[UUID] | None


@dataclass(frozen=True)
class Cells:
    """What to compare: things with their fields, then memberships, parents before the rest.

    `marks` are many things of which only marks changed; `deleted` are gone here, or were.
    """

    things: list[Thing] = field(default_factory=list)
    marks: list[Thing] = field(default_factory=list)
    deleted: list[Thing] = field(default_factory=list)
    members: list[Members] = field(default_factory=list)

    def touched(self) -> Iterator[Thing]:
        """Yield all things, containers and members included."""
        yield from (*self.things, *self.marks, *self.deleted)
        for cell in self.members:
            yield cell.noun, cell.container
            yield from ((cell.member, one) for one in cell.ids or ())


def is_sent(change: Change) -> bool:
    """Say whether a change may concern the other server."""
    if change.noun == FILES:
        return change.verb in OF_FILES
    if change.actor_id is None:  # a pull, or the program itself
        return False
    return change.noun in NOUNS and change.verb not in NEVER_SENT


def cells_of(change: Change, link: Link) -> Iterator[Cells]:
    """Yield what to compare, in portions: an upload may have 100,000 files."""
    if change.noun == FILES:
        yield from _of_upload(change, link)
    elif change.verb in MEMBERS:
        yield Cells(members=_members(change, link))
    elif change.verb == Verb.DELETED:
        yield Cells(deleted=_things(change) or _gone(link, [change.noun]))
    elif change.verb in MARKS or (change.verb == Verb.CHANGED and change.target_id is None):
        yield from _of_marks(change, link)
    else:
        yield Cells(things=_things(change))


def _things(change: Change) -> list[Thing]:
    ids = unpack(change.members) if change.target_id is None else [change.target_id]
    return [(change.noun, one) for one in ids]


def _of_marks(change: Change, link: Link) -> Iterator[Cells]:
    if change.members is not None:
        yield Cells(marks=_things(change))
        return
    # An older change does not name the things that it marked: all of that noun are compared.
    for some in portions(twin_ids(link, change.noun), AT_ONCE):
        yield Cells(marks=[(change.noun, one) for one in some])


def _members(change: Change, link: Link) -> list[Members]:
    member = MEMBERS[Verb(change.verb)]
    ids = _member_ids(change)
    cells = [Members(change.noun, UUID(str(change.target_id)), member, ids)]
    if change.verb not in MOVED:
        return cells
    # A move leaves groups as well; which member came from which is a part of what is compared.
    origins = {one: frozenset(left) for one, left in origins_of(change.before).items()}
    # An older change does not name them.
    left_by = origins or dict.fromkeys(groups_that_lost(link), ids)
    return [*cells, *(Members("group", one, member, left) for one, left in left_by.items())]


def _member_ids(change: Change) -> frozenset[UUID] | None:
    if change.noun == "task":
        values = (change.before or {}) | (change.after or {})
        found = values.get("similarity_type")
        return None if found is None else frozenset([UUID(found)])
    # An older change names no members: everything in the group is compared.
    return None if change.members is None else frozenset(unpack(change.members))


def _gone(link: Link, nouns: Iterable[str]) -> list[Thing]:
    return [(noun, one) for noun in nouns for one in gone_ids(link, NOUNS[noun].model, noun)]


def _of_upload(change: Change, link: Link) -> Iterator[Cells]:
    if change.verb == Verb.UNDID:
        yield from _of_undone_upload(link)
        return
    upload = upload_of(change)
    if upload is not None:
        for files in portions(placed_files_of(upload), AT_ONCE):
            yield _of_files(files)


def _of_undone_upload(link: Link) -> Iterator[Cells]:
    """Yield what is gone here: an upload that is undone no longer knows what it had created."""
    for groups in portions(groups_that_lost(link), AT_ONCE):
        yield Cells(members=[Members("group", group, "image", None) for group in groups])
    for images in portions(_gone(link, ["image"]), AT_ONCE):
        yield Cells(deleted=images)
    yield Cells(deleted=_gone(link, ["group", "type"]))


def _of_files(files: Collection[tuple[UUID, UUID | None]]) -> Cells:
    by_group: dict[UUID, set[UUID]] = {}
    for image, group in files:
        if group is not None:
            by_group.setdefault(group, set()).add(image)
    things: list[Thing] = [("group", one) for one in by_group]
    things += dict.fromkeys(("image", image) for image, _ in files)
    return Cells(
        things=things,
        members=[
            Members("group", group, "image", frozenset(some)) for group, some in by_group.items()
        ],
    )
