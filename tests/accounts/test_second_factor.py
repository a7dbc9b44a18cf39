"""A second factor: set up, sign in with it, recovery codes, and what attacks it."""

import base64
import json
import re
import time

import pytest
from allauth.mfa.models import Authenticator
from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
from django.contrib.auth import get_user
from django.core.cache import cache
from django.core.mail import EmailMessage
from django.test import Client
from pytest_django import Settings

from accounts import ciphers
from accounts.errors import SecretUnreadable, WrongCode
from accounts.second_factors import open_secret, seal_new_secret, turn_on, use_code
from tests.accounts.totp import code_of
from tests.factories import PASSWORD, Cast, make_key, signed_in

PAGE = "/settings/account/second-factor"
LOGIN, STEP = "/accounts/login/", "/accounts/second-factor/"
SECRET = base64.b32encode(b"twenty bytes of it !").decode()


@pytest.fixture
def codes(cast: Cast) -> list[str]:
    """Give Alice a second factor, whose last code was one step ago, and return her codes."""
    _, codes = turn_on(secret=SECRET, code=code_of(SECRET, -1), actor=cast.alice)
    return codes


def give_password(client: Client, wanted: str = "") -> str:
    typed = {"login": "alice@example.org", "password": PASSWORD, "next": wanted}
    return str(client.post(LOGIN, typed)["Location"])


def give_code(client: Client, code: str) -> str:
    """Return where the code leads, or what the page says."""
    answer = client.post(STEP, {"code": code})
    return str(answer.get("Location") or answer.content.decode())


def set_up(client: Client, **fields: str) -> tuple[str, str]:
    """Set one up as a browser does, and return the secret and the page that answers."""
    page = client.get(f"{PAGE}/new").content.decode()
    found = re.search(r'id="secret"[^>]*>([A-Z2-7 ]+)<', page)
    sealed = re.search(r'name="sealed" value="([^"]+)"', page)
    assert found is not None
    assert sealed is not None
    typed = {"sealed": sealed[1], "code": code_of(found[1]), "current": PASSWORD} | fields
    return found[1], client.post(f"{PAGE}/new", typed).content.decode()


def test_it_works(alice_client: Client, cast: Cast, mailoutbox: list[EmailMessage]) -> None:
    before = alice_client.cookies["sessionid"].value
    other = signed_in(cast.alice)
    secret, page = set_up(alice_client)
    assert "Your second factor is on" in page
    assert len(re.findall(r"^.*\d{5} \d{5}$", page, re.M)) == 10
    assert alice_client.cookies["sessionid"].value != before
    assert not get_user(other).is_authenticated
    assert get_user(alice_client).is_authenticated
    assert "second factor" in mailoutbox[0].subject
    fresh = Client()
    assert give_password(fresh, "/jobs/") == STEP
    assert not get_user(fresh).is_authenticated
    pending = fresh.cookies["sessionid"].value
    assert give_code(fresh, code_of(secret, 1)) == "/jobs/"
    assert get_user(fresh) == cast.alice
    assert fresh.cookies["sessionid"].value != pending


def test_a_picture_shows_the_same_secret(alice_client: Client) -> None:
    page = alice_client.get(f"{PAGE}/new").content.decode()
    picture = re.search(r'src="data:image/svg\+xml;base64,([^"]+)"', page)
    assert picture is not None
    drawn = base64.b64decode(picture[1]).decode()
    assert "<svg" in drawn
    assert "<script" not in drawn


def test_a_recovery_code_works_once(cast: Cast, codes: list[str]) -> None:
    for expected in ("/", "is wrong"):
        client = Client()
        give_password(client)
        shown = f"{codes[3][:5]} {codes[3][5:]}"
        assert expected in give_code(client, shown)
    page = signed_in(cast.alice).get(PAGE).content.decode()
    assert "9 codes left" in page


