"""Describe calls about workspaces."""

from typing import Any

from rest_framework import serializers

from accounts.models import Role
from dashboard.api.schema import examples
from dashboard.api.schema.calls import ACCOUNT, Call, Noun, a_page, page_of
from dashboard.api.schema.parameters import LIST
from dashboard.api.workspaces.workspaces import NewWorkspaceFields, WorkspaceFields


class WorkspaceAnswer(serializers.Serializer[Any]):
    """A workspace."""

    id = serializers.UUIDField()
    name = serializers.CharField()
    owner = serializers.UUIDField()
    role = serializers.ChoiceField(Role.choices, help_text="Yours.")
    members_count = serializers.IntegerField(min_value=1)
    encoder = serializers.CharField(
        allow_blank=True,
        help_text="Key of the encoder for tasks that name none. Empty: the server's default.",
    )
    created = serializers.DateTimeField()
    modified = serializers.DateTimeField()


EXAMPLE = {
    "id": examples.WORKSPACE,
    "name": "Alice’s shop",
    "owner": examples.USER,
    "role": "owner",
    "members_count": 4,
    "encoder": "",
    "created": examples.CREATED,
    "modified": examples.MODIFIED,
}
ASKS = {"name": "Alice’s second shop"}

_CHANGE = Call(
    "",
    "Rename a workspace, or choose its encoder",
    WorkspaceAnswer,
    body=WorkspaceFields,
    partial=True,
    text=(
        "Requires an admin. `encoder` is an addition to the contract: `builtin-1+photo-1` "
        "(shapes, colours and object categories), `builtin-1` (shapes and colours only, in a "
        "third of the time) or the key of an encoder that is registered on this server. An "
        "unknown encoder, or one that is not ready, is refused with 400. A job processes all "
        "images; until it is done, search works as before. Versions keep the encoder that they "
        "were trained with."
    ),
    asks=ASKS,
    scoped=False,
    says=EXAMPLE | ASKS,
)
NOUN = Noun(
    "Workspaces",
    "A workspace contains everything of one team. Only its members have access.",
    {
        f"{ACCOUNT}/workspace/": {
            "GET": Call(
                "workspaces_list",
                "List your workspaces",
                page_of(WorkspaceAnswer),
                query=LIST,
                scoped=False,
                says=a_page(EXAMPLE),
            ),
            "POST": Call(
                "workspaces_create",
                "Create a workspace",
                WorkspaceAnswer,
                status=201,
                body=NewWorkspaceFields,
                refuses=[409],
                text="409 if you already own as many workspaces as allowed.",
                asks=ASKS,
                scoped=False,
                says=EXAMPLE | ASKS | {"members_count": 1},
            ),
        },
        f"{ACCOUNT}/workspace/{{workspace_id}}": {
            "GET": Call(
                "workspaces_read", "Read a workspace", WorkspaceAnswer, scoped=False, says=EXAMPLE
            ),
            "PUT": _CHANGE.named("workspaces_put"),
            "PATCH": _CHANGE.named("workspaces_patch"),
            "DELETE": Call(
                "workspaces_delete",
                "Delete a workspace with everything in it",
                status=204,
                scoped=False,
                text="Requires the owner, and cannot be undone.",
            ),
        },
    },
)
