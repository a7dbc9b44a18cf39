"""Faults between the two sides, and kills at any moment: all is sent, and nothing twice."""

from collections.abc import Callable, Iterator

import pytest
import requests
from django.conf import settings as all_settings
from django.db import connection
from pytest_django import Settings
from pytest_django.live_server_helper import LiveServer

from accounts.models import Change
from dashboard.models import (
    Group,
    GroupImage,
    GroupNesting,
    Image,
    Job,
    Outgoing,
    Region,
    Task,
    TaskType,
    Twin,
)
from dashboard.queries.connections.outbox import get_outgoing
from dashboard.services.connections.outbox import starting
from dashboard.services.connections.outbox.refusals import discard_change
from dashboard.services.jobs import jobs
from dashboard.services.library import groups, images, nesting
from dashboard.services.training import tasks
from tests.factories import (
    drawn_jpeg,
    make_cast,
    make_group,
    make_image,
    make_label,
    make_region,
    make_task,
    make_type,
)
from tests.outbox import Mirror, linked, url_of
from tests.remote.stand_in import CUT, Asked, Player, Reply, StandIn, says, standing_in
from tests.services.uploads.uploaded import committed, planned, received, undone

HOP = {"connection", "content-length", "transfer-encoding", "content-encoding", "host"}


@pytest.fixture(scope="session", autouse=True)
def _static() -> None:
    all_settings.STATIC_ROOT.mkdir(exist_ok=True)


class Between:
    """Passes requests on to the other side, unless `faults` says otherwise."""

    def __init__(self, stand_in: StandIn, url: str) -> None:
        self.stand_in, self.url = stand_in, url
        self.faults: list[Callable[[Asked, Player], Reply | None]] = []
        self.only = ""  # the method to which the faults happen
        stand_in.player = self.play

    def play(self, asked: Asked) -> Reply | None:
        if self.faults and asked.method == self.only:
            return self.faults.pop(0)(asked, self.pass_on)
        return self.pass_on(asked)

    def pass_on(self, asked: Asked) -> Reply:
        headers = {name: text for name, text in asked.headers.items() if name.lower() not in HOP}
        answer = requests.request(
            asked.method,
            self.url + asked.path,
            params=asked.query,
            headers=headers,
            data=asked.body,
            timeout=30,
        )
        kept = {name: text for name, text in answer.headers.items() if name.lower() not in HOP}
        return Reply(answer.status_code, answer.content, kept)

    def count(self, method: str, part: str = "") -> int:
        return sum(one.method == method and part in one.path for one in self.stand_in.asked)


@pytest.fixture
def between(live_server: LiveServer) -> Iterator[Between]:
    with standing_in() as server:
        yield Between(server, url_of(live_server))


@pytest.fixture
def mirror(
    transactional_db: None,
    between: Between,
    settings: Settings,
    monkeypatch: pytest.MonkeyPatch,
) -> Mirror:
    monkeypatch.setattr(starting, "DELAYS", (0,))
    return linked(make_cast(), between.stand_in.url, settings, monkeypatch, "alice", "bob")


def needs_threads() -> None:
    if connection.vendor == "sqlite":
        pytest.skip("needs PostgreSQL: SQLite's tests share one connection")


def refuses(status: int, **headers: str) -> Callable[[Asked, Player], Reply]:
    return lambda *_: says({"detail": "Not now."}, status, **headers)


def cuts_after(asked: Asked, pass_on: Player) -> Reply | None:
    pass_on(asked)
    return CUT


def fails_after(asked: Asked, pass_on: Player) -> Reply | None:
    pass_on(asked)
    return says({"detail": "Broken."}, 500)


