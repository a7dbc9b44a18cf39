"""Change users, workspaces and API tokens: each in one transaction, with one change."""

import secrets
from datetime import datetime, timedelta

from django.conf import settings
from django.contrib.auth.password_validation import validate_password
from django.db import IntegrityError, connection, transaction
from django.utils import timezone

from accounts.errors import AlreadySetUp, EmailTaken, NoSuchToken, TooManyWorkspaces
from accounts.events import record_event
from accounts.journal import record
from accounts.models import AccountEvent, ApiToken, Membership, Role, Scope, User, Workspace
from accounts.queries import PREFIX_LENGTH, digest_of, has_users
from accounts.verbs import Verb

KEY_PREFIX = "lw_"
# A write for each call would make every read of the API wait for SQLite's one writer.
LAST_USED_STEP = timedelta(minutes=5)


@transaction.atomic
def create_user(*, email: str, password: str, name: str = "") -> User:
    """Create a user who signs in with a password, which must pass the validators.

    Raises `EmailTaken`, and Django's `ValidationError` for a weak password, an invalid email
    address, or a name that is too long.
    """
    user = User(email=email, name=name)
    user.clean_fields(exclude=["password"])
    validate_password(password, user)
    try:
        # A savepoint, to which a refused INSERT rolls back: the surrounding transaction can
        # continue.
        with transaction.atomic():
            made = User.objects.create_user(email, password, name=name)
    except IntegrityError as error:
        raise EmailTaken(email) from error
    record_event(AccountEvent.Verb.ACCOUNT_CREATED, user=made)
    return made


@transaction.atomic
def create_workspace(*, name: str, actor: User) -> Workspace:
    """Create a workspace that the actor owns. Raises `TooManyWorkspaces`."""
    refuse_one_more(actor)
    workspace = Workspace.objects.create(name=name)
    Membership.objects.create(workspace=workspace, user=actor, role=Role.OWNER)
    record(
        workspace=workspace,
        verb=Verb.CREATED,
        noun="workspace",
        target_id=workspace.id,
        target_name=name,
        actor=actor,
    )
    return workspace


def refuse_one_more(owner: User) -> None:
    """Raise `TooManyWorkspaces` if a person owns as many workspaces as the limit allows.

    Call it in the transaction that adds one: the person's row is locked, so that two concurrent
    ones take turns.
    """
    most = settings.LIKEWISE_QUOTA_WORKSPACES
    if not most:
        return
    User.objects.select_for_update(no_key=True).get(pk=owner.pk)
    if Membership.objects.filter(user=owner, role=Role.OWNER).count() >= most:
        raise TooManyWorkspaces(most)


@transaction.atomic
def rename_workspace(*, workspace: Workspace, name: str, actor: User) -> None:
    """Rename a workspace; the same name again changes nothing."""
    before = workspace.name
    if name == before:
        return
    workspace.name = name
    workspace.save(update_fields=["name", "modified"])
    record(
        workspace=workspace,
        verb=Verb.RENAMED,
        noun="workspace",
        target_id=workspace.id,
        target_name=name,
        details={"before": before},
        before={"name": before},
        after={"name": name},
        actor=actor,
    )


@transaction.atomic
def create_first_owner(*, email: str, password: str) -> User:
    """Create the installation's first user. Raises `AlreadySetUp` once a user exists."""
    if connection.vendor == "postgresql":  # two would not see each other; SQLite has one
        with connection.cursor() as cursor:
            cursor.execute(f"LOCK TABLE {User._meta.db_table} IN SHARE ROW EXCLUSIVE MODE")
    if has_users():
        raise AlreadySetUp
    owner = create_user(email=email, password=password)
    owner.is_staff = True  # the person who sets up the installation operates it
    owner.save(update_fields=["is_staff"])
    return owner


@transaction.atomic
def issue_token(
    *,
    name: str,
    workspace: Workspace,
    scope: str = Scope.WRITE,
    expires: datetime | None = None,
    actor: User,
) -> tuple[ApiToken, str]:
    """Create an API token for the actor; return its row and the token, which is not stored."""
    # With the prefix, scanners for leaked secrets, and our own log filter, recognise a token.
    raw = KEY_PREFIX + secrets.token_urlsafe(30)
    token = ApiToken.objects.create(
        user=actor,
        workspace=workspace,
        name=name,
        prefix=raw[:PREFIX_LENGTH],
        digest=digest_of(raw),
        scope=scope,
        expires=expires,
    )
    record(
        workspace=workspace,
        verb=Verb.CREATED,
        noun="token",
        target_id=token.id,
        target_name=name,
        actor=actor,
    )
    record_event(
        AccountEvent.Verb.TOKEN_CREATED,
        user=actor,
        actor=actor,
        name=name,
        workspace=workspace.name,
    )
    return token, raw


@transaction.atomic
def revoke_token(*, token: ApiToken, actor: User) -> None:
    """Revoke an API token at once; revoking twice changes nothing."""
    # The condition in the UPDATE decides between two concurrent requests: only one of them records.
    changed = ApiToken.objects.filter(pk=token.pk, revoked__isnull=True).update(
        revoked=timezone.now()
    )
    if changed:
        record(
            workspace=token.workspace,
            verb=Verb.REVOKED,
            noun="token",
            target_id=token.id,
            target_name=token.name,
            actor=actor,
        )
        record_event(
            AccountEvent.Verb.TOKEN_REVOKED,
            user=token.user,
            actor=actor,
            name=token.name,
            workspace=token.workspace.name,
        )


@transaction.atomic
def revoke_tokens_named(*, name: str, actor: User) -> int:
    """Revoke all of the actor's working API tokens with this name and return how many.

    Raises `NoSuchToken`.
    """
    tokens = list(
        ApiToken.objects.valid(timezone.now())
        .filter(user=actor, name=name)
        .select_related("user", "workspace")
    )
    if not tokens:
        raise NoSuchToken(name)
    for token in tokens:
        revoke_token(token=token, actor=actor)
    return len(tokens)


def touch_token(*, token: ApiToken) -> None:
    """Record that an API token was used, at most once in five minutes: no write per request."""
    now = timezone.now()
    if token.last_used is None or token.last_used < now - LAST_USED_STEP:
        ApiToken.objects.filter(pk=token.pk).update(last_used=now)
