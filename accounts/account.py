"""Change your own account: name, email address, password.

These write no change: changes belong to workspaces, and an account to none of them.
"""

import secrets

from django.db import IntegrityError, transaction
from django.utils import timezone

from accounts.errors import EmailTakenMeanwhile
from accounts.models import EmailChange, User
from accounts.queries import digest_of, get_email_change, working_tokens
from accounts.services import revoke_token


@transaction.atomic
def rename_user(*, name: str, actor: User) -> None:
    """Change the actor's name."""
    actor.name = name
    actor.save(update_fields=["name"])


@transaction.atomic
def ask_for_email(*, email: str, actor: User) -> str:
    """Record a new email address that must be confirmed; return the secret of the link.

    It replaces an older unconfirmed one. An email address that another account has is treated the
    same, so that nobody can learn who has an account.
    """
    secret = secrets.token_urlsafe(32)
    EmailChange.objects.update_or_create(
        user=actor,
        # Only the digest: a copy of the database, or a backup, is not enough to confirm it.
        defaults={"email": email.lower(), "digest": digest_of(secret), "created": timezone.now()},
    )
    return secret


@transaction.atomic
def forget_email_change(*, actor: User) -> None:
    """Keep the current email address; the link that was sent no longer works."""
    EmailChange.objects.filter(user=actor).delete()


def confirm_email(*, secret: str, actor: User) -> str:
    """Set the confirmed email address and return the old one.

    Raises `NoSuchEmailChange`, and `EmailTakenMeanwhile` if another account took it first.
    """
    try:
        return _take_email(secret, actor)
    except IntegrityError as error:
        # The transaction was rolled back, so the row still exists and can be removed.
        email = get_email_change(actor, secret).email
        forget_email_change(actor=actor)
        raise EmailTakenMeanwhile(email) from error


@transaction.atomic
def _take_email(secret: str, actor: User) -> str:
    # Locked, as in `accept_invitation`, which compares the email address with that of the
    # invitation.
    user = User.objects.select_for_update().get(pk=actor.pk)
    change = get_email_change(user, secret)
    before = user.email
    user.email = change.email
    user.save(update_fields=["email"])
    change.delete()
    actor.email = user.email
    return before


@transaction.atomic
def set_password(*, password: str, revoke: bool = False, actor: User) -> int:
    """Set a validated password and return how many API tokens were revoked.

    An unconfirmed email address is removed, since somebody who knew the old password may have
    requested it. `sessions.end_sessions` ends the sessions.
    """
    actor.set_password(password)
    actor.save(update_fields=["password"])
    # Also the unconfirmed link: a new password must end everything that the old one began.
    forget_email_change(actor=actor)
    tokens = list(working_tokens(actor)) if revoke else []
    for token in tokens:
        revoke_token(token=token, actor=actor)
    return len(tokens)
