"""Read the token's account and manage its workspaces."""

from collections.abc import Container, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Self

from dashboard.remote.address import segment
from dashboard.remote.calls import KNOWN, Calls
from dashboard.remote.fields import Fields

_USER: Final = "account/v2/user/"
_WORKSPACE: Final = "account/v2/workspace/"


@dataclass(frozen=True, kw_only=True, slots=True)
class AccountWorkspace:
    """A workspace of an account; `role` is the account's role there, None if not stated."""

    id: str
    name: str
    role: str | None

    @classmethod
    def of(cls, fields: Fields) -> Self:
        """Return a workspace from an answer's fields."""
        return cls(id=fields.id(), name=fields.text("name"), role=fields.text_or_none("role"))


@dataclass(frozen=True, kw_only=True, slots=True)
class Account:
    """The person whose token it is.

    `workspaces` is None if the server does not list them here. `token_scope` is what the token may
    do at most, such as "read", if that is said.
    """

    id: str
    email: str | None
    name: str | None
    default_workspace: str | None
    workspaces: tuple[AccountWorkspace, ...] | None
    token_scope: str | None

    @classmethod
    def of(cls, fields: Fields) -> Self:
        """Return an account from an answer's fields."""
        return cls(
            id=fields.id(),
            email=fields.text_or_none("email"),
            name=fields.text_or_none("name"),
            default_workspace=fields.id_or_none("default_workspace"),
            workspaces=fields.list_or_none("workspaces", AccountWorkspace.of),
            token_scope=fields.text_or_none("token_scope"),
        )


@dataclass(frozen=True, kw_only=True, slots=True)
class Workspace:
    """A workspace; values that the server does not state are None."""

    id: str
    name: str
    owner: str | None
    role: str | None
    members_count: int | None
    created: datetime | None
    modified: datetime | None

    @classmethod
    def of(cls, fields: Fields) -> Self:
        """Return a workspace from an answer's fields."""
        return cls(
            id=fields.id(),
            name=fields.text("name"),
            owner=fields.id_or_none("owner"),
            role=fields.text_or_none("role"),
            members_count=fields.number_or_none("members_count"),
            created=fields.moment_or_none("created"),
            modified=fields.moment_or_none("modified"),
        )


class AccountCalls(Calls):
    """Calls for the account and its workspaces."""

    def account(self) -> Account:
        """Return the account of the token: the quickest way to test a token."""
        return self._get("Read the account", _USER, Account.of)

    def iterate_workspaces(self) -> Iterator[Workspace]:
        """Yield the workspaces that the account is a member of."""
        return self._list("List the workspaces", _WORKSPACE, Workspace.of)

    def workspace(self, workspace_id: str) -> Workspace:
        """Return a workspace."""
        return self._get("Read a workspace", _one(workspace_id), Workspace.of)

    def create_workspace(self, name: str, *, known: Container[str] = KNOWN) -> Workspace:
        """Create a workspace, once; identified by its name. `Server` explains creating."""
        return self._create(
            "Create a workspace",
            _WORKSPACE,
            {"name": name},
            Workspace.of,
            lambda: (row for row in self.iterate_workspaces() if row.name == name),
            known,
        )

    def change_workspace(self, workspace_id: str, *, name: str) -> Workspace:
        """Rename a workspace."""
        path = _one(workspace_id)
        return self._change("Rename a workspace", "PATCH", path, {"name": name}, Workspace.of)

    def delete_workspace(self, workspace_id: str) -> None:
        """Delete a workspace with everything in it."""
        self._delete("Delete a workspace", _one(workspace_id))


def _one(workspace_id: str) -> str:
    return _WORKSPACE + segment(workspace_id)
