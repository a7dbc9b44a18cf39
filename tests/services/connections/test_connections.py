"""A member's token for another server: tried, encrypted, checked, and deleted with the member."""

import threading
import traceback
from collections.abc import Iterator

import pytest
from django.db import connection as database
from pytest_django import Settings

from accounts import team
from accounts.models import Change, Membership
from dashboard.models import Connection, ConnectionToken
from dashboard.queries.connections import connections as queries
from dashboard.services.connections import connections, errors
from dashboard.services.connections.connections import (
    add_connection,
    check_token,
    delete_token,
    remove_connection,
    set_token,
)
from tests.factories import Cast
from tests.remote.stand_in import CUT, StandIn, page, says, standing_in

SECRET = "lw_a-secret-that-nobody-may-see"
OTHER = "lw_another-secret-of-the-same-kind"
WORKSPACE = {"id": "11111111-1111-4111-8111-111111111111", "name": "Shop", "role": "editor"}
ACCOUNT = {
    "id": "22222222-2222-4222-8222-222222222222",
    "email": "alice@there.example.org",
    "name": "Alice There",
    "token_scope": "write",
    "workspaces": [WORKSPACE],
}

pytestmark = pytest.mark.django_db


@pytest.fixture
def there(settings: Settings) -> Iterator[StandIn]:
    settings.LIKEWISE_FETCH_PRIVATE = ["127.0.0.0/8"]
    with standing_in() as server:
        yield server


def added(cast: Cast, there: StandIn) -> Connection:
    return add_connection(workspace=cast.workspace, url=there.url, actor=cast.alice)


def member(cast: Cast, name: str = "bob") -> Membership:
    return Membership.objects.get(workspace=cast.workspace, user=getattr(cast, name))


def with_token(cast: Cast, there: StandIn, name: str = "bob") -> ConnectionToken:
    there.plays(says(ACCOUNT))
    made = Connection.objects.first() or added(cast, there)
    return set_token(
        connection=made, membership=member(cast, name), secret=SECRET, actor=getattr(cast, name)
    )


def test_it_works(cast: Cast, there: StandIn) -> None:
    token = with_token(cast, there)
    assert there.asked[0].headers["Authorization"] == f"Token {SECRET}"
    assert (token.account_name, token.account_email) == ("Alice There", "alice@there.example.org")
    assert token.workspaces == [WORKSPACE]
    assert (token.scope, token.problem) == ("write", "")
    there.plays(says(ACCOUNT | {"name": "Alice Elsewhere"}))
    again = check_token(connection=token.connection, membership=token.membership)
    assert again.account_name == "Alice Elsewhere"
    assert there.asked[1].headers["Authorization"] == f"Token {SECRET}"
    delete_token(connection=token.connection, membership=token.membership, actor=cast.bob)
    assert not ConnectionToken.objects.exists()
    verbs = Change.objects.filter(noun="connection").order_by("id").values_list("verb", flat=True)
    assert list(verbs) == ["added", "connected to", "disconnected from"]


def test_the_secret_is_in_no_column(cast: Cast, there: StandIn) -> None:
    with_token(cast, there)
    with database.cursor() as cursor:
        for table in database.introspection.table_names(cursor):
            cursor.execute(f"SELECT * FROM {database.ops.quote_name(table)}")
            assert SECRET not in repr(cursor.fetchall()), table


def test_a_server_that_lists_workspaces_elsewhere(cast: Cast, there: StandIn) -> None:
    account = {key: value for key, value in ACCOUNT.items() if key != "workspaces"}
    there.plays(says(account), page({"id": "w1", "name": "One"}, {"id": "w2", "name": "Two"}))
    made = added(cast, there)
    token = set_token(connection=made, membership=member(cast), secret=SECRET, actor=cast.bob)
    assert [(one["name"], one["role"]) for one in token.workspaces] == [("One", ""), ("Two", "")]


@pytest.mark.parametrize(
    ("reply", "sentence"),
    [
        (says({"detail": f"Invalid token {SECRET}."}, 401), "does not accept this token"),
        (says({"detail": "Not found."}, 404), "Check the URL"),
        (says({"detail": "No."}, 403), "No."),
        (says(["nonsense"]), "answer"),
        (says({}, 302, Location="http://127.0.0.1:9/"), "redirects to another URL"),
    ],
)
def test_a_token_that_fails_is_not_kept(
    cast: Cast, there: StandIn, reply: object, sentence: str
) -> None:
    made = added(cast, there)
    there.plays(reply)  # type: ignore[arg-type]
    with pytest.raises(errors.TokenFailed, match=sentence) as failed:
        set_token(connection=made, membership=member(cast), secret=SECRET, actor=cast.bob)
    assert not ConnectionToken.objects.exists()
    told = traceback.TracebackException.from_exception(failed.value)
    assert SECRET not in "".join(told.format())


def test_the_token_before_stays_if_the_new_one_fails(cast: Cast, there: StandIn) -> None:
    token = with_token(cast, there)
    there.plays(says({}, 401))
    with pytest.raises(errors.TokenFailed):
        set_token(
            connection=token.connection,
            membership=token.membership,
            secret=OTHER,
            actor=cast.bob,
        )
    there.plays(says(ACCOUNT))
    check_token(connection=token.connection, membership=token.membership)
    assert there.asked[-1].headers["Authorization"] == f"Token {SECRET}"


@pytest.mark.parametrize("bad", ["two words", "tökén", "\x00", "a\r\nHost: elsewhere"])
def test_what_cannot_be_a_token_is_not_sent(cast: Cast, there: StandIn, bad: str) -> None:
    made = added(cast, there)
    with pytest.raises(errors.TokenFailed, match="Copy it again"):
        set_token(connection=made, membership=member(cast), secret=bad, actor=cast.bob)
    assert there.connections == 0


