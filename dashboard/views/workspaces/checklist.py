"""Store which steps of the checklist a person has tried, for steps that leave no row."""

from accounts.http import WorkspaceRequest

SESSION_KEY = "tried"


def remember(request: WorkspaceRequest, step: str) -> None:
    """Record a step of this person in this workspace."""
    tried = request.session.get(SESSION_KEY, [])
    name = f"{step} {request.workspace.id}"
    # Written once: a changed session costs a write to the database.
    if name not in tried:
        request.session[SESSION_KEY] = [*tried, name]


def has_tried(request: WorkspaceRequest, step: str) -> bool:
    """Return whether the person has tried the step here."""
    return f"{step} {request.workspace.id}" in request.session.get(SESSION_KEY, [])
