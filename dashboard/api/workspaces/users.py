"""`/account/v2/user` and `/authorization/v2/authorize`: whose key this is."""

from typing import cast

from rest_framework.request import Request
from rest_framework.response import Response

from accounts.models import ApiToken
from accounts.queries import memberships_of
from dashboard.api.base import ApiView
from dashboard.api.bodies import body_of


class CurrentUser(ApiView):
    """The person whose key this is."""

    def get(self, request: Request) -> Response:
        """Read who it is and where they are a member."""
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
    """Whether a key works: it got as far as here."""

    def post(self, request: Request) -> Response:
        """Say whose it is, whatever the service; every call checks the role by itself."""
        body_of(request)
        return Response({"user_id": self.user.id})
