"""Send the fields of things that differ from what both sides had, and delete things there."""

from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import suppress
from typing import Any, Final
from uuid import UUID

from dashboard.models import Twin
from dashboard.queries.connections.outbox import find_here, here_among
from dashboard.queries.connections.twins import twins_here
from dashboard.remote import NotFound
from dashboard.services.connections.fields import NOUNS, Values
from dashboard.services.connections.merging import Merged, merge
from dashboard.services.connections.outbox.creating import create, parent
from dashboard.services.connections.outbox.errors import Rejected
from dashboard.services.connections.outbox.session import KnownIds, Session
from dashboard.services.connections.overruled import tell_overruled
from dashboard.services.row_locks import lock_all

# The API has no call for the first; a region on another image is another region there.
NEVER: Final = {"image": ("file_name",), "object": ("image",)}
# Where these conflict, the pull takes theirs: other rows depend on them.
LEFT_TO_THE_PULL: Final = ("exclusive", "similarity_type", "image", "label")
MARKS: Final = {"image": ("test_image", "real"), "group": ("test_group",)}


def send_thing(session: Session, noun: str, local_id: UUID) -> None:
    """Create a thing over there, or send what differs. Raises as `create` does."""
    row = find_here(session.link, NOUNS[noun].model, local_id)
    if row is None:
        return  # a later change deletes it
    twin = session.twin(noun, local_id)
    if twin is None:
        twin, thing = create(session, noun, row)
    else:
        try:
            thing = READ[noun](session, twin.remote_id)
        except NotFound:
            return  # deleted there, and theirs holds: the next pull deletes it here and tells
    _send_differences(session, row, twin, session.theirs(noun, thing))


def _send_differences(session: Session, row: Any, twin: Twin, theirs: Values) -> None:
    ours = NOUNS[twin.noun].ours(row)
    merged = merge(twin.base, ours, theirs)
    if merged.send.keys() & set(NEVER.get(twin.noun, ())) == {"image"}:
        raise Rejected("The other server cannot move a region to another image. Draw it anew.")
    send = {name: value for name, value in merged.send.items() if name not in _never(twin.noun)}
    after = theirs | (CHANGE[twin.noun](session, twin.remote_id, send) if send else {})
    _settle(session, twin, ours, merged, {name: after[name] for name in send if name in after})


def _never(noun: str) -> Collection[str]:
    return NEVER.get(noun, ())


def _settle(session: Session, twin: Twin, ours: Values, merged: Merged, sent: Values) -> None:
    """Write what both sides have now.

    What only they changed is left to the pull, and so is its base.
    """
    lost = {name: merged.take[name] for name in merged.lost if name not in LEFT_TO_THE_PULL}
    # The other server may spell a value in its own way: then that holds here, too.
    take = lost | {name: value for name, value in sent.items() if value != ours[name]}
    equal = {
        name: value
        for name, value in ours.items()
        if name not in merged.take and name not in merged.send
    }
    told = {name: merged.lost[name] for name in lost}
    noun = NOUNS[twin.noun]
    with session.writing():
        row = next(iter(lock_all(noun.model.objects.filter(pk=twin.local_id))), None)
        if row is not None and take:
            _put_if_same(noun, row, ours, take)
        # A pull may have written other fields, or found it deleted there, since it was read.
        held = Twin.objects.filter(pk=twin.pk).first()
        if held is None:
            return
        twin = held
        twin.base = {**twin.base, **equal, **sent, **lost}
        twin.problem = ""
        twin.save(update_fields=["base", "problem"])
        if told and row is not None:
            tell_overruled(
                workspace=session.link.workspace,
                noun=twin.noun,
                local_id=twin.local_id,
                name=str(row),
                ours=told,
                theirs=lost,
            )


def _put_if_same(noun: Any, row: Any, ours: Values, take: Values) -> None:
    now = noun.ours(row)
    # What was changed while the other server was asked has a change of its own, sent next.
    values = {name: value for name, value in take.items() if now[name] == ours[name]}
    if values:
        noun.put(row, values)
        row.save()


def send_marks(session: Session, noun: str, ids: Collection[UUID]) -> None:
    """Send the marks that differ, 10,000 a call, without reading what is there.

    A mark has two values: if both sides have changed it, they agree.
    """
    rows = here_among(session.link, NOUNS[noun].model, ids)
    twins = twins_here(session.link, noun, ids)
    for name in MARKS[noun]:
        for value in (True, False):
            some = [
                twins[row.pk]
                for row in rows
                if row.pk in twins
                and twins[row.pk].base.get(name) is (not value)
                and getattr(row, name) is value
            ]
            _send_mark(session, noun, name, some, value=value)


