"""Describe calls about the user of an API token."""

from typing import Any

from rest_framework import serializers

from accounts.models import Role, Scope
from dashboard.api.schema import examples
from dashboard.api.schema.calls import ACCOUNT, Call, Noun


class UserWorkspaceAnswer(serializers.Serializer[Any]):
    """A workspace of the user."""

    id = serializers.UUIDField()
    name = serializers.CharField()
    role = serializers.ChoiceField(Role.choices)


class UserAnswer(serializers.Serializer[Any]):
    """The token's user."""

    id = serializers.UUIDField()
    email = serializers.CharField()
    name = serializers.CharField()
    default_workspace = serializers.UUIDField(help_text="The token's default workspace.")
    token_scope = serializers.ChoiceField(
        Scope.choices, help_text="What the token may do at most; the role decides the rest."
    )
    workspaces = UserWorkspaceAnswer(many=True)


class AuthorizedAnswer(serializers.Serializer[Any]):
    """The user of the token."""

    user_id = serializers.UUIDField()


SCHEMAS = {
    "AuthorizeFields": {
        "type": "object",
        "description": "For the hosted service's clients; here the role decides, call by call.",
        "properties": {"service": {}, "call_type": {}},
    }
}
NOUN = Noun(
    "User",
    "The owner of the token, and what the token gives access to.",
    {
        f"{ACCOUNT}/user/": {
            "GET": Call(
                "user_read",
                "Read the current user",
                UserAnswer,
                scoped=False,
                says={
                    "id": examples.USER,
                    "email": "alice@example.org",
                    "name": "Alice",
                    "default_workspace": examples.WORKSPACE,
                    "token_scope": "write",
                    "workspaces": [
                        {"id": examples.WORKSPACE, "name": "Alice’s shop", "role": "owner"}
                    ],
                },
            ),
        },
        "/authorization/v2/authorize": {
            "POST": Call(
                "authorize",
                "Check a token",
                AuthorizedAnswer,
                raw_body="AuthorizeFields",
                asks={"service": "similarity", "call_type": "request"},
                scoped=False,
                says={"user_id": examples.USER},
            ),
        },
    },
)
