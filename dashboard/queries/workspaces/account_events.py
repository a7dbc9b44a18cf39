"""Read the events of accounts."""

from django.db.models import QuerySet

from accounts.models import AccountEvent, User


def find_events(*, person: str = "", verb: str = "") -> QuerySet[AccountEvent]:
    """Return the events of all accounts, or of one email address, or of one kind.

    An account is also found under its earlier email addresses; an email address without an account
    is found as it was entered.
    """
    rows = AccountEvent.objects.select_related("user", "actor")
    if verb:
        rows = rows.filter(verb=verb)
    if not person:
        return rows
    # By account if there is one: rows from before a change of email address belong to it, too.
    found = User.objects.filter(email__iexact=person).first()
    return rows.filter(user=found) if found else rows.filter(address=person.lower())


def events_of(user: User) -> QuerySet[AccountEvent]:
    """Return the events of the user's own account."""
    return AccountEvent.objects.filter(user=user).select_related("user", "actor")
