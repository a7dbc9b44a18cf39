"""Define the type of requests in views, with a user, a workspace and a role."""

from django.http import HttpRequest
from django_htmx.middleware import HtmxDetails

from accounts.models import Membership, User, Workspace


class WorkspaceRequest(HttpRequest):
    """A signed-in request after `accounts.middleware.workspace`."""

    user: User
    htmx: HtmxDetails
    request_id: str
    workspace: Workspace
    membership: Membership | None
    memberships: list[Membership]
