"""What happens to accounts is written down, once each, and strangers cannot fill the table."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from importlib.util import find_spec
from pathlib import Path
from threading import Barrier
from typing import Any
from uuid import uuid4

import pytest
from allauth.account import signals as account_signals
from django.contrib.auth import authenticate
from django.core.management import call_command
from django.core.signals import request_finished
from django.db import connection
from django.test import Client
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries, Settings

from accounts import event_signals, events
from accounts.events import forget_old_events, record_event, record_failure
from accounts.models import AccountEvent, Membership, Role, User
from accounts.reset_links import reset_link
from accounts.services import issue_token, revoke_token
from accounts.team import accept_invitation, invite_member, withdraw_invitation
from accounts.visitors import Visitor, current_visitor
from dashboard.jobs import sweep
from tests.factories import PASSWORD, Cast, make_cast, make_user

Verb = AccountEvent.Verb
LOGIN = "/accounts/login/"
WRONG = "not the right battery"


def typed(password: str = PASSWORD, login: str = "alice@example.org") -> dict[str, str]:
    return {"login": login, "password": password}


def told(verb: str) -> list[AccountEvent]:
    return list(AccountEvent.objects.filter(verb=verb).order_by("id"))


@pytest.fixture
def visiting() -> Any:
    """Be in a request from an address; returns a function that moves on to another one."""
    held = current_visitor.set(Visitor("203.0.113.7", "A browser"))

    def move(ip: str) -> None:
        current_visitor.set(Visitor(ip, "A browser"))

    yield move
    current_visitor.reset(held)


# What is written


def test_a_sign_in(client: Client, cast: Cast) -> None:
    client.post(LOGIN, typed(), headers={"User-Agent": "A browser\x07"}, REMOTE_ADDR="203.0.113.7")
    (row,) = told(Verb.SIGNED_IN)
    assert (row.user, row.actor, row.address) == (cast.alice, cast.alice, "alice@example.org")
    assert (row.ip, row.agent, row.count) == ("203.0.113.7", "A browser", 1)


def test_the_address_is_the_one_that_a_trusted_proxy_tells(
    client: Client, cast: Cast, settings: Settings
) -> None:
    settings.LIKEWISE_TRUSTED_PROXIES = ["10.0.0.0/8"]
    said = {"X-Forwarded-For": "1.1.1.1, 203.0.113.7"}
    client.post(LOGIN, typed(), headers=said, REMOTE_ADDR="10.1.2.3")
    assert told(Verb.SIGNED_IN)[0].ip == "203.0.113.7"


def test_a_sign_out(client: Client, cast: Cast) -> None:
    client.post("/accounts/logout/")
    assert not told(Verb.SIGNED_OUT)
    client.post(LOGIN, typed())
    client.post("/accounts/logout/")
    assert [row.user for row in told(Verb.SIGNED_OUT)] == [cast.alice]


def test_a_failure_without_its_password(client: Client, cast: Cast) -> None:
    client.post(LOGIN, typed(WRONG, "ALICE@example.org"), REMOTE_ADDR="203.0.113.7")
    (row,) = told(Verb.SIGN_IN_FAILED)
    assert (row.user, row.actor, row.address) == (cast.alice, None, "alice@example.org")
    assert row.ip == "203.0.113.7"
    assert WRONG not in str(list(AccountEvent.objects.values()))


def test_a_password_in_the_wrong_field_is_not_kept(db: None, visiting: Any) -> None:
    authenticate(None, email="my secret password", password="x")
    authenticate(None, email="NOBODY@example.org", password="x")
    event_signals.sign_in_failed(credentials={"username": "a\0b@example.org"})
    assert [row.address for row in told(Verb.SIGN_IN_FAILED)] == [
        "",
        "nobody@example.org",
        "ab@example.org",
    ]


def test_a_reset(client: Client, cast: Cast) -> None:
    path = reset_link(cast.alice).removeprefix("http://testserver")
    assert [(row.user, row.ip) for row in told(Verb.RESET_LINK_MADE)] == [(cast.alice, None)]
    form = client.get(path, follow=True).request["PATH_INFO"]
    client.post(form, {"password1": "staple battery horse", "password2": "staple battery horse"})
    assert [row.user for row in told(Verb.PASSWORD_RESET)] == [cast.alice]


def test_changes_of_password_and_address(cast: Cast) -> None:
    tell: dict[str, Any] = {"sender": User, "request": None, "user": cast.bob}
    account_signals.password_changed.send(**tell)
    account_signals.email_changed.send(
        **tell, from_email_address="bob@example.org", to_email_address="rob@example.org"
    )
    assert [row.user for row in told(Verb.PASSWORD_CHANGED)] == [cast.bob]
    (row,) = told(Verb.EMAIL_CHANGED)
    assert (row.address, row.details) == ("bob@example.org", {"after": "rob@example.org"})


class Factor:
    type = "totp"


def test_second_factors(cast: Cast, visiting: Any) -> None:
    for name in ("authenticator_added", "authenticator_removed", "authenticator_reset"):
        event_signals.MFA_RECEIVERS[name](user=cast.bob, authenticator=Factor())  # type: ignore[operator]
    for _ in range(3):
        event_signals.MFA_RECEIVERS["authentication_failed"](user=cast.bob)  # type: ignore[operator]
    assert told(Verb.FACTOR_ADDED)[0].details == {"kind": "totp"}
    assert told(Verb.FACTOR_REMOVED)
    assert told(Verb.CODES_RENEWED)
    assert [row.count for row in told(Verb.FACTOR_FAILED)] == [3]


def test_the_names_of_the_second_factors_signals_are_those_of_the_library() -> None:
    """They are looked up when the app is installed, and its module cannot be imported before."""
    mfa = find_spec("allauth.mfa")
    assert mfa is not None
    assert mfa.submodule_search_locations
    text = Path(mfa.submodule_search_locations[0], "signals.py").read_text()
    for name in event_signals.MFA_RECEIVERS:
        assert f"\n{name} = Signal()" in text


def test_tokens(cast: Cast) -> None:
    token, key = issue_token(name="till", workspace=cast.workspace, actor=cast.bob)
    revoke_token(token=token, actor=cast.ann)
    revoke_token(token=token, actor=cast.ann)
    (made,), (gone,) = told(Verb.TOKEN_CREATED), told(Verb.TOKEN_REVOKED)
    assert (made.user, made.actor) == (cast.bob, cast.bob)
    assert (gone.user, gone.actor) == (cast.bob, cast.ann)
    assert made.details == {"name": "till", "workspace": "Alice’s shop"}
    assert key not in str(list(AccountEvent.objects.values()))


def test_invitations(cast: Cast) -> None:
    first, _ = invite_member(
        workspace=cast.workspace, email="ivy@example.org", role=Role.ADMIN, actor=cast.ann
    )
    withdraw_invitation(invitation=first, actor=cast.alice)
    second, secret = invite_member(
        workspace=cast.workspace, email="ivy@example.org", role=Role.VIEWER, actor=cast.ann
    )
    ivy = make_user("ivy")
    accept_invitation(invitation=second, actor=ivy)
    assert [row.actor for row in told(Verb.INVITED)] == [cast.ann, cast.ann]
    assert told(Verb.INVITED)[0].details["role"] == "admin"
    assert [row.actor for row in told(Verb.INVITATION_WITHDRAWN)] == [cast.alice]
    assert [row.user for row in told(Verb.INVITATION_ACCEPTED)] == [ivy]
    assert secret not in str(list(AccountEvent.objects.values()))


def test_commands(db: None) -> None:
    words = ("--email", "dana@example.org", "--password", PASSWORD)
    call_command("user", "create", *words)
    (row,) = told(Verb.ACCOUNT_CREATED)
    assert (row.address, row.actor, row.ip) == ("dana@example.org", None, None)


def test_switching_an_account_off(cast: Cast) -> None:
    root = User.objects.create_superuser("root@example.org", PASSWORD)
    staff = Client()
    staff.force_login(root)
    page = f"/admin/accounts/user/{cast.bob.pk}/change/"
    staff.post(page, {})
    staff.post(page, {"is_active": "on"})
    (off,), (on,) = told(Verb.SWITCHED_OFF), told(Verb.SWITCHED_ON)
    assert (off.user, off.actor) == (cast.bob, root)
    assert (on.user, on.actor) == (cast.bob, root)


def test_what_is_told_outlives_the_account(cast: Cast) -> None:
    record_event(Verb.SIGNED_IN, user=cast.bob, actor=cast.bob)
    Membership.objects.filter(user=cast.bob).delete()
    cast.bob.delete()
    (row,) = told(Verb.SIGNED_IN)
    assert (row.user, row.address) == (None, "bob@example.org")


def test_what_was_rolled_back_was_not(cast: Cast) -> None:
    before = AccountEvent.objects.count()
    with pytest.raises(Exception, match="already exists"):
        make_user("bob")
    assert AccountEvent.objects.count() == before


def test_a_request_leaves_nobody_behind(client: Client, cast: Cast) -> None:
    seen: list[Visitor | None] = []

    def look(**_: Any) -> None:
        seen.append(current_visitor.get())

    request_finished.connect(look)
    client.get(LOGIN)
    request_finished.disconnect(look)
    assert seen == [None]


# Failures are counted, not piled up


@pytest.fixture
def at_ten(monkeypatch: pytest.MonkeyPatch) -> Callable[[int], None]:
    """Let it be ten o’clock; returns a function that sets the minute."""

    def set_minute(minute: int) -> None:
        now = datetime(2026, 5, 4, 10, 0, tzinfo=timezone.get_default_timezone())
        moment = now + timedelta(minutes=minute)
        monkeypatch.setattr(events.timezone, "now", lambda: moment)

    set_minute(0)
    return set_minute


def test_an_hour_of_guessing_is_one_row(
    cast: Cast, visiting: Any, at_ten: Callable[[int], None]
) -> None:
    for minute in range(60):
        at_ten(minute)
        record_failure(Verb.SIGN_IN_FAILED, user=cast.alice)
    (row,) = told(Verb.SIGN_IN_FAILED)
    assert row.count == 60
    assert (row.created.minute, row.latest.minute) == (0, 59)
    at_ten(60)
    record_failure(Verb.SIGN_IN_FAILED, user=cast.alice)
    assert [row.count for row in told(Verb.SIGN_IN_FAILED)] == [60, 1]


def test_another_address_is_another_row(cast: Cast, visiting: Any, at_ten: Any) -> None:
    for ip in ("203.0.113.7", "203.0.113.8", "2001:db8::1", "2001:db8::2", "2001:db8:0:1::1"):
        visiting(ip)
        record_failure(Verb.SIGN_IN_FAILED, user=cast.alice)
    # One person has all of a /64.
    assert [(row.ip, row.count) for row in told(Verb.SIGN_IN_FAILED)] == [
        ("203.0.113.7", 1),
        ("203.0.113.8", 1),
        ("2001:db8::1", 2),
        ("2001:db8:0:1::1", 1),
    ]


def test_a_flood_of_made_up_addresses_is_bounded(
    db: None, visiting: Any, at_ten: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(events, "ROWS_WITHOUT_ACCOUNT", 10)
    for number in range(200):
        visiting(f"203.0.113.{number}")
        record_failure(Verb.SIGN_IN_FAILED, user=None, address=f"{uuid4()}@example.org")
    rows = told(Verb.SIGN_IN_FAILED)
    assert len(rows) == 11
    assert (rows[-1].address, rows[-1].ip, rows[-1].count) == ("", None, 190)
    assert sum(row.count for row in rows) == 200


def test_a_flood_from_everywhere_on_one_account_is_bounded_and_hides_no_other(
    cast: Cast, visiting: Any, at_ten: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(events, "ROWS_PER_ACCOUNT", 5)
    for number in range(50):
        visiting(f"203.0.113.{number}")
        record_failure(Verb.SIGN_IN_FAILED, user=cast.alice)
    visiting("198.51.100.1")
    record_failure(Verb.SIGN_IN_FAILED, user=cast.bob)
    alices = [row for row in told(Verb.SIGN_IN_FAILED) if row.user == cast.alice]
    assert [row.count for row in alices] == [1, 1, 1, 1, 1, 45]
    assert told(Verb.SIGN_IN_FAILED)[-1].ip == "198.51.100.1"


def test_counting_is_one_statement(
    cast: Cast, visiting: Any, at_ten: Any, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    record_failure(Verb.SIGN_IN_FAILED, user=cast.alice)
    with django_assert_num_queries(1):
        record_failure(Verb.SIGN_IN_FAILED, user=cast.alice)


def test_none_is_lost_when_many_fail_at_once(transactional_db: None) -> None:
    cast = make_cast()
    tries = 8
    barrier = Barrier(tries if connection.vendor == "postgresql" else 1)

    def fail(_: int) -> None:
        held = current_visitor.set(Visitor("203.0.113.7", "A browser"))
        try:
            barrier.wait()
            record_failure(Verb.SIGN_IN_FAILED, user=cast.alice)
        finally:
            current_visitor.reset(held)
            if connection.vendor == "postgresql":
                connection.close()

    if connection.vendor == "postgresql":
        with ThreadPoolExecutor(tries) as pool:
            list(pool.map(fail, range(tries)))
    else:  # its one writer makes them take turns
        for number in range(tries):
            fail(number)
    assert sum(row.count for row in told(Verb.SIGN_IN_FAILED)) == tries
    assert len(told(Verb.SIGN_IN_FAILED)) <= 2  # an hour may end meanwhile


def test_a_row_that_another_request_has_just_made_is_counted(
    cast: Cast, visiting: Any, at_ten: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On both databases: the insert is refused, and the row that is there counts it."""
    record_failure(Verb.SIGN_IN_FAILED, user=cast.alice)
    counted = events._counted
    calls: list[bool] = []

    def first_sees_none(row: AccountEvent) -> bool:
        calls.append(True)
        return False if len(calls) == 1 else counted(row)

    monkeypatch.setattr(events, "_counted", first_sees_none)
    record_failure(Verb.SIGN_IN_FAILED, user=cast.alice)
    assert [row.count for row in told(Verb.SIGN_IN_FAILED)] == [2]


# It does not grow for ever


def test_what_is_old_is_forgotten(cast: Cast, settings: Settings) -> None:
    settings.LIKEWISE_KEEP_SIGN_INS = 30.0
    AccountEvent.objects.all().delete()
    for days in (1, 29, 31, 400):
        row = record_event(Verb.SIGNED_IN, user=cast.bob, actor=cast.bob)
        moment = timezone.now() - timedelta(days=days)
        AccountEvent.objects.filter(pk=row.pk).update(created=moment)
    assert forget_old_events() == 2
    assert AccountEvent.objects.count() == 2


def test_a_worker_forgets_it(cast: Cast, settings: Settings) -> None:
    settings.LIKEWISE_KEEP_SIGN_INS = 30.0
    AccountEvent.objects.update(created=timezone.now() - timedelta(days=31))
    assert AccountEvent.objects.exists()
    sweep.tidy()
    assert not AccountEvent.objects.exists()
