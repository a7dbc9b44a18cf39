"""Change one's password: other sessions end, tokens only if that is wished."""

import pytest
from django.contrib.auth import get_user
from django.core.mail import EmailMessage
from django.test import Client

from accounts.models import ApiToken, Change
from accounts.queries import find_token
from tests.factories import PASSWORD, Cast, make_key, signed_in

PAGE = "/settings/account/password"
NEW = "staple battery horse"


def typed(**fields: str) -> dict[str, str]:
    return {"current": PASSWORD, "password": NEW, "again": NEW} | fields


def test_it_works(alice_client: Client, cast: Cast, mailoutbox: list[EmailMessage]) -> None:
    before = alice_client.cookies["sessionid"].value
    answer = alice_client.post(PAGE, typed(), follow=True)
    assert "Your password was changed" in answer.content.decode()
    cast.alice.refresh_from_db()
    assert cast.alice.check_password(NEW)
    assert alice_client.cookies["sessionid"].value != before
    assert mailoutbox[0].to == ["alice@example.org"]
    assert "was changed" in str(mailoutbox[0].body)
    assert NEW not in str(mailoutbox[0].body)


def test_every_other_session_ends(alice_client: Client, cast: Cast, bob_client: Client) -> None:
    other = signed_in(cast.alice)
    alice_client.post(PAGE, typed())
    page = alice_client.get("/settings/account/sessions").content.decode()
    assert page.count("This session") == 1
    assert page.count('/end"') == 1  # that of all others: there is no row to end
    assert not get_user(other).is_authenticated
    assert get_user(alice_client).is_authenticated
    assert get_user(bob_client).is_authenticated


def test_tokens_survive_and_the_page_says_so(alice_client: Client, cast: Cast) -> None:
    key = make_key(cast.alice)
    page = alice_client.get(PAGE).content.decode()
    assert "you have 1 active token" in page
    assert "Also revoke my API tokens (1)" in page
    answer = alice_client.post(PAGE, typed(), follow=True)
    assert "Your API tokens still work." in answer.content.decode()
    assert find_token(key) is not None


def test_tokens_are_revoked_if_that_is_wished(alice_client: Client, cast: Cast) -> None:
    keys = [make_key(cast.alice, name=name) for name in ("one", "two")]
    of_another = make_key(cast.bob)
    answer = alice_client.post(PAGE, typed(revoke="on"), follow=True)
    assert "2 API tokens were revoked." in answer.content.decode()
    assert [find_token(key) for key in keys] == [None, None]
    assert find_token(of_another) is not None
    assert Change.objects.filter(noun="token", verb="revoked").count() == 2


def test_without_tokens_there_is_nothing_to_tick(alice_client: Client, cast: Cast) -> None:
    assert "Also revoke" not in alice_client.get(PAGE).content.decode()
    assert alice_client.post(PAGE, typed(revoke="on")).status_code == 302
    assert not ApiToken.objects.exists()


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({"current": "wrong"}, "not your current password"),
        ({"current": ""}, "required"),
        ({"password": "password", "again": "password"}, "too common"),
        ({"password": "alice@example.org", "again": "alice@example.org"}, "too similar"),
        ({"again": "something else"}, "two passwords do not match"),
    ],
)
def test_it_refuses(
    alice_client: Client,
    cast: Cast,
    mailoutbox: list[EmailMessage],
    fields: dict[str, str],
    sentence: str,
) -> None:
    answer = alice_client.post(PAGE, typed(**fields))
    assert answer.status_code == 422
    page = answer.content.decode()
    assert sentence in page
    assert 'aria-invalid="true"' in page
    cast.alice.refresh_from_db()
    assert cast.alice.check_password(PASSWORD)
    assert mailoutbox == []


def test_a_wrong_password_does_not_come_back_in_the_page(alice_client: Client) -> None:
    assert NEW not in alice_client.post(PAGE, typed(current="wrong")).content.decode()


def test_guessing_is_slowed_down(alice_client: Client, cast: Cast) -> None:
    for _ in range(5):
        alice_client.post(PAGE, typed(current="wrong"))
    answer = alice_client.post(PAGE, typed())
    assert "Too many failed" in answer.content.decode()
    cast.alice.refresh_from_db()
    assert cast.alice.check_password(PASSWORD)


def test_a_form_from_elsewhere_is_refused(cast: Cast) -> None:
    strict = Client(enforce_csrf_checks=True)
    strict.force_login(cast.alice)
    assert strict.post(PAGE, typed()).status_code == 403


def test_the_name(alice_client: Client, cast: Cast) -> None:
    assert alice_client.post("/settings/account/name", {"name": "Alice Liddell"}).status_code == 302
    cast.alice.refresh_from_db()
    assert str(cast.alice) == "Alice Liddell"
    assert alice_client.post("/settings/account/name", {"name": "x" * 151}).status_code == 422
