"""A workspace that mirrors another one of this program, which answers over HTTP."""

from dataclasses import dataclass
from functools import partial
from typing import Any

import pytest
from pytest_django import Settings
from pytest_django.live_server_helper import LiveServer

from accounts.models import Change, Membership, Role, User, Workspace
from dashboard.jobs.runner import run_job
from dashboard.models import Job, Link, Outgoing, Twin, TwinMember
from dashboard.remote import Limits
from dashboard.services.connections.connections import set_token
from dashboard.services.connections.links import link_workspace, server_of
from dashboard.services.connections.outbox import sending
from dashboard.services.connections.outbox.starting import start_sends
from dashboard.services.jobs import queueing
from tests.factories import Cast, make_connection, make_key, make_member, owner_of

# Without a rate, and tired soon: the other side is this process.
LIMITS = Limits(
    connect_seconds=5, read_seconds=20, retries=2, backoff_seconds=0.01, requests_per_second=None
)


@dataclass
class Mirror:
    """Both sides; `here` mirrors `there`."""

    here: Workspace
    there: Workspace
    link: Link
    cast: Cast
    accounts: dict[str, User]  # over there, by the name of the member here

    def enter_token(self, name: str, role: str = Role.EDITOR, **fields: Any) -> None:
        """Let a member enter a token of an account of theirs on the other side."""
        if name not in self.accounts:
            self.accounts[name] = make_member(self.there, f"{name}-there", role)
        user = getattr(self.cast, name)
        set_token(
            connection=self.link.connection,
            membership=Membership.objects.get(workspace=self.here, user=user),
            secret=make_key(self.accounts[name], self.there, **fields),
            actor=user,
        )

    def send(self) -> Job | None:
        """Let a worker look and do the job that it finds; None if there is none."""
        start_sends()
        job = Job.objects.filter(kind=Job.Kind.SEND, state=Job.State.QUEUED).first()
        if job is not None:
            run_job(str(job.pk))
            job.refresh_from_db()
        return job

    def rows(self) -> list[tuple[str, str]]:
        """Return state and problem of what was not sent."""
        rows = Outgoing.objects.filter(link=self.link).order_by("pk")
        return list(rows.values_list("state", "problem"))

    def twin(self, noun: str, row: Any) -> Twin:
        return Twin.objects.get(link=self.link, noun=noun, local_id=row.pk)

    def remote(self, noun: str, row: Any) -> Any:
        """Return the row over there of a row here."""
        return type(row).objects.get(workspace=self.there, pk=self.twin(noun, row).remote_id)

    def members(self) -> int:
        return TwinMember.objects.filter(container__link=self.link).count()

    def changes_there(self) -> int:
        return Change.objects.filter(workspace=self.there).count()

    def settled(self) -> None:
        """Check that nothing waits, and that a second run sends nothing."""
        assert self.rows() == []
        before = self.changes_there()
        assert self.send() is None
        assert self.changes_there() == before


def linked(
    cast: Cast, url: str, settings: Settings, monkeypatch: pytest.MonkeyPatch, *tokens: str
) -> Mirror:
    """Link the workspace of the cast to Charlie's; no worker runs."""
    settings.LIKEWISE_FETCH_PRIVATE = ["127.0.0.0/8"]
    settings.LIKEWISE_THROTTLE = "0"
    monkeypatch.setattr(queueing.app, "send_task", lambda *_, **__: None)
    monkeypatch.setattr(sending, "server_of", partial(server_of, limits=LIMITS))
    connection = make_connection(cast.workspace, url)
    link = Link(connection=connection)
    mirror = Mirror(cast.workspace, cast.elsewhere, link, cast, {"alice": owner_of(cast.elsewhere)})
    for name in tokens or ("alice",):
        mirror.enter_token(name)
    mirror.link = link_workspace(
        connection=connection, remote_workspace=str(cast.elsewhere.pk), actor=cast.alice
    )
    return mirror


def url_of(server: LiveServer) -> str:
    """Return the URL of the other side: by its IP address, which the guard is asked about."""
    return f"http://127.0.0.1:{server.thread.port}"
