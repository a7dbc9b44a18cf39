"""Read users, members, workspaces and API tokens. Never writes."""

import hashlib
import hmac
from datetime import timedelta
from uuid import UUID

from allauth.mfa import app_settings
from allauth.mfa.models import Authenticator
from django.db.models import Count, OuterRef, Q, QuerySet, Subquery, UUIDField
from django.utils import timezone

from accounts.errors import (
    InvitationExpired,
    InvitationUsed,
    InvitationWithdrawn,
    NoSuchEmailChange,
    NoSuchInvitation,
    NoSuchUser,
)
from accounts.models import (
    ApiToken,
    EmailChange,
    Invitation,
    Membership,
    Role,
    User,
    Workspace,
)

EMAIL_CHANGE_LASTS = timedelta(days=1)
# The roles for which a workspace may require a second factor.
PRIVILEGED = (Role.ADMIN, Role.OWNER)
PREFIX_LENGTH = 11  # "lw_" and eight characters of the secret


def has_users() -> bool:
    """Return whether any user exists."""
    return User.objects.exists()


def get_user(email: str) -> User:
    """Return the user with this email address, ignoring case. Raises `NoSuchUser`."""
    try:
        return User.objects.get_by_natural_key(email)
    except User.DoesNotExist as error:
        raise NoSuchUser(email) from error


def find_signed_in(user_id: UUID) -> User | None:
    """Return a user with `known_memberships`, both read at once, or None."""
    rows = Membership.objects.filter(user=user_id).select_related("user", "workspace")
    memberships = list(rows.order_by("workspace__name", "id"))
    # One query for nearly everybody; only a person without a workspace costs a second one.
    user = memberships[0].user if memberships else User.objects.filter(pk=user_id).first()
    if user is not None:
        user.known_memberships = memberships if user.is_active else []
    return user


def memberships_of(user: User) -> list[Membership]:
    """Return the user's memberships with their workspaces, by the workspace's name."""
    if user.known_memberships is not None:
        return user.known_memberships
    rows = Membership.objects.filter(user=user, user__is_active=True)
    return list(rows.select_related("workspace").order_by("workspace__name", "id"))


def find_membership(user: User, workspace_id: UUID | Subquery) -> Membership | None:
    """Return the user's membership in a workspace, or None for a stranger."""
    rows = Membership.objects.filter(user=user, user__is_active=True, workspace_id=workspace_id)
    found = rows.select_related("workspace").order_by().first()
    if found is not None:
        # The caller's object: its known memberships, for example, are not read again.
        found.user = user
    return found


def roles_of(user: User) -> set[str]:
    """Return the roles that the user has, in all workspaces."""
    rows = Membership.objects.filter(user=user, user__is_active=True)
    return set(rows.order_by().values_list("role", flat=True).distinct())


def workspaces_of(user: User) -> QuerySet[Workspace]:
    """Return the workspaces that the user is a member of."""
    return Workspace.objects.filter(memberships__user=user, memberships__user__is_active=True)


def members_of(workspace: Workspace) -> QuerySet[Membership]:
    """Return the workspace's members, oldest first."""
    return workspace.memberships.select_related("user").order_by("created", "id")


def has_member(workspace: Workspace, email: str) -> bool:
    """Return whether the account with this email address is a member of the workspace."""
    return Membership.objects.filter(workspace=workspace, user__email__iexact=email).exists()


def has_account(email: str) -> bool:
    """Return whether an account has this email address."""
    return User.objects.filter(email__iexact=email).exists()


def open_invitations(workspace: Workspace) -> QuerySet[Invitation]:
    """Return the invitations that can still be accepted, newest first."""
    rows = Invitation.objects.in_workspace(workspace).open(timezone.now())
    return rows.select_related("invited_by", "workspace")


def get_invitation_by_secret(secret: str) -> Invitation:
    """Return the open invitation of a link. Raises the errors of `get_invitation`."""
    return _still_open(Invitation.objects.filter(digest=digest_of(secret)))


def get_invitation(invitation_id: UUID | str) -> Invitation:
    """Return an open invitation by its id. Raises `NoSuchInvitation` or `InvitationClosed`."""
    return _still_open(Invitation.objects.filter(pk=invitation_id))