def test_new_recovery_codes(
    alice_client: Client, cast: Cast, codes: list[str], mailoutbox: list[EmailMessage]
) -> None:
    assert alice_client.get(f"{PAGE}/codes").status_code == 200
    page = alice_client.post(f"{PAGE}/codes", {"current": PASSWORD}).content.decode()
    new = [one.replace(" ", "") for one in re.findall(r"\d{5} \d{5}", page)]
    assert len(new) == 10
    assert not set(new) & set(codes)
    assert "recovery codes" in mailoutbox[0].subject
    with pytest.raises(WrongCode):
        use_code(user=cast.alice, code=codes[0])
    assert use_code(user=cast.alice, code=new[0]).type == "recovery_codes"


def test_codes_are_shown_once(alice_client: Client, codes: list[str]) -> None:
    for address in (PAGE, f"{PAGE}/codes", f"{PAGE}/new", "/settings/account"):
        page = alice_client.get(address, follow=True).content.decode()
        assert not any(code[:5] in page and code[5:] in page for code in codes)


def test_turning_it_off(
    alice_client: Client, codes: list[str], mailoutbox: list[EmailMessage]
) -> None:
    assert alice_client.get(f"{PAGE}/off").status_code == 200
    assert alice_client.post(f"{PAGE}/off", {"current": PASSWORD})["Location"] == PAGE
    assert not Authenticator.objects.exists()
    assert "off" in mailoutbox[0].subject
    assert give_password(Client()) == "/"


def test_the_session_lasts_as_it_was_wished(cast: Cast, codes: list[str]) -> None:
    client = Client()
    client.post(LOGIN, {"login": "alice@example.org", "password": PASSWORD, "remember": "on"})
    give_code(client, code_of(SECRET))
    assert get_user(client).is_authenticated
    assert not client.session.get_expire_at_browser_close()


def test_tokens_need_no_code(cast: Cast, codes: list[str]) -> None:
    headers = {"Authorization": f"Token {make_key(cast.alice)}"}
    assert Client().get("/account/v2/user/", headers=headers).status_code in (200, 404)


@pytest.mark.parametrize("place", ["new", "off", "codes"])
@pytest.mark.parametrize("password", ["", "wrong"])
def test_changes_ask_for_the_password(
    alice_client: Client, cast: Cast, request: pytest.FixtureRequest, place: str, password: str
) -> None:
    if place == "new":
        _, page = set_up(alice_client, current=password)
        assert "shown only once" not in page
        assert not Authenticator.objects.exists()
        return
    request.getfixturevalue("codes")
    before = list(Authenticator.objects.order_by("pk").values())
    assert alice_client.post(f"{PAGE}/{place}", {"current": password}).status_code == 422
    assert list(Authenticator.objects.order_by("pk").values()) == before


def test_a_wrong_first_code_keeps_the_secret(alice_client: Client) -> None:
    secret, page = set_up(alice_client, code="000000")
    assert "This code is wrong" in page
    assert secret in page
    assert not Authenticator.objects.exists()