@pytest.mark.parametrize(
    "faults",
    [
        [refuses(429, Retry_After="0")],
        [refuses(500), refuses(500)],
        [cuts_after],
        [cuts_after, cuts_after],
        [fails_after],
        [refuses(503) for _ in range(9)],
    ],
    ids=["429", "500 twice", "cut", "cut twice", "failed after it was done", "long away"],
)
def test_creations_are_made_once(
    mirror: Mirror, between: Between, faults: list[Callable[[Asked, Player], Reply | None]]
) -> None:
    kind = make_type(mirror.here)
    image = make_image(mirror.here)
    mirror.send()
    group, task, label = make_group(kind), make_task(mirror.here), make_label(mirror.here)
    region = make_region(image, label=label)
    between.only, between.faults = "POST", list(faults)
    for _ in range(8):
        if mirror.send() is None:
            break
    assert between.faults == []
    assert [row.pk for row in Group.objects.filter(workspace=mirror.there)] == [
        mirror.remote("group", group).pk
    ]
    assert Task.objects.get(workspace=mirror.there) == mirror.remote("task", task)
    assert Region.objects.get(workspace=mirror.there) == mirror.remote("object", region)
    mirror.settled()


def test_while_the_other_server_is_away_nothing_is_lost(mirror: Mirror, between: Between) -> None:
    make_type(mirror.here)
    between.only, between.faults = "POST", [refuses(503) for _ in range(3)]
    job = mirror.send()
    assert job is not None
    assert job.state == "done"
    assert job.message.endswith("It is tried again automatically.")
    assert [state for state, _ in mirror.rows()] == ["waiting"]
    mirror.send()
    mirror.settled()


def test_a_rule_of_the_other_server(mirror: Mirror, between: Between) -> None:
    kind = make_type(mirror.here)
    between.only, between.faults = "POST", [refuses(400)]
    mirror.send()
    assert mirror.rows() == [("refused", "Not now.")]
    make_group(kind)
    mirror.send()
    assert [state for state, _ in mirror.rows()] == ["refused", "held"]


@pytest.mark.postgres
def test_an_upload_is_sent_side_by_side(mirror: Mirror, between: Between) -> None:
    """Images, groups and memberships of an import; what the other side has is recognised."""
    needs_threads()
    make_image(mirror.there, 1)
    files = {f"shoes/{seed % 3}/{seed}.jpg": drawn_jpeg(seed) for seed in range(50)}
    upload = received(mirror.cast, files, new_type_name="Same shoe")
    planned(upload)
    committed(upload)
    job = mirror.send()
    assert job is not None
    assert mirror.rows() == []
    assert job.done >= 50
    assert Image.objects.filter(workspace=mirror.there, deleted=None).count() == 50
    there = Group.objects.filter(workspace=mirror.there)
    assert {one.name: one.images_count for one in there} == {"0": 17, "1": 17, "2": 16}
    made = Change.objects.filter(workspace=mirror.there, noun="group", verb="created").first()
    assert made is not None
    assert made.actor == mirror.accounts["bob"]
    assert mirror.members() == 50
    mirror.settled()
    undone(upload)
    mirror.send()
    left = Image.objects.filter(workspace=mirror.there, deleted=None)
    assert left.count() == 0
    assert not Group.objects.filter(workspace=mirror.there).exists()
    assert mirror.members() == 0
    mirror.settled()


@pytest.mark.postgres
def test_one_image_of_many_is_refused(mirror: Mirror, between: Between) -> None:
    needs_threads()
    files = {f"shoes/{seed}.jpg": drawn_jpeg(seed) for seed in range(5)}
    upload = received(mirror.cast, files, new_type_name="Same shoe")
    planned(upload)
    committed(upload)
    passing = between.pass_on
    refused: list[Asked] = []

    def refusing(asked: Asked) -> Reply:
        if asked.method == "POST" and asked.path.endswith("training-image/") and not refused:
            refused.append(asked)
            return says({"detail": "Not now."}, 400)
        return passing(asked)

    between.stand_in.player = refusing
    mirror.send()
    ((state, problem),) = mirror.rows()
    assert state == "refused"
    assert "Not now." in problem
    # All others are sent, with their memberships.
    assert Image.objects.filter(workspace=mirror.there).count() == 4
    assert Group.objects.get(workspace=mirror.there).images_count == 4
    discard_change(
        row=get_outgoing(mirror.link, Outgoing.objects.get().pk), actor=mirror.cast.alice
    )
    assert Image.objects.in_workspace(mirror.here).present().count() == 4
    assert Group.objects.get(workspace=mirror.here).images_count == 4
    mirror.send()
    mirror.settled()