def _send_mark(
    session: Session, noun: str, name: str, twins: Sequence[Twin], *, value: bool
) -> None:
    if not twins:
        return
    remote_ids = [twin.remote_id for twin in twins]
    if noun == "group":
        session.server.mark_groups(remote_ids, test=value)
    else:
        session.server.mark_images(remote_ids, **{"test" if name == "test_image" else name: value})
    with session.writing():
        # Read again: a pull may have written other fields since.
        held = list(Twin.objects.filter(pk__in=[twin.pk for twin in twins]))
        for twin in held:
            twin.base = {**twin.base, name: value}
        Twin.objects.bulk_update(held, ["base"], batch_size=500)


def delete_thing(session: Session, noun: str, local_id: UUID) -> None:
    """Delete a thing over there, if it is there."""
    twin = session.twin(noun, local_id)
    if twin is None:
        return
    with suppress(NotFound):
        DELETE[noun](session, twin)
    with session.writing():
        # What was deleted with it has lost its twin, too.
        if noun in PARENTS:
            within = {f"base__{PARENTS[noun][1]}": str(local_id)}
            Twin.objects.filter(link=session.link, noun=PARENTS[noun][0], **within).delete()
        twin.delete()


PARENTS: Final = {"type": ("group", "similarity_type"), "label": ("object", "label")}


def _delete_type(session: Session, twin: Twin) -> None:
    known = KnownIds(session.link, "group")
    groups = session.server.iterate_groups(similarity_type=twin.remote_id)
    # Only groups that the member saw here are deleted with it.
    if any(group.id not in known for group in groups):
        raise Rejected("On the other server the type has groups that were not pulled. Pull first.")
    session.server.delete_type(twin.remote_id, force=True)


def _delete_label(session: Session, twin: Twin) -> None:
    # Over there, a label with regions cannot be deleted.
    known = KnownIds(session.link, "object")
    regions = [one.id for one in session.server.iterate_regions(label=twin.remote_id)]
    if any(one not in known for one in regions):
        raise Rejected(
            "On the other server the label has regions that were not pulled. Pull first."
        )
    for one in regions:
        session.server.delete_region(one)
    session.server.delete_label(twin.remote_id)


def _change_group(session: Session, remote_id: str, values: Values) -> Values:
    fields = dict(values)
    test = fields.pop("test_group", None)
    after: Values = {}
    if test is not None:
        session.server.mark_groups([remote_id], test=test)
        after = {"test_group": test}
    if not fields:
        return after
    if "similarity_type" in fields:
        fields["similarity_type"] = parent(session, "type", UUID(fields["similarity_type"]))
    return session.theirs("group", session.server.change_group(remote_id, **fields)) | after


def _change_region(session: Session, remote_id: str, values: Values) -> Values:
    fields = dict(values)
    if "label" in fields:
        fields["label_id"] = parent(session, "label", UUID(fields.pop("label")))
    if "box" in fields:
        fields["box"] = tuple(fields["box"])
    return session.theirs("object", session.server.change_region(remote_id, **fields))


READ: Final[Mapping[str, Callable[[Session, str], Any]]] = {
    "label": lambda session, one: session.server.label(one),
    "type": lambda session, one: session.server.similarity_type(one),
    "image": lambda session, one: session.server.image(one),
    "group": lambda session, one: session.server.group_members(one).group,
    "object": lambda session, one: session.server.region(one),
    "task": lambda session, one: session.server.task(one),
}
CHANGE: Final[Mapping[str, Callable[[Session, str, Values], Values]]] = {
    "label": lambda session, one, values: session.theirs(
        "label", session.server.change_label(one, **values)
    ),
    "type": lambda session, one, values: session.theirs(
        "type", session.server.change_type(one, **values)
    ),
    "image": lambda session, one, values: session.theirs(
        "image", session.server.change_image(one, **values)
    ),
    "task": lambda session, one, values: session.theirs(
        "task", session.server.change_task(one, **values)
    ),
    "group": _change_group,
    "object": _change_region,
}
DELETE: Final[Mapping[str, Callable[[Session, Twin], None]]] = {
    "label": _delete_label,
    "type": _delete_type,
    "image": lambda session, twin: session.server.delete_image(twin.remote_id),
    "group": lambda session, twin: session.server.delete_group(twin.remote_id),
    "object": lambda session, twin: session.server.delete_region(twin.remote_id),
    "task": lambda session, twin: session.server.delete_task(twin.remote_id),
}
