"""Define which actions each role may do: the one table that pages and the API check."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps
from typing import Concatenate, ParamSpec

from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpResponse

from accounts.http import WorkspaceRequest
from accounts.models import Membership, Role, User
from accounts.queries import PRIVILEGED, has_second_factor, roles_of
from accounts.sign_in import second_factor_first, sign_in_first, step_first

P = ParamSpec("P")

_VIEWER = frozenset(
    {"workspace.view", "descriptors.extract", "search.run", "tokens.own", "connections.own"}
)
_EDITOR = _VIEWER | {
    "images.add",
    "images.change",
    "images.delete",
    "types.add",
    "types.change",
    "types.delete",
    "groups.add",
    "groups.change",
    "groups.delete",
    "objects.change",
    "verifications.own",
    "tasks.add",
    "tasks.change",
    "tasks.delete",
    "tasks.train",
    "collections.add",
    "collections.change",
    "collections.delete",
    "jobs.cancel",
    "jobs.retry",
}
_ADMIN = _EDITOR | {
    "connections.manage",
    "members.manage",
    "tokens.all",
    "versions.produce",
    "versions.delete",
    "verifications.all",
    "webhooks.manage",
    "workspace.change",
    "workspace.protect",
    "workspace.transfer",
}
_OWNER = _ADMIN | {"workspace.delete", "workspace.hand_over"}

ALLOWED: dict[str, frozenset[str]] = {
    Role.VIEWER: _VIEWER,
    Role.EDITOR: _EDITOR,
    Role.ADMIN: _ADMIN,
    Role.OWNER: _OWNER,
}
# The names of actions on pages, in the order of the table there; a test compares the two.
LABELS: dict[str, str] = {
    "workspace.view": "See everything in the workspace",
    "search.run": "Search by image",
    "descriptors.extract": "Extract embeddings",
    "tokens.own": "Have API tokens",
    "connections.own": "Connect with their own account on another server",
    "images.add": "Upload images",
    "images.change": "Change images",
    "images.delete": "Delete images",
    "types.add": "Create similarity types",
    "types.change": "Change similarity types",
    "types.delete": "Delete similarity types",
    "groups.add": "Create groups",
    "groups.change": "Change groups and their members",
    "groups.delete": "Delete groups",
    "objects.change": "Draw and change regions and their labels",
    "verifications.own": "Verify groups and images",
    "tasks.add": "Create tasks",
    "tasks.change": "Change tasks",
    "tasks.train": "Train tasks",
    "tasks.delete": "Delete tasks",
    "collections.add": "Create collections",
    "collections.change": "Change collections and their records",
    "collections.delete": "Delete collections",
    "jobs.cancel": "Cancel jobs",
    "jobs.retry": "Retry failed jobs",
    "versions.produce": "Put versions into production",
    "versions.delete": "Delete versions",
    "verifications.all": "Verify on behalf of another member",
    "members.manage": "Invite, change and remove workspace members",
    "tokens.all": "See and revoke everyone’s API tokens",
    "connections.manage": "Add and remove connections to other servers",
    "webhooks.manage": "Manage webhooks",
    "workspace.change": "Rename the workspace",
    "workspace.protect": "Require a second factor of admins and owners",
    "workspace.transfer": "Export the workspace and import archives into it",
    "workspace.hand_over": "Hand over the workspace",
    "workspace.delete": "Delete the workspace",
}
# What an API token with the scope "read" may do, whatever its user's role.
READ_SCOPE = _VIEWER - {"tokens.own", "connections.own"}


def is_allowed(role: str, action: str) -> bool:
    """Return whether a role may do an action. Raises `ValueError` for an unknown action."""
    # Owners may do everything, so this set has every action; without this check a misspelt one
    # would be refused to everybody.
    if action not in _OWNER:
        raise ValueError(f"unknown action {action!r}")
    return action in ALLOWED.get(role, frozenset())


@dataclass(frozen=True)
class Permission:
    """An action in words, and whether each role may do it."""

    label: str
    roles: list[tuple[Role, bool]]


def permissions() -> list[Permission]:
    """Return the table of permissions for people."""
    return [
        Permission(label, [(role, is_allowed(role, action)) for role in Role])
        for action, label in LABELS.items()
    ]


class SecondFactorNeeded(PermissionDenied):
    """The workspace requires a second factor of admins and owners, and this member has none."""

    def __init__(self, membership: Membership) -> None:
        super().__init__(
            f"{membership.workspace.name} requires a second factor of its admins and owners. Set "
            "one up on your account page; pages and API tokens then work here again."
        )


def lacks_second_factor(membership: Membership) -> bool:
    """Return whether the workspace requires a second factor that this member lacks."""
    return (
        membership.workspace.second_factor_required
        and membership.role in PRIVILEGED
        and not has_second_factor(membership.user)
    )


class StepNeeded(PermissionDenied):
    """The member may do this, but has to do something else first, on the page at `address`."""

    def __init__(self, sentence: str, address: str) -> None:
        super().__init__(sentence)
        self.address = address


Gate = Callable[[Membership, str], None]
_gates: list[Gate] = []


def add_gate(gate: Gate) -> None:
    """Have another room asked about each action that a role allows; it may raise `StepNeeded`.

    This room knows nothing of the others, which is why they register.
    """
    if gate not in _gates:
        _gates.append(gate)


def check(membership: Membership | None, action: str, *, second_factor: bool = True) -> Membership:
    """Return the membership if it allows the action; 404 for a stranger, 403 for a lower role.

    Also 403, as `SecondFactorNeeded`, if the workspace requires a second factor, and as
    `StepNeeded`, if a gate of another room does not let them through.
    """
    # 404: a stranger must not learn which workspaces exist.
    if membership is None:
        raise Http404("This workspace does not exist.")
    # Before the role: the message links to the page that sets up a second factor.
    if second_factor and lacks_second_factor(membership):
        raise SecondFactorNeeded(membership)
    if not is_allowed(membership.role, action):
        raise PermissionDenied(
            f"Your role in this workspace is {membership.get_role_display().lower()}; "
            "ask a workspace admin for a higher role."
        )
    for gate in _gates:
        gate(membership, action)
    return membership


def may_somewhere(user: User, action: str) -> bool:
    """Return whether a person may do the action in any workspace."""
    return any(is_allowed(role, action) for role in roles_of(user))


def signed_in(
    view: Callable[Concatenate[WorkspaceRequest, P], HttpResponse],
) -> Callable[Concatenate[WorkspaceRequest, P], HttpResponse]:
    """Require a signed-in user, in any workspace or none."""

    @wraps(view)
    def guarded(request: WorkspaceRequest, /, *args: P.args, **kwargs: P.kwargs) -> HttpResponse:
        if not request.user.is_authenticated:
            return sign_in_first(request)
        return view(request, *args, **kwargs)

    return guarded


def requires(
    action: str, *, second_factor: bool = True
) -> Callable[
    [Callable[Concatenate[WorkspaceRequest, P], HttpResponse]],
    Callable[Concatenate[WorkspaceRequest, P], HttpResponse],
]:
    """Require a signed-in member of the current workspace who may do the action.

    If the workspace requires the person's second factor, redirect to its set-up, unless
    `second_factor=False`.
    """

    def decorate(
        view: Callable[Concatenate[WorkspaceRequest, P], HttpResponse],
    ) -> Callable[Concatenate[WorkspaceRequest, P], HttpResponse]:
        @wraps(view)
        def guarded(
            request: WorkspaceRequest, /, *args: P.args, **kwargs: P.kwargs
        ) -> HttpResponse:
            if not request.user.is_authenticated:
                return sign_in_first(request)
            try:
                check(request.membership, action, second_factor=second_factor)
            except SecondFactorNeeded as refusal:
                return second_factor_first(request, str(refusal))
            except StepNeeded as refusal:
                return step_first(request, str(refusal), refusal.address)
            return view(request, *args, **kwargs)

        return guarded

    return decorate
