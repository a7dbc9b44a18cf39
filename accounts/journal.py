"""Write the journal, inside the transaction of the change that is recorded.

Call it after the service has taken all its locks: of two changes to the same thing, the one that
had to wait for the other's locks then has the higher id. The order of the journal depends on that.
"""

from collections.abc import Iterable
from typing import Any
from uuid import UUID

from django.db.models import Model

from accounts.models import Change, User, Workspace
from accounts.verbs import Verb

ID_BYTES = 16


def record(
    *,
    workspace: Workspace,
    verb: Verb,
    noun: str,
    target_id: UUID | None = None,
    target_name: str = "",
    count: int = 1,
    details: dict[str, Any] | None = None,
    before: dict[str, Any] | None = None,
    after: dict[str, Any] | None = None,
    members: Iterable[UUID] | None = None,
    inverse: str = "",
    undoes: Change | None = None,
    actor: User | None,
) -> Change:
    """Record who did what to how many things, by one statement; `actor` None: the program itself.

    `details` are the words of its sentence and are kept; `before`, `after` and `members` are what
    an undo or another server needs, and are deleted after `LIKEWISE_KEEP_CHANGES` days. `inverse`
    names what can undo it, see `dashboard/services/journal/inverses.py`. `members` are the ids that
    really changed, `dashboard/services/journal/payloads.py` describes what stands beside them.
    """
    return Change.objects.create(
        workspace=workspace,
        actor=actor,
        verb=verb,
        noun=noun,
        target_id=target_id,
        target_name=target_name[:255],
        count=count,
        details=details or {},
        before=before,
        after=after,
        members=None if members is None else pack(members),
        has_payload=any(one is not None for one in (before, after, members)),
        inverse=inverse,
        undoes=undoes,
    )


def values_of(row: Model, names: Iterable[str]) -> dict[str, Any]:
    """Return fields of a row as JSON values, for a change's `before` and `after`."""
    fields: list[Any] = [row._meta.get_field(name) for name in names]
    values = {field.name: getattr(row, field.attname) for field in fields}
    return {name: str(one) if isinstance(one, UUID) else one for name, one in values.items()}


def pack(ids: Iterable[UUID]) -> bytes:
    """Return ids as bytes, one after another: they are random, so compression would not help."""
    return b"".join(one.bytes for one in ids)


def unpack(members: bytes | memoryview | None) -> list[UUID]:
    """Return the ids of a change, in the order in which they were written."""
    packed = bytes(members or b"")
    return [UUID(bytes=packed[at : at + ID_BYTES]) for at in range(0, len(packed), ID_BYTES)]