def test_a_revoked_token_is_kept_with_the_reason(cast: Cast, there: StandIn) -> None:
    token = with_token(cast, there)
    there.plays(says({"detail": "Revoked."}, 401))
    checked = check_token(connection=token.connection, membership=token.membership)
    assert "does not accept this token" in checked.problem
    assert checked.account_name == "Alice There"
    there.plays(says(ACCOUNT))
    renewed = set_token(
        connection=token.connection, membership=token.membership, secret=OTHER, actor=cast.bob
    )
    assert (renewed.pk, renewed.problem) == (token.pk, "")


def test_a_server_that_is_away_changes_nothing(cast: Cast, there: StandIn) -> None:
    token = with_token(cast, there)
    there.player = lambda _: CUT
    with pytest.raises(errors.TokenFailed, match="Try again later"):
        check_token(connection=token.connection, membership=token.membership)
    same = ConnectionToken.objects.get()
    assert (same.problem, same.checked) == ("", token.checked)


def test_a_new_secret_key_with_the_old_one_as_fallback(
    cast: Cast, there: StandIn, settings: Settings
) -> None:
    token = with_token(cast, there)
    old, settings.SECRET_KEY = settings.SECRET_KEY, "n" * 50
    settings.SECRET_KEY_FALLBACKS = [old]
    there.plays(says(ACCOUNT))
    there.plays(says(ACCOUNT))
    assert not check_token(connection=token.connection, membership=token.membership).problem
    settings.SECRET_KEY_FALLBACKS = []  # the token was encrypted again
    assert not check_token(connection=token.connection, membership=token.membership).problem
    settings.SECRET_KEY = "m" * 50
    lost = check_token(connection=token.connection, membership=token.membership)
    assert "SECRET_KEY changed" in lost.problem


def test_nobody_acts_with_anothers_token(cast: Cast, there: StandIn) -> None:
    token = with_token(cast, there, "alice")
    with pytest.raises(errors.NoToken, match="You have no API token"):
        check_token(connection=token.connection, membership=member(cast, "bob"))
    with pytest.raises(errors.NoToken):
        delete_token(connection=token.connection, membership=member(cast, "bob"), actor=cast.bob)
    assert ConnectionToken.objects.count() == 1
    assert len(there.asked) == 1


def test_a_member_who_leaves_takes_the_token_along(cast: Cast, there: StandIn) -> None:
    with_token(cast, there)
    team.remove_member(membership=member(cast), actor=cast.alice)
    assert not ConnectionToken.objects.exists()
    assert Connection.objects.exists()


def test_a_connection_goes_with_all_tokens(cast: Cast, there: StandIn) -> None:
    made = with_token(cast, there, "alice").connection
    with_token(cast, there, "bob")
    remove_connection(connection=made, actor=cast.alice)
    assert not ConnectionToken.objects.exists()


@pytest.mark.parametrize(
    ("url", "sentence"),
    [
        ("api.example.org", "Write it in full"),
        ("ftp://api.example.org", "Write it in full"),
        ("https://me:secret@api.example.org", "user name or password"),
        ("", "Write it in full"),
    ],
)
def test_a_bad_url(cast: Cast, url: str, sentence: str) -> None:
    with pytest.raises(errors.BadUrl, match=sentence):
        add_connection(workspace=cast.workspace, url=url, actor=cast.alice)
    assert not Connection.objects.exists()


def test_the_same_server_twice(cast: Cast) -> None:
    add_connection(workspace=cast.workspace, url="https://api.example.org/", actor=cast.alice)
    with pytest.raises(errors.ConnectionExists, match=r"already connected to api\.example\.org"):
        add_connection(workspace=cast.workspace, url=" https://api.example.org", actor=cast.ann)
    add_connection(workspace=cast.elsewhere, url="https://api.example.org", actor=cast.charlie)


def test_a_workspace_has_so_many(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connections, "MOST", 1)
    add_connection(workspace=cast.workspace, url="https://one.example.org", actor=cast.alice)
    with pytest.raises(errors.TooManyConnections, match="at most 1 connection"):
        add_connection(workspace=cast.workspace, url="https://two.example.org", actor=cast.alice)


def test_private_networks_are_not_opened(cast: Cast, settings: Settings) -> None:
    settings.LIKEWISE_FETCH_PRIVATE = []
    with standing_in() as server:
        made = added(cast, server)
        with pytest.raises(errors.TokenFailed, match="private network"):
            set_token(connection=made, membership=member(cast), secret=SECRET, actor=cast.bob)
        assert server.connections == 0


@pytest.mark.django_db(transaction=True)
def test_a_connection_that_is_removed_while_its_server_answers(cast: Cast, there: StandIn) -> None:
    made = added(cast, there)

    def answering(_: object) -> object:
        def remove() -> None:
            Connection.objects.filter(pk=made.pk).delete()
            database.close()

        thread = threading.Thread(target=remove)
        thread.start()
        thread.join()
        return says(ACCOUNT)

    there.player = answering  # type: ignore[assignment]
    with pytest.raises(Connection.DoesNotExist):
        set_token(connection=made, membership=member(cast), secret=SECRET, actor=cast.bob)
    assert not ConnectionToken.objects.exists()


def test_the_list_reads_each_table_once(cast: Cast, there: StandIn) -> None:
    with_token(cast, there, "alice")
    with_token(cast, there, "bob")
    assert queries.connected_members(cast.workspace) == {
        Connection.objects.get().pk: ["Alice", "Bob"]
    }
