"""Manage second factors: codes of an app (TOTP), and recovery codes for a lost phone.

allauth stores them and has the algorithm. The last used code is stored with the secret, in a row: a
cache that is emptied, or that each process has for itself, would accept a code again.
"""

from allauth.mfa.models import Authenticator
from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
from allauth.mfa.totp.internal.auth import (
    format_hotp_value,
    generate_totp_secret,
    hotp_value,
    yield_hotp_counters_from_time,
)
from django.db import transaction
from django.utils.crypto import constant_time_compare

from accounts.ciphers import decrypt, encrypt
from accounts.errors import (
    NoSecondFactor,
    SecondFactorOn,
    SecretTooOld,
    SecretUnreadable,
    WrongCode,
)
from accounts.journal import record
from accounts.models import User, Workspace
from accounts.queries import has_second_factor
from accounts.verbs import Verb

TOTP, CODES = Authenticator.Type.TOTP, Authenticator.Type.RECOVERY_CODES
# Not in the session, which is a row in the database: the secret is stored once it is confirmed.
SEALED_FOR = 3600  # seconds that a page may show a secret before the first code confirms it


def seal_new_secret(user: User) -> str:
    """Create a sealed secret: the page that shows it sends it back, and nobody can choose it."""
    return encrypt(f"{user.pk} {generate_totp_secret()}")


def open_secret(user: User, sealed: str) -> str:
    """Return the secret. Raises `SecretTooOld`, also for one that was sealed for another user."""
    try:
        owner, _, secret = decrypt(sealed, seconds=SEALED_FOR).partition(" ")
    except SecretUnreadable as error:
        raise SecretTooOld from error
    if owner != str(user.pk):
        raise SecretTooOld
    return secret


@transaction.atomic
def turn_on(*, secret: str, code: str, actor: User) -> tuple[Authenticator, list[str]]:
    """Add a second factor of the actor and return it with the recovery codes.

    The code proves that the app has the secret; it cannot be used again to sign in. Raises
    `SecondFactorOn` and `WrongCode`.
    """
    _lock(actor)
    if has_second_factor(actor):
        raise SecondFactorOn
    counter = _counter(secret, code)
    if counter is None:
        raise WrongCode
    # The counter of the first code: it was visible on the screen and must not sign anybody in.
    data = {"secret": encrypt(secret), "last_counter": counter}
    made = Authenticator.objects.create(user=actor, type=TOTP, data=data)
    return made, _new_codes(actor)


@transaction.atomic
def turn_off(*, user: User) -> list[Authenticator]:
    """Delete a user's second factor and recovery codes and return them. Raises `NoSecondFactor`."""
    _lock(user)
    rows = list(Authenticator.objects.filter(user=user))
    if not rows:
        raise NoSecondFactor
    Authenticator.objects.filter(user=user).delete()
    return rows


@transaction.atomic
def renew_codes(*, actor: User) -> tuple[Authenticator, list[str]]:
    """Create new recovery codes; the old ones no longer work. Raises `NoSecondFactor`."""
    _lock(actor)
    if not has_second_factor(actor):
        raise NoSecondFactor
    codes = _new_codes(actor)
    return Authenticator.objects.get(user=actor, type=CODES), codes


@transaction.atomic
def use_code(*, user: User, code: str) -> Authenticator:
    """Use a code of the app or a recovery code. Raises `WrongCode` and `SecretUnreadable`."""
    # Locked: of two requests with the same code, the second one sees that it was used.
    rows = Authenticator.objects.select_for_update().filter(user=user, type__in=[TOTP, CODES])
    found = {row.type: row for row in rows.order_by("pk")}
    if TOTP in found and _spend(found[TOTP], code):
        return found[TOTP]
    if TOTP in found and CODES in found and found[CODES].wrap().validate_code(code):
        return found[CODES]
    raise WrongCode


@transaction.atomic
def require_second_factors(*, workspace: Workspace, required: bool, actor: User) -> None:
    """Require a second factor of a workspace's admins and owners, or no longer.

    The actor must have one, so that nobody locks themselves out. Raises `NoSecondFactor`.
    """
    if required and not has_second_factor(actor):
        raise NoSecondFactor
    changed = Workspace.objects.filter(pk=workspace.pk).exclude(second_factor_required=required)
    if not changed.update(second_factor_required=required):
        return
    workspace.second_factor_required = required
    record(
        workspace=workspace,
        verb=Verb.REQUIRED if required else Verb.NO_LONGER_REQUIRED,
        noun="second factor",
        target_id=workspace.pk,
        target_name=workspace.name,
        actor=actor,
    )


def _lock(user: User) -> None:
    """Lock the user's row, so that two concurrent pages do not both create a second factor."""
    User.objects.select_for_update().get(pk=user.pk)


def _new_codes(user: User) -> list[str]:
    Authenticator.objects.filter(user=user, type=CODES).delete()
    return [*RecoveryCodes.activate(user).get_unused_codes()]


def _spend(totp: Authenticator, code: str) -> bool:
    """Accept a code whose time step is later than the last one, and store the step."""
    secret = decrypt(totp.data["secret"])
    counter = _counter(secret, code)
    if counter is None or counter <= totp.data.get("last_counter", 0):
        return False
    # Encrypted again, with the current SECRET_KEY: in time an old key can be removed from the
    # fallbacks.
    totp.data = totp.data | {"secret": encrypt(secret), "last_counter": counter}
    totp.save(update_fields=["data"])
    return True


def _counter(secret: str, code: str) -> int | None:
    """Return the time step of a code, or None; each is compared in constant time."""
    given = "".join(code.split())
    found = None
    # All of them are compared, even after a match: the time taken must not reveal which one it was.
    for counter in yield_hotp_counters_from_time():
        if constant_time_compare(given, format_hotp_value(hotp_value(secret, counter))):
            found = counter
    return found
