"""What a person has tried: the steps of the checklist that leave no row behind."""

from accounts.http import WorkspaceRequest

SESSION_KEY = "tried"


def remember(request: WorkspaceRequest, step: str) -> None:
    """Tick a step for this person in this workspace; the session is written once."""
    tried = request.session.get(SESSION_KEY, [])
    name = f"{step} {request.workspace.id}"
    # Written once: a session that is changed costs a write to the database.
    if name not in tried:
        request.session[SESSION_KEY] = [*tried, name]


def has_tried(request: WorkspaceRequest, step: str) -> bool:
    """Say whether the person has done it here."""
    return f"{step} {request.workspace.id}" in request.session.get(SESSION_KEY, [])
