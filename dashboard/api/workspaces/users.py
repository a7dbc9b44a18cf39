"""Serve `/account/v2/user` and `/authorization/v2/authorize`: the user of an API token."""

from typing import cast

from rest_framework.request import Request
from rest_framework.response import Response

from accounts.models import ApiToken
from accounts.queries import memberships_of
from dashboard.api.base import ApiView
from dashboard.api.bodies import body_of


class CurrentUser(ApiView):
    """The user of the API token."""

    def get(self, request: Request) -> Response:
        """Return the user and their memberships."""
        found = [
            {"id": row.workspace_id, "name": row.workspace.name, "role": row.role}
            for row in memberships_of(self.user)
        ]
        token = cast("ApiToken", request.auth)
        return Response(
            {
                "id": self.user.id,
                "email": self.user.email,
                "name": self.user.name,
                "default_workspace": token.workspace_id,
                "token_scope": token.scope,
                "workspaces": found,
            }
        )


class Authorization(ApiView):
    """Whether an API token works: it does if this call is reached."""

    def post(self, request: Request) -> Response:
        """Return the user, whatever the service; every call checks the role itself."""
        body_of(request)
        return Response({"user_id": self.user.id})
