"""Reading who: members, workspaces, tokens. Never writes."""

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
# Whose sign-in a workspace may want a second factor for.
PRIVILEGED = (Role.ADMIN, Role.OWNER)
PREFIX_LENGTH = 11  # "lw_" and eight characters of the secret


def has_users() -> bool:
    """Say whether anybody can sign in yet."""
    return User.objects.exists()


def get_user(email: str) -> User:
    """Return the user who signs in with the address, in any case; raises `NoSuchUser`."""
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
        # The caller's object: what it knows already, such as its memberships, is not read again.
        found.user = user
    return found


def roles_of(user: User) -> set[str]:
    """Return the roles that the user has, in whichever workspaces."""
    rows = Membership.objects.filter(user=user, user__is_active=True)
    return set(rows.order_by().values_list("role", flat=True).distinct())


def workspaces_of(user: User) -> QuerySet[Workspace]:
    """Return the workspaces that the user is a member of."""
    return Workspace.objects.filter(memberships__user=user, memberships__user__is_active=True)


def members_of(workspace: Workspace) -> QuerySet[Membership]:
    """Return the workspace's members, first comer first."""
    return workspace.memberships.select_related("user").order_by("created", "id")


def has_member(workspace: Workspace, email: str) -> bool:
    """Say whether who signs in with the address is in the workspace."""
    return Membership.objects.filter(workspace=workspace, user__email__iexact=email).exists()


def has_account(email: str) -> bool:
    """Say whether somebody signs in with the address."""
    return User.objects.filter(email__iexact=email).exists()


def open_invitations(workspace: Workspace) -> QuerySet[Invitation]:
    """Return the invitations that still open the door, newest first."""
    rows = Invitation.objects.in_workspace(workspace).open(timezone.now())
    return rows.select_related("invited_by", "workspace")


def get_invitation_by_secret(secret: str) -> Invitation:
    """Return the open invitation of a link; raises what `get_invitation` does."""
    return _still_open(Invitation.objects.filter(digest=digest_of(secret)))


def get_invitation(invitation_id: UUID | str) -> Invitation:
    """Return an open invitation by its id; raises `NoSuchInvitation` or `InvitationClosed`."""
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
        raise InvitationWithdrawn  # who sent it may no longer invite
    return found


def tokens_of(user: User) -> QuerySet[ApiToken]:
    """Return the user's tokens that were not revoked, newest first."""
    return ApiToken.objects.filter(user=user, revoked__isnull=True).select_related("workspace")


def tokens_of_others(workspace: Workspace, user: User) -> QuerySet[ApiToken]:
    """Return what everybody but the user has of unrevoked tokens of the workspace, newest first."""
    rows = ApiToken.objects.filter(workspace=workspace, revoked__isnull=True).exclude(user=user)
    return rows.select_related("user", "workspace")


def revocable_tokens(user: User, workspace: Workspace | None) -> QuerySet[ApiToken]:
    """Return the user's own unrevoked tokens and, if a workspace is given, all of that."""
    rows = ApiToken.objects.filter(Q(user=user) | Q(workspace=workspace), revoked__isnull=True)
    return rows.select_related("user", "workspace")


def find_token(raw: str) -> ApiToken | None:
    """Find a working token by its key: looked up by prefix, compared in constant time."""
    if not raw.isascii() or not raw.isprintable():
        return None  # no key has such letters, and PostgreSQL refuses to be asked for NUL
    found = (
        ApiToken.objects.valid(timezone.now())
        .filter(prefix=raw[:PREFIX_LENGTH], user__is_active=True)
        .select_related("user")
        .order_by()
        .first()
    )
    # In constant time; the look-up itself tells at most whether a token begins so.
    if found is None or not hmac.compare_digest(found.digest, digest_of(raw)):
        return None
    return found


def digest_of(secret: str) -> str:
    """Return the SHA-256 of a secret of full entropy, which needs no salt and no stretching."""
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
    """Say whether the user signs in with a code of an app."""
    found: bool = Authenticator.objects.filter(user=user, type=Authenticator.Type.TOTP).exists()
    return found


def recovery_codes_left(user: User) -> int:
    """Return how many recovery codes the user has not used."""
    found = Authenticator.objects.filter(user=user, type=Authenticator.Type.RECOVERY_CODES).first()
    if found is None:
        return 0
    # Counted without the codes: what cannot be decrypted can still be told and replaced.
    left: int = app_settings.RECOVERY_CODE_COUNT - int(found.data["used_mask"]).bit_count()
    return left


def without_second_factor(workspace: Workspace) -> list[User]:
    """Return the admins and owners of a workspace that have no second factor."""
    having = Authenticator.objects.filter(type=Authenticator.Type.TOTP).values("user")
    rows = members_of(workspace).filter(role__in=PRIVILEGED).exclude(user__in=having)
    return [row.user for row in rows]


def working_tokens(user: User) -> QuerySet[ApiToken]:
    """Return the user's tokens that work."""
    return ApiToken.objects.valid(timezone.now()).filter(user=user).select_related("workspace")


def find_email_change(user: User) -> EmailChange | None:
    """Return the address that the user wants and has not confirmed, if its link still works."""
    since = timezone.now() - EMAIL_CHANGE_LASTS
    return EmailChange.objects.filter(user=user, created__gt=since).first()


def get_email_change(user: User, secret: str) -> EmailChange:
    """Return the change that a link confirms; raises `NoSuchEmailChange`, also for another user."""
    found = find_email_change(user)
    if found is None or not hmac.compare_digest(found.digest, digest_of(secret)):
        raise NoSuchEmailChange
    return found
