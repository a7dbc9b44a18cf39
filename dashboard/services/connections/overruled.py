"""Tell in the journal that both sides changed a thing, and that the other side's values hold."""

from typing import Any
from uuid import UUID

from accounts.journal import record
from accounts.models import Workspace
from accounts.verbs import Verb

LONGEST = 200  # characters of a value in Activity; `before` and `after` have the whole


def tell_overruled(
    *,
    workspace: Workspace,
    noun: str,
    local_id: UUID,
    name: str,
    ours: dict[str, Any],
    theirs: dict[str, Any],
) -> None:
    """Record both values. Call it after all locks, in the transaction that takes theirs."""
    record(
        workspace=workspace,
        verb=Verb.OVERRULED,
        noun=noun,
        target_id=local_id,
        target_name=name,
        # Kept when the payload is pruned.
        details={"ours": _in_words(ours), "theirs": _in_words(theirs)},
        before=ours,
        after=theirs,
        actor=None,
    )


def _in_words(values: dict[str, Any]) -> str:
    told = (f"{field.replace('_', ' ')} “{value}”" for field, value in sorted(values.items()))
    return ", ".join(told)[:LONGEST]