def test_a_page_that_was_open_for_long_gets_a_new_secret(
    alice_client: Client, cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    sealed = seal_new_secret(cast.alice)
    secret = open_secret(cast.alice, sealed)
    later = time.time() + 3700
    monkeypatch.setattr(time, "time", lambda: later)
    typed = {"sealed": sealed, "code": code_of(secret), "current": PASSWORD}
    page = alice_client.post(f"{PAGE}/new", typed).content.decode()
    assert "open for more than an hour" in page
    assert sealed not in page
    assert secret[:4] not in re.findall(r'id="secret"[^>]*>([A-Z2-7]{4})', page)
    assert not Authenticator.objects.exists()


# Attacks


def test_the_password_alone_opens_nothing(cast: Cast, codes: list[str]) -> None:
    client = Client()
    give_password(client)
    for address in ("/", "/settings/account", "/settings/tokens", PAGE):
        assert client.get(address)["Location"].startswith(LOGIN)
    assert client.get(LOGIN)["Location"] == STEP


@pytest.mark.parametrize("typed", [{}, {"code": ""}, {"code": "x" * 5000}, {"credential": "{}"}])
def test_a_form_that_nobody_sends_breaks_nothing(
    cast: Cast, codes: list[str], typed: dict[str, str]
) -> None:
    client = Client()
    give_password(client)
    assert client.post(STEP, typed).status_code in (200, 302)
    assert not get_user(client).is_authenticated


def test_without_a_password_there_is_no_second_step(client: Client, codes: list[str]) -> None:
    assert client.post(STEP, {"code": code_of(SECRET)})["Location"] == LOGIN


def test_a_code_works_once(cast: Cast, codes: list[str]) -> None:
    code = code_of(SECRET)
    for expected in ("/", "already used"):
        client = Client()
        give_password(client)
        assert expected in give_code(client, code)
        cache.clear()  # a cache that is emptied, or another process's, gives no second life


def test_an_older_code_is_worth_nothing_after_a_newer_one(cast: Cast, codes: list[str]) -> None:
    use_code(user=cast.alice, code=code_of(SECRET, 1))
    with pytest.raises(WrongCode):
        use_code(user=cast.alice, code=code_of(SECRET))


def test_the_code_of_the_set_up_is_spent(cast: Cast, alice_client: Client) -> None:
    secret, _ = set_up(alice_client)
    client = Client()
    give_password(client)
    assert "already used" in give_code(client, code_of(secret))


@pytest.mark.parametrize("code", ["", "000000", "٠٠٠٠٠٠", "-1", "1e5", "0" * 40, "\x00"])
def test_what_is_no_code(cast: Cast, codes: list[str], code: str) -> None:
    with pytest.raises(WrongCode):
        use_code(user=cast.alice, code=code)


def test_guessing_is_slowed_down(cast: Cast, codes: list[str]) -> None:
    for place in range(5):
        client = Client(REMOTE_ADDR=f"10.0.0.{place}")
        give_password(client)
        give_code(client, "000000")
    client = Client(REMOTE_ADDR="10.0.0.9")
    give_password(client)
    assert "Too many failed" in give_code(client, code_of(SECRET))
    assert "Too many failed" in give_code(client, codes[0])
    assert not get_user(client).is_authenticated


def test_a_right_code_of_ones_own_gives_no_more_tries_elsewhere(
    cast: Cast, codes: list[str]
) -> None:
    """The library forgot all tries from a place with each right code given there."""
    own = base64.b32encode(b"that of the attacker").decode()
    turn_on(secret=own, code=code_of(own, -1), actor=cast.charlie)
    for number in range(9):
        Client().post(LOGIN, {"login": f"nobody-{number}@example.org", "password": "wrong"})
    client = Client()
    client.post(LOGIN, {"login": "charlie@example.org", "password": PASSWORD})
    give_code(client, code_of(own))
    assert get_user(client) == cast.charlie
    for number in range(2):
        Client().post(LOGIN, {"login": f"somebody-{number}@example.org", "password": "wrong"})
    assert (
        "Too many failed"
        in Client().post(LOGIN, {"login": "bob@example.org", "password": PASSWORD}).content.decode()
    )


def test_a_secret_of_ones_choice_is_refused(alice_client: Client, cast: Cast) -> None:
    of_another = seal_new_secret(cast.charlie)
    code = code_of(open_secret(cast.charlie, of_another))
    for sealed in ("forged", of_another, ""):
        typed = {"sealed": sealed, "code": code, "current": PASSWORD}
        assert alice_client.post(f"{PAGE}/new", typed).status_code == 422
    assert not Authenticator.objects.exists()


def test_a_second_app_does_not_replace_the_first(alice_client: Client, codes: list[str]) -> None:
    before = list(Authenticator.objects.order_by("pk").values())
    typed = {"sealed": "x", "code": code_of(SECRET), "current": PASSWORD}
    assert alice_client.post(f"{PAGE}/new", typed)["Location"] == PAGE
    assert list(Authenticator.objects.order_by("pk").values()) == before


def test_a_new_password_stops_who_waits_with_the_old_one(
    alice_client: Client, codes: list[str]
) -> None:
    waiting = Client()
    give_password(waiting)
    new = {"password": "staple battery horse", "again": "staple battery horse"}
    alice_client.post("/settings/account/password", {"current": PASSWORD} | new)
    assert give_code(waiting, code_of(SECRET)) == LOGIN
    assert not get_user(waiting).is_authenticated


def test_a_link_to_reset_the_password_is_no_way_around(
    cast: Cast, codes: list[str], mailoutbox: list[EmailMessage]
) -> None:
    client = Client()
    client.post("/accounts/password/reset/", {"email": "alice@example.org"})
    link = re.search(r"http://testserver(\S+)", str(mailoutbox[0].body))
    assert link is not None
    form = client.get(link[1], follow=True).request["PATH_INFO"]
    client.post(form, {"password1": "staple battery horse", "password2": "staple battery horse"})
    assert not get_user(client).is_authenticated
    client.post(LOGIN, {"login": "alice@example.org", "password": "staple battery horse"})
    assert not get_user(client).is_authenticated


@pytest.mark.parametrize("wanted", ["https://evil.example/", "//evil.example", "javascript:x"])
def test_it_leads_to_no_other_site(
    cast: Cast, alice_client: Client, codes: list[str], wanted: str
) -> None:
    client = Client()
    give_password(client, wanted)
    assert give_code(client, code_of(SECRET)) == "/"
    Authenticator.objects.all().delete()
    assert wanted not in alice_client.get(f"{PAGE}/new", {"next": wanted}).content.decode()


@pytest.mark.parametrize("place", [f"{PAGE}/new", f"{PAGE}/off", f"{PAGE}/codes"])
def test_a_form_from_elsewhere_is_refused(cast: Cast, place: str) -> None:
    strict = Client(enforce_csrf_checks=True)
    strict.force_login(cast.alice)
    assert strict.post(place, {"current": PASSWORD}).status_code == 403


# What the database holds


def test_secrets_lie_encrypted(cast: Cast, codes: list[str]) -> None:
    kept = json.dumps(list(Authenticator.objects.values_list("data", flat=True)))
    seed = ciphers.decrypt(Authenticator.objects.get(type="recovery_codes").data["seed"])
    assert SECRET not in kept
    assert seed not in kept
    assert not any(code in kept for code in codes)


def test_a_set_up_leaves_no_secret_in_the_session(alice_client: Client) -> None:
    page = alice_client.get(f"{PAGE}/new").content.decode()
    found = re.search(r'id="secret"[^>]*>([A-Z2-7 ]+)<', page)
    assert found is not None
    assert found[1].replace(" ", "") not in json.dumps(dict(alice_client.session))


def test_a_key_that_was_replaced_still_reads_and_is_then_not_needed(
    cast: Cast, codes: list[str], settings: Settings
) -> None:
    old = settings.SECRET_KEY
    settings.SECRET_KEY, settings.SECRET_KEY_FALLBACKS = "another", [old]
    use_code(user=cast.alice, code=code_of(SECRET))
    settings.SECRET_KEY_FALLBACKS = []
    use_code(user=cast.alice, code=code_of(SECRET, 1))


def test_a_key_that_is_lost_is_told(cast: Cast, codes: list[str], settings: Settings) -> None:
    client = Client()
    give_password(client)
    settings.SECRET_KEY_FALLBACKS = [settings.SECRET_KEY]  # sessions go on, to come here at all
    settings.SECRET_KEY = "another"
    data = Authenticator.objects.get(type="totp").data
    Authenticator.objects.filter(type="totp").update(data=data | {"secret": "of another key"})
    assert "cannot be read" in give_code(client, code_of(SECRET))
    assert signed_in(cast.alice).get(PAGE).status_code == 200
    with pytest.raises(SecretUnreadable):
        ciphers.decrypt("of another key")


def test_recovery_codes_are_hard_to_guess(codes: list[str]) -> None:
    assert len(set(codes)) == len(codes) == 10
    assert all(re.fullmatch(r"\d{10}", code) for code in codes)
    wrapped = Authenticator.objects.get(type="recovery_codes").wrap()
    assert isinstance(wrapped, RecoveryCodes)
