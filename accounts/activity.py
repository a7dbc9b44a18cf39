"""The one writer of activity rows; call it inside the transaction of the change it tells of."""

from typing import Any
from uuid import UUID

from accounts.models import Activity, User, Workspace


def record(
    *,
    workspace: Workspace,
    verb: str,
    noun: str,
    target_id: UUID | None = None,
    target_name: str = "",
    count: int = 1,
    details: dict[str, Any] | None = None,
    actor: User | None,
) -> Activity:
    """Write who did what to how many things; `actor` is None for the program itself."""
    return Activity.objects.create(
        workspace=workspace,
        actor=actor,
        verb=verb,
        noun=noun,
        target_id=target_id,
        target_name=target_name[:255],
        count=count,
        details=details or {},
    )
