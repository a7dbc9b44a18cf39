"""Begin and end a link, open its server as a member, and pull every hour."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone
from pytest_django import Settings

from accounts.ciphers import encrypt
from accounts.models import Change, Membership
from dashboard.models import Connection, ConnectionToken, Image, Job, Link, Outgoing, Twin
from dashboard.services.connections import errors
from dashboard.services.connections.connections import PURPOSE
from dashboard.services.connections.links import (
    choose_keeper,
    link_workspace,
    request_pull,
    server_of,
    start_pulls,
    unlink,
)
from dashboard.services.connections.pulling.pull import run_pull
from dashboard.services.errors import Refused
from dashboard.services.jobs import jobs
from tests import factories
from tests.factories import Cast
from tests.remote.stand_in import StandIn, page, says, standing_in

SECRET = "lw_a-secret-that-nobody-may-see"
THERE = {"id": "ws-7", "name": "Shop", "role": "editor"}

pytestmark = pytest.mark.django_db


@pytest.fixture
def there(settings: Settings) -> Iterator[StandIn]:
    settings.LIKEWISE_FETCH_PRIVATE = ["127.0.0.0/8"]
    with standing_in() as server:
        yield server


@pytest.fixture
def connection(cast: Cast) -> Connection:
    return factories.make_connection(cast.workspace)


def member(cast: Cast, name: str) -> Membership:
    return Membership.objects.get(workspace=cast.workspace, user=getattr(cast, name))


def with_token(connection: Connection, cast: Cast, name: str = "alice", **fields: Any) -> None:
    ConnectionToken.objects.create(
        connection=connection,
        membership=member(cast, name),
        secret=encrypt(SECRET, PURPOSE),
        **{"workspaces": [THERE]} | fields,
    )


def linked(connection: Connection, cast: Cast) -> Link:
    with_token(connection, cast)
    return link_workspace(connection=connection, remote_workspace="ws-7", actor=cast.alice)


def test_it_works(connection: Connection, cast: Cast) -> None:
    link = linked(connection, cast)
    assert (link.remote_name, link.keeper) == ("Shop", member(cast, "alice"))
    assert str(link) == f"Shop on {connection}"
    job = Job.objects.get(subject_id=link.pk)
    assert (job.kind, job.state, job.created_by) == ("pull", "queued", cast.alice)
    told = Change.objects.get(workspace=cast.workspace, verb="linked")
    assert (told.noun, told.target_id, told.actor) == ("link", link.pk, cast.alice)
    # What was done before the link is never sent.
    before = Change.objects.get(workspace=cast.workspace, noun="connection")
    assert link.position == before.sequence


def test_each_sends_their_own_token(there: StandIn, cast: Cast) -> None:
    connection = factories.make_connection(cast.workspace, there.url)
    link = linked(connection, cast)
    with_token(connection, cast, "bob")
    own = ConnectionToken.objects.filter(membership=member(cast, "bob"))
    own.update(secret=encrypt("lw_the-secret-of-bob", PURPOSE))
    there.plays(page(), page())
    for name, secret in (("alice", SECRET), ("bob", "lw_the-secret-of-bob")):
        with server_of(link, member(cast, name)) as server:
            assert list(server.iterate_labels()) == []
        assert there.asked[-1].headers["Authorization"] == f"Token {secret}"
        assert there.asked[-1].query["workspace"] == "ws-7"


def test_nobody_acts_with_the_token_of_another(connection: Connection, cast: Cast) -> None:
    link = linked(connection, cast)
    for who in (member(cast, "bob"), None):
        with pytest.raises(errors.NoToken):
            server_of(link, who)


def test_a_token_with_a_problem_is_not_sent(connection: Connection, cast: Cast) -> None:
    link = linked(connection, cast)
    ConnectionToken.objects.update(problem="It was revoked.")
    with pytest.raises(errors.TokenFailed, match="It was revoked"):
        server_of(link, member(cast, "alice"))


def test_a_token_that_cannot_be_decrypted_any_more(
    connection: Connection, cast: Cast, settings: Settings
) -> None:
    link = linked(connection, cast)
    settings.SECRET_KEY = "another"
    with pytest.raises(errors.TokenFailed, match="SECRET_KEY changed"):
        server_of(link, member(cast, "alice"))


def refused(connection: Connection, cast: Cast, remote: str = "ws-7") -> Refused:
    with pytest.raises(Refused) as refusal:
        link_workspace(connection=connection, remote_workspace=remote, actor=cast.alice)
    assert not Job.objects.filter(kind="pull").exists()
    return refusal.value


def test_without_a_token_nothing_is_linked(connection: Connection, cast: Cast) -> None:
    assert isinstance(refused(connection, cast), errors.NoToken)


def test_only_a_workspace_that_the_token_lists(connection: Connection, cast: Cast) -> None:
    with_token(connection, cast)
    assert isinstance(refused(connection, cast, "ws-8"), errors.UnknownWorkspace)


def test_never_itself(connection: Connection, cast: Cast) -> None:
    own = str(cast.workspace.pk)
    with_token(connection, cast, workspaces=[THERE | {"id": own}])
    assert isinstance(refused(connection, cast, own), errors.LinksToItself)


def test_only_an_empty_workspace(connection: Connection, cast: Cast) -> None:
    with_token(connection, cast)
    factories.make_image(cast.workspace)
    factories.make_label(cast.workspace)
    refusal = refused(connection, cast)
    assert isinstance(refusal, errors.NotEmpty)
    assert "1 image, 1 label" in str(refusal)


def test_a_workspace_mirrors_one_other(connection: Connection, cast: Cast) -> None:
    link = linked(connection, cast)
    with pytest.raises(errors.AlreadyLinked, match=str(link)):
        link_workspace(connection=connection, remote_workspace="ws-7", actor=cast.alice)
    assert Link.objects.count() == 1


def test_unlinking_keeps_what_is_here(connection: Connection, cast: Cast) -> None:
    link = linked(connection, cast)
    image = factories.make_image(cast.workspace)
    Twin.objects.create(link=link, noun="image", local_id=image.pk, remote_id="i1")
    change = Change.objects.filter(workspace=cast.workspace).first()
    assert change is not None
    Outgoing.objects.create(link=link, change=change)
    unlink(link=link, actor=cast.alice)
    assert not Link.objects.exists()
    assert not Twin.objects.exists()
    assert not Outgoing.objects.exists()
    assert Image.objects.filter(pk=image.pk).exists()
    assert Connection.objects.filter(pk=connection.pk).exists()
    assert Job.objects.get(kind="pull").state == Job.State.CANCELLED
    assert Change.objects.filter(workspace=cast.workspace, verb="unlinked").count() == 1


def test_one_pull_at_a_time(connection: Connection, cast: Cast) -> None:
    link = linked(connection, cast)
    first = request_pull(link=link, actor=cast.alice)
    assert request_pull(link=link, actor=cast.bob) == first
    Job.objects.filter(pk=first.pk).update(state="done", finished=timezone.now())
    assert request_pull(link=link, actor=cast.bob) != first


def test_every_hour(connection: Connection, cast: Cast) -> None:
    link = linked(connection, cast)
    assert start_pulls() == 0  # the first one waits
    ago = timezone.now() - timedelta(minutes=61)
    Job.objects.update(state="done", finished=ago, created=ago)
    Link.objects.update(pulled=timezone.now() - timedelta(minutes=59))
    assert start_pulls() == 0
    Link.objects.update(pulled=ago)
    assert start_pulls() == 1
    assert start_pulls() == 0
    job = Job.objects.filter(subject_id=link.pk).latest("created")
    assert job.created_by is None
    # One that failed is not tried again at once.
    Job.objects.filter(pk=job.pk).update(state="failed", finished=timezone.now())
    assert start_pulls() == 0


def test_the_hourly_pull_uses_the_token_of_the_keeper(there: StandIn, cast: Cast) -> None:
    connection = factories.make_connection(cast.workspace, there.url)
    link = linked(connection, cast)
    with_token(connection, cast, "ann")
    own = ConnectionToken.objects.filter(membership=member(cast, "ann"))
    own.update(secret=encrypt("lw_the-secret-of-ann", PURPOSE))
    choose_keeper(link=link, membership=member(cast, "ann"), actor=cast.alice)
    with pytest.raises(errors.NoToken):
        choose_keeper(link=link, membership=member(cast, "bob"), actor=cast.alice)
    there.plays(says({"detail": "Invalid token."}, 401))
    job = jobs.claim(_hourly(link).pk, "worker")
    assert job is not None
    with pytest.raises(errors.TokenFailed, match="no longer accepts"):
        _run(job)
    assert there.asked[-1].headers["Authorization"] == "Token lw_the-secret-of-ann"
    # Alice's own still works.
    assert ConnectionToken.objects.get(membership=member(cast, "alice")).problem == ""


def _hourly(link: Link) -> Job:
    Job.objects.all().delete()
    assert start_pulls() == 1
    return Job.objects.get(subject_id=link.pk)


def _run(job: Job) -> None:
    run_pull(link_id=job.subject_id, handle=jobs.Handle(job))
