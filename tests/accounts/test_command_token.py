"""`manage.py token`: keys from the command line."""

import io
from datetime import timedelta

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone

from accounts.models import ApiToken, Membership, Role, Scope
from accounts.queries import find_token
from tests.factories import Cast, make_key

ALICE = ("--email", "alice@example.org", "--name", "shop")


def run(*words: str) -> str:
    output = io.StringIO()
    call_command("token", *words, stdout=output)
    return output.getvalue()


def test_it_works(cast: Cast) -> None:
    output = run("create", *ALICE)
    token = find_token(output.removesuffix("\n"))
    assert token is not None
    assert output.count("\n") == 1
    assert (token.user, token.workspace, token.name) == (cast.alice, cast.workspace, "shop")
    assert (token.scope, token.expires) == (Scope.WRITE, None)


def test_create_in_a_workspace(cast: Cast) -> None:
    Membership.objects.create(user=cast.alice, workspace=cast.elsewhere, role=Role.VIEWER)
    run("create", *ALICE, "--workspace", str(cast.elsewhere.pk))
    assert ApiToken.objects.get().workspace == cast.elsewhere


def test_create_one_that_only_reads(cast: Cast) -> None:
    run("create", *ALICE, "--scope", "read")
    assert ApiToken.objects.get().scope == Scope.READ


def test_create_one_for_some_days(cast: Cast) -> None:
    run("create", *ALICE, "--days", "7")
    expires = ApiToken.objects.get().expires
    assert expires is not None
    assert abs(expires - timezone.now() - timedelta(days=7)) < timedelta(minutes=1)


def test_the_address_in_any_case(cast: Cast) -> None:
    assert find_token(run("create", "--email", "ALICE@example.org", "--name", "shop").strip())


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (
            ("--email", "nobody@example.org", "--name", "shop"),
            "no account with the email address nobody",
        ),
        (
            (*ALICE, "--workspace", "5f3b6d1e-3c0f-4b43-9a67-0d3a3f9f7c11"),
            "You are not a member of that workspace",
        ),
        ((*ALICE, "--workspace", "nonsense"), "invalid UUID value"),
        ((*ALICE, "--scope", "all"), "invalid choice"),
        ((*ALICE, "--days", "0"), "A token is valid for 1 to 36500 days"),
        ((*ALICE, "--days", "9999999999"), "A token is valid for 1 to 36500 days"),
        (("--email", "alice@example.org", "--name", " "), "1 to 100 characters"),
        (("--email", "alice@example.org", "--name", "x" * 101), "1 to 100 characters"),
        (("--email", "alice@example.org"), "--name"),
        (("--name", "shop"), "--email"),
    ],
)
def test_create_refuses(cast: Cast, words: tuple[str, ...], sentence: str) -> None:
    with pytest.raises(CommandError, match=sentence):
        run("create", *words)
    assert not ApiToken.objects.exists()


def test_not_in_a_strangers_workspace(cast: Cast) -> None:
    with pytest.raises(CommandError, match="not a member"):
        run("create", *ALICE, "--workspace", str(cast.elsewhere.pk))


def test_revoke(cast: Cast) -> None:
    key, other = make_key(cast.alice, name="shop"), make_key(cast.alice, name="other")
    assert run("revoke", *ALICE) == "Revoked 1 token.\n"
    assert find_token(key) is None
    assert find_token(other) is not None


def test_revoke_all_of_that_name(cast: Cast) -> None:
    keys = [make_key(cast.alice, name="shop") for _ in range(2)]
    assert run("revoke", *ALICE) == "Revoked 2 tokens.\n"
    assert [find_token(key) for key in keys] == [None, None]


def test_revoke_leaves_other_peoples(cast: Cast) -> None:
    key = make_key(cast.bob, name="shop")
    with pytest.raises(CommandError, match="no active token named “shop”"):
        run("revoke", *ALICE)
    assert find_token(key) is not None


def test_revoke_twice(cast: Cast) -> None:
    make_key(cast.alice, name="shop")
    run("revoke", *ALICE)
    with pytest.raises(CommandError, match="no active token"):
        run("revoke", *ALICE)
