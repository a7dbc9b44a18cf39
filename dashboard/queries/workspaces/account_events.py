"""Reading what happened to accounts."""

from django.db.models import QuerySet

from accounts.models import AccountEvent, User


def find_events(*, person: str = "", verb: str = "") -> QuerySet[AccountEvent]:
    """Return what happened to all accounts, to the one with an address, or of one kind.

    An account is found under the addresses that it had before, too; an address without an account
    under what was typed.
    """
    rows = AccountEvent.objects.select_related("user", "actor")
    if verb:
        rows = rows.filter(verb=verb)
    if not person:
        return rows
    # By account where there is one: rows from before a change of address belong to it, too.
    found = User.objects.filter(email__iexact=person).first()
    return rows.filter(user=found) if found else rows.filter(address=person.lower())


def events_of(user: User) -> QuerySet[AccountEvent]:
    """Return what happened to the user's own account."""
    return AccountEvent.objects.filter(user=user).select_related("user", "actor")
