"""Change the members of a workspace: roles, leaving, handing over, invitations.

As in `services.py`, each function is one transaction and records one change.
"""

import secrets
from datetime import timedelta
from typing import Any

from django.db import IntegrityError, transaction
from django.utils import timezone

from accounts.errors import (
    AlreadyAMember,
    InvitationUsed,
    InvitedElsewhere,
    MemberGone,
    NotTheOwner,
    OwnerStays,
    OwnRole,
    RoleNotGiven,
)
from accounts.events import record_event
from accounts.journal import record
from accounts.models import AccountEvent, ApiToken, Invitation, Membership, Role, User, Workspace
from accounts.queries import digest_of, get_invitation, has_member, open_invitations
from accounts.services import create_user, refuse_one_more
from accounts.verbs import Verb

INVITATION_DAYS = 7
EVENTS = {
    Verb.INVITED: AccountEvent.Verb.INVITED,
    Verb.WITHDREW: AccountEvent.Verb.INVITATION_WITHDRAWN,
}
# Ownership is handed over, so that there is one owner at any moment.
GIVEN_ROLES = (Role.VIEWER, Role.EDITOR, Role.ADMIN)


@transaction.atomic
def change_role(*, membership: Membership, role: str, actor: User) -> None:
    """Change a member's role; the same role again changes nothing.

    A person who is no longer an admin loses the open invitations that they made: the link of one
    would let them back in as an admin under another name.

    Raises `RoleNotGiven`, `OwnRole`, `OwnerStays` and `MemberGone`.
    """
    if role not in GIVEN_ROLES:
        raise RoleNotGiven(role)
    # An admin who lowers their own role by mistake could not raise it again.
    if membership.user_id == actor.pk:
        raise OwnRole
    row = _locked(membership)
    before = row.role
    if before == role:
        return
    row.role = role
    row.save(update_fields=["role"])
    if role != Role.ADMIN:
        _withdraw_those_of(row)
    _tell(Verb.CHANGED_ROLE, row, before=before, after=role, actor=actor)


@transaction.atomic
def remove_member(*, membership: Membership, actor: User) -> int:
    """Remove a member, who may be the actor; return how many API tokens were revoked.

    API tokens of the person whose default workspace this is stop working, and so do the open
    invitations that the person made. Raises `OwnerStays` and `MemberGone`.
    """
    row = _locked(membership)
    tokens = ApiToken.objects.filter(
        user=row.user_id, workspace=row.workspace_id, revoked__isnull=True
    ).update(revoked=timezone.now())
    # In this transaction: an invitation that stays open would be a way back in.
    _withdraw_those_of(row)
    row.delete()
    verb = Verb.LEFT if row.user_id == actor.pk else Verb.REMOVED
    _tell(verb, row, role=row.role, tokens=tokens, actor=actor)
    return tokens


@transaction.atomic
def shut_out(*, workspace: Workspace) -> None:
    """End all access to a workspace: its memberships, API tokens and open invitations.

    It records no change, as nobody could read it.
    """
    now = timezone.now()
    # Invitations first: a person who accepts one at this moment is then among the members, or
    # refused.
    open_invitations(workspace).update(revoked=now)
    ApiToken.objects.filter(workspace=workspace, revoked__isnull=True).update(revoked=now)
    Membership.objects.filter(workspace=workspace).delete()


@transaction.atomic
def hand_over(*, membership: Membership, actor: User) -> None:
    """Make a member the owner; the actor, who was the owner, becomes an admin.

    Raises `NotTheOwner`, `OwnerStays`, `MemberGone` and `TooManyWorkspaces`.
    """
    # Both rows by one statement, in the order of ids: of two concurrent changes, one waits, and
    # they cannot deadlock.
    rows = Membership.objects.select_for_update(of=("self",)).filter(
        workspace=membership.workspace, user__in=[actor.pk, membership.user_id]
    )
    found = {row.user_id: row for row in rows.select_related("user", "workspace").order_by("id")}
    old, new = found.get(actor.pk), found.get(membership.user_id)
    if old is None or old.role != Role.OWNER:
        raise NotTheOwner
    if old == new:
        raise OwnerStays
    if new is None or not new.user.is_active:
        raise MemberGone
    refuse_one_more(new.user)
    # The old owner first: the constraint allows only one owner at any moment.
    for row, role in ((old, Role.ADMIN), (new, Role.OWNER)):
        row.role = role
        row.save(update_fields=["role"])
    _tell(Verb.HANDED_OVER, new, actor=actor)