def _still_open(rows: QuerySet[Invitation]) -> Invitation:
    found = rows.select_related("workspace", "invited_by").first()
    if found is None:
        raise NoSuchInvitation
    if found.accepted is not None:
        raise InvitationUsed
    if found.revoked is not None:
        raise InvitationWithdrawn
    now = timezone.now()
    if found.expires <= now:
        raise InvitationExpired
    if not Invitation.objects.filter(pk=found.pk).open(now).exists():
        raise InvitationWithdrawn  # its sender may no longer invite
    return found


def tokens_of(user: User) -> QuerySet[ApiToken]:
    """Return the user's API tokens that are not revoked, newest first."""
    return ApiToken.objects.filter(user=user, revoked__isnull=True).select_related("workspace")


def tokens_of_others(workspace: Workspace, user: User) -> QuerySet[ApiToken]:
    """Return the other users' API tokens of the workspace that are not revoked, newest first."""
    rows = ApiToken.objects.filter(workspace=workspace, revoked__isnull=True).exclude(user=user)
    return rows.select_related("user", "workspace")


def revocable_tokens(user: User, workspace: Workspace | None) -> QuerySet[ApiToken]:
    """Return the user's own unrevoked API tokens and, with a workspace, all of that."""
    rows = ApiToken.objects.filter(Q(user=user) | Q(workspace=workspace), revoked__isnull=True)
    return rows.select_related("user", "workspace")


def find_token(raw: str) -> ApiToken | None:
    """Return the working API token, found by prefix and compared in constant time, or None."""
    if not raw.isascii() or not raw.isprintable():
        return None  # tokens have no such characters, and PostgreSQL refuses NUL
    found = (
        ApiToken.objects.valid(timezone.now())
        .filter(prefix=raw[:PREFIX_LENGTH], user__is_active=True)
        .select_related("user")
        .order_by()
        .first()
    )
    # In constant time; the lookup reveals at most whether a token with this prefix exists.
    if found is None or not hmac.compare_digest(found.digest, digest_of(raw)):
        return None
    return found


def digest_of(secret: str) -> str:
    """Return the SHA-256 of a secret of full entropy, which needs neither salt nor stretching."""
    return hashlib.sha256(secret.encode()).hexdigest()


def described_workspaces(user: User) -> QuerySet[Workspace]:
    """Return the user's workspaces, each with `role`, `owner_id` and `members_count`."""
    members = Membership.objects.filter(workspace=OuterRef("pk")).order_by()
    counted = members.values("workspace").annotate(count=Count("id")).values("count")
    return workspaces_of(user).annotate(
        role=Subquery(members.filter(user=user).values("role")),
        owner_id=Subquery(members.filter(role=Role.OWNER).values("user"), output_field=UUIDField()),
        members_count=Subquery(counted),
    )


def has_second_factor(user: User) -> bool:
    """Return whether the user signs in with a code of an app."""
    found: bool = Authenticator.objects.filter(user=user, type=Authenticator.Type.TOTP).exists()
    return found


def recovery_codes_left(user: User) -> int:
    """Return how many recovery codes the user has not used."""
    found = Authenticator.objects.filter(user=user, type=Authenticator.Type.RECOVERY_CODES).first()
    if found is None:
        return 0
    # Counted without the codes: those that cannot be decrypted can still be counted and replaced.
    left: int = app_settings.RECOVERY_CODE_COUNT - int(found.data["used_mask"]).bit_count()
    return left


def without_second_factor(workspace: Workspace) -> list[User]:
    """Return the admins and owners of a workspace that have no second factor."""
    having = Authenticator.objects.filter(type=Authenticator.Type.TOTP).values("user")
    rows = members_of(workspace).filter(role__in=PRIVILEGED).exclude(user__in=having)
    return [row.user for row in rows]


def working_tokens(user: User) -> QuerySet[ApiToken]:
    """Return the user's API tokens that work."""
    return ApiToken.objects.valid(timezone.now()).filter(user=user).select_related("workspace")


def find_email_change(user: User) -> EmailChange | None:
    """Return the user's unconfirmed email address, if its link still works."""
    since = timezone.now() - EMAIL_CHANGE_LASTS
    return EmailChange.objects.filter(user=user, created__gt=since).first()


def get_email_change(user: User, secret: str) -> EmailChange:
    """Return the change that a link confirms. Raises `NoSuchEmailChange`, also for another user."""
    found = find_email_change(user)
    if found is None or not hmac.compare_digest(found.digest, digest_of(secret)):
        raise NoSuchEmailChange
    return found
