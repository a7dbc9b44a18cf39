"""Open a workspace: the people's side of it, and what the platform adds."""

from django.db import transaction

from accounts.models import User, Workspace
from accounts.services import create_first_owner, create_workspace
from dashboard.models import DEFAULT_LABEL, Label


@transaction.atomic
def open_workspace(*, name: str, actor: User) -> Workspace:
    """Create a workspace that the actor owns, with the label for boxes that need no other."""
    workspace = create_workspace(name=name, actor=actor)
    Label.objects.create(workspace=workspace, name=DEFAULT_LABEL)
    return workspace


@transaction.atomic
def open_installation(*, email: str, password: str, name: str) -> tuple[User, Workspace]:
    """Create the first user and the first workspace.

    Raises `AlreadySetUp` once anybody exists, `ValidationError` for a weak password.
    """
    owner = create_first_owner(email=email, password=password)
    return owner, open_workspace(name=name, actor=owner)