@transaction.atomic
def invite_member(
    *, workspace: Workspace, email: str, role: str, anyone: bool = False, actor: User
) -> tuple[Invitation, str]:
    """Invite someone; return the row and the link's secret, which is not stored.

    Only the account with the email address may accept, unless `anyone` with the link may. An older
    open invitation of the same email address is withdrawn. Raises `RoleNotGiven` and
    `AlreadyAMember`.
    """
    if role not in GIVEN_ROLES:
        raise RoleNotGiven(role)
    email = email.lower()
    if has_member(workspace, email):
        raise AlreadyAMember(email)
    now = timezone.now()
    # The newest decides the role: an older link must not give a role that was corrected since.
    open_invitations(workspace).filter(email=email).update(revoked=now)
    secret = secrets.token_urlsafe(32)
    invitation = Invitation.objects.create(
        workspace=workspace,
        email=email,
        anyone=anyone,
        role=role,
        digest=digest_of(secret),
        invited_by=actor,
        created=now,
        expires=now + timedelta(days=INVITATION_DAYS),
    )
    _tell_of(Verb.INVITED, invitation, actor)
    return invitation, secret


@transaction.atomic
def withdraw_invitation(*, invitation: Invitation, actor: User) -> None:
    """Withdraw an invitation; one that is no longer open is not changed."""
    mine = open_invitations(invitation.workspace).filter(pk=invitation.pk)
    if mine.update(revoked=timezone.now()):
        _tell_of(Verb.WITHDREW, invitation, actor)


@transaction.atomic
def accept_invitation(*, invitation: Invitation, actor: User) -> Membership:
    """Make the actor a member with the invitation's role, once.

    Raises `AlreadyAMember` and `InvitedElsewhere`, after which the invitation is still open, and
    `InvitationClosed`.
    """
    # Locked, so that the compared email address is still the account's at the commit.
    email = User.objects.select_for_update().values_list("email", flat=True).get(pk=actor.pk)
    if not invitation.is_for(email):
        if has_member(invitation.workspace, email):
            raise AlreadyAMember(str(actor))
        raise InvitedElsewhere(invitation.email, email)
    # One conditional UPDATE: of two people who open the same link, one finds it used.
    row = open_invitations(invitation.workspace).filter(pk=invitation.pk)
    if not row.update(accepted=timezone.now(), accepted_by=actor):
        get_invitation(invitation.pk)
        raise InvitationUsed
    try:
        # A savepoint: the INSERT is refused if the person became a member by another invitation.
        with transaction.atomic():
            made = Membership.objects.create(
                workspace=invitation.workspace, user=actor, role=invitation.role
            )
    except IntegrityError as error:
        raise AlreadyAMember(str(actor)) from error
    _tell(Verb.JOINED, made, role=made.role, actor=actor)
    record_event(
        AccountEvent.Verb.INVITATION_ACCEPTED,
        user=actor,
        actor=actor,
        role=made.role,
        workspace=invitation.workspace.name,
    )
    return made


@transaction.atomic
def join(*, invitation: Invitation, name: str, password: str) -> User:
    """Create the account that an invitation is for, and accept the invitation with it.

    Raises `EmailTaken`, `InvitationClosed`, and `ValidationError` for a weak password.
    """
    user = create_user(email=invitation.email, password=password, name=name)
    accept_invitation(invitation=invitation, actor=user)
    return user


def _locked(membership: Membership) -> Membership:
    """Return the row as it is now, locked. Raises `MemberGone`, and `OwnerStays` for the owner."""
    rows = Membership.objects.select_related("user", "workspace").select_for_update(of=("self",))
    row = rows.filter(pk=membership.pk).first()
    if row is None:
        raise MemberGone
    if row.role == Role.OWNER:
        raise OwnerStays
    return row


def _withdraw_those_of(membership: Membership) -> None:
    rows = open_invitations(membership.workspace).filter(invited_by=membership.user_id)
    rows.update(revoked=timezone.now())


def _tell(verb: Verb, membership: Membership, *, actor: User, **details: Any) -> None:
    record(
        workspace=membership.workspace,
        verb=verb,
        noun="member",
        target_id=membership.user_id,
        target_name=str(membership.user),
        details=details,
        actor=actor,
    )


def _tell_of(verb: Verb, invitation: Invitation, actor: User) -> None:
    record(
        workspace=invitation.workspace,
        verb=verb,
        noun="invitation",
        target_id=invitation.id,
        target_name=invitation.email,
        details={"role": invitation.role}
        | ({"open": " (anyone with the link)"} if invitation.anyone else {}),
        actor=actor,
    )
    record_event(
        EVENTS[verb],
        user=actor,
        actor=actor,
        invited=invitation.email,
        role=invitation.role,
        workspace=invitation.workspace.name,
        open="anyone with the link" if invitation.anyone else "",
    )
