"""Acts on workspaces, members and tokens: what is there before, then the act."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

from django.utils import timezone

from accounts import services as people
from accounts import team
from accounts.models import Membership, Role
from accounts.second_factors import require_second_factors
from dashboard.services.workspaces.workspaces import open_workspace
from tests.factories import Cast

Act = Callable[[], object]


def _invitation(cast: Cast, email: str = "ivy@example.org") -> Any:
    return team.invite_member(
        workspace=cast.workspace, email=email, role=Role.EDITOR, actor=cast.alice
    )[0]


def _member(cast: Cast) -> Any:
    return Membership.objects.get(user=cast.bob)


def open_one(cast: Cast) -> Act:
    return lambda: open_workspace(name="Second", actor=cast.alice)


def create_workspace(cast: Cast) -> Act:
    return lambda: people.create_workspace(name="Second", actor=cast.alice)


def rename_workspace(cast: Cast) -> Act:
    return lambda: people.rename_workspace(
        workspace=cast.workspace, name="Second", actor=cast.alice
    )


def issue_token(cast: Cast) -> Act:
    return lambda: people.issue_token(name="mine", workspace=cast.workspace, actor=cast.bob)


def revoke_token(cast: Cast) -> Act:
    token, _ = people.issue_token(name="mine", workspace=cast.workspace, actor=cast.bob)
    return lambda: people.revoke_token(token=token, actor=cast.bob)


def revoke_one_by_name(cast: Cast) -> Act:
    """Each token of the name is a change."""
    expires = timezone.now() + timedelta(days=1)
    people.issue_token(name="mine", workspace=cast.workspace, expires=expires, actor=cast.bob)
    return lambda: people.revoke_tokens_named(name="mine", actor=cast.bob)


def change_role(cast: Cast) -> Act:
    member = _member(cast)
    return lambda: team.change_role(membership=member, role=Role.ADMIN, actor=cast.alice)


def remove_member(cast: Cast) -> Act:
    member = _member(cast)
    return lambda: team.remove_member(membership=member, actor=cast.alice)


def hand_over(cast: Cast) -> Act:
    member = _member(cast)
    return lambda: team.hand_over(membership=member, actor=cast.alice)


def invite(cast: Cast) -> Act:
    return lambda: _invitation(cast)


def withdraw(cast: Cast) -> Act:
    invitation = _invitation(cast)
    return lambda: team.withdraw_invitation(invitation=invitation, actor=cast.alice)


def accept(cast: Cast) -> Act:
    invitation = _invitation(cast, cast.charlie.email)
    return lambda: team.accept_invitation(invitation=invitation, actor=cast.charlie)


def ask_for_second_factors(cast: Cast) -> Act:
    cast.workspace.second_factor_required = True
    cast.workspace.save()
    return lambda: require_second_factors(
        workspace=cast.workspace, required=False, actor=cast.alice
    )


ACTS: dict[str, Callable[[Cast], Act]] = {
    "accounts.second_factors.require_second_factors": ask_for_second_factors,
    "accounts.services.create_workspace": create_workspace,
    "accounts.services.issue_token": issue_token,
    "accounts.services.rename_workspace": rename_workspace,
    "accounts.services.revoke_token": revoke_token,
    "accounts.services.revoke_tokens_named": revoke_one_by_name,
    "accounts.team.accept_invitation": accept,
    "accounts.team.change_role": change_role,
    "accounts.team.hand_over": hand_over,
    "accounts.team.invite_member": invite,
    "accounts.team.remove_member": remove_member,
    "accounts.team.withdraw_invitation": withdraw,
    "workspaces.workspaces.open_workspace": open_one,
}
