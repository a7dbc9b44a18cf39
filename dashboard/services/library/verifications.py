"""Verify groups and images, and withdraw verifications."""

from typing import Any

from django.db import transaction
from django.db.models import F

from accounts.journal import record
from accounts.models import User
from accounts.verbs import Verb
from dashboard.models import Group, Image, Verification
from dashboard.services.row_locks import lock_all


@transaction.atomic
def verify_group(*, group: Group, user: User, actor: User) -> tuple[Verification, bool]:
    """Record that the user has verified the group; return the row and whether it is new."""
    return _verify("group", lock_all(Group.objects.filter(pk=group.pk)), user, actor)


@transaction.atomic
def verify_image(*, image: Image, user: User, actor: User) -> tuple[Verification, bool]:
    """Record that the user has verified the image; return the row and whether it is new."""
    return _verify("image", lock_all(Image.objects.present().filter(pk=image.pk)), user, actor)


@transaction.atomic
def unverify(*, verification: Verification, actor: User) -> None:
    """Withdraw a verification."""
    noun = "group" if verification.group_id else "image"
    thing: Any = verification.group or verification.image
    # The group or image first: its lock guards its counter.
    (held,) = lock_all(type(thing).objects.filter(pk=thing.pk)) or [None]
    removed, _ = Verification.objects.filter(pk=verification.pk).delete()
    if held is None or not removed:
        raise Verification.DoesNotExist("It has already been withdrawn.")
    _count(held, -1)
    _tell(Verb.UNVERIFIED, noun, held, verification.user, actor)


def _verify(noun: str, held: list[Any], user: User, actor: User) -> tuple[Verification, bool]:
    if not held:
        raise Verification.DoesNotExist("It was deleted in the meantime.")
    (thing,) = held
    # Under the lock, so that two concurrent requests create one row and count it once.
    found, is_new = Verification.objects.get_or_create(
        workspace=thing.workspace, user=user, **{noun: thing}
    )
    if is_new:
        _count(thing, 1)
        _tell(Verb.VERIFIED, noun, thing, user, actor)
    return found, is_new


def _count(thing: Any, more: int) -> None:
    type(thing).objects.filter(pk=thing.pk).update(verify_count=F("verify_count") + more)


def _tell(verb: Verb, noun: str, thing: Any, user: User | None, actor: User) -> None:
    whose = {"user": str(user.pk)} if user else None
    record(
        workspace=thing.workspace,
        verb=verb,
        noun=noun,
        target_id=thing.pk,
        target_name=str(thing),
        details={} if user in (None, actor) else {"user": str(user)},
        before=whose if verb == Verb.UNVERIFIED else None,
        after=whose if verb == Verb.VERIFIED else None,
        actor=actor,
    )