def test_many_members_take_one_call(mirror: Mirror, between: Between) -> None:
    group = make_group(make_type(mirror.here))
    image = make_image(mirror.here)
    mirror.send()
    here, there = [
        [
            Image(
                workspace=workspace,
                sha256=f"{number:064}",
                stored_sha256=f"{number:064}",
                extension="jpg",
                width=8,
                height=8,
                file_size=8,
            )
            for number in range(2000)
        ]
        for workspace in (mirror.here, mirror.there)
    ]
    Image.objects.bulk_create(here + there)
    Twin.objects.bulk_create(
        Twin(link=mirror.link, noun="image", local_id=one.pk, remote_id=str(other.pk))
        for one, other in zip(here, there, strict=True)
    )
    ids = [image.pk, *(one.pk for one in here)]
    groups.add_images(group=group, ids=ids, actor=mirror.cast.alice)
    mirror.send()
    assert between.count("POST", "/add-images") == 1
    assert mirror.remote("group", group).images_count == mirror.members() == 2001
    groups.remove_images(group=group, ids=ids[1:], actor=mirror.cast.alice)
    mirror.send()
    assert between.count("POST", "/remove-images") == 1
    assert mirror.remote("group", group).images_count == mirror.members() == 1
    mirror.settled()


class Killer:
    """Kills the sender before the n-th result is written: the answer is lost, not the work."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.left = 0
        real = jobs.Handle.report

        def report(handle: jobs.Handle, **fields: object) -> None:
            self.left -= 1
            if self.left == 0:
                raise jobs.LeaseLost
            real(handle, **fields)

        monkeypatch.setattr(jobs.Handle, "report", report)

    def send(self, mirror: Mirror, after: int) -> bool:
        """Send, and be killed; return whether there was anything to send."""
        self.left = after
        job = mirror.send()
        self.left = 0
        if job is None:
            return False
        rows = Job.objects.filter(pk=job.pk, state=Job.State.RUNNING)
        rows.update(state=Job.State.QUEUED, owner="", lease_until=None, tries=0)
        return True


def test_killed_anywhere(mirror: Mirror, monkeypatch: pytest.MonkeyPatch) -> None:
    alice = mirror.cast.alice
    kind = make_type(mirror.here)
    parent, group = make_group(kind, "Parent"), make_group(kind, test_group=True)
    some = [make_image(mirror.here, seed) for seed in range(4)]
    region = make_region(some[0], label=make_label(mirror.here))
    task = make_task(mirror.here)
    groups.add_images(group=group, ids=[one.pk for one in some], actor=alice)
    groups.add_regions(group=group, ids=[region.pk], actor=alice)
    nesting.add_groups(group=parent, ids=[group.pk], actor=alice)
    tasks.add_type(task=task, similarity_type=kind, actor=alice)
    groups.remove_images(group=group, ids=[some[0].pk], actor=alice)
    images.delete_images(workspace=mirror.here, ids=[some[1].pk], actor=alice)
    killer, kills = Killer(monkeypatch), 0
    # The first result is lost, then the second, then the third: at every moment of the work.
    while killer.send(mirror, 2 + kills % 3):
        kills += 1
        assert kills < 100
    assert kills > 20
    there = mirror.there
    assert Group.objects.filter(workspace=there).count() == 2
    assert Image.objects.filter(workspace=there, deleted=None).count() == 3
    assert Region.objects.filter(workspace=there).count() == 1
    assert GroupImage.objects.filter(group__workspace=there).count() == 2
    assert GroupNesting.objects.filter(parent__workspace=there).count() == 1
    assert TaskType.objects.filter(task__workspace=there).count() == 1
    assert mirror.remote("group", group).test_group
    assert (mirror.remote("group", group).images_count, mirror.members()) == (2, 5)
    mirror.settled()
