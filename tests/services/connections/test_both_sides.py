"""Random changes on both sides of a link, then quiet: both sides are equal."""

from collections.abc import Callable
from functools import partial
from itertools import count
from typing import Any

import pytest
from django.conf import settings as all_settings
from django.db.models import QuerySet
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from pytest_django import Settings
from pytest_django.live_server_helper import LiveServer

from accounts.models import User, Workspace
from dashboard.jobs.runner import run_job
from dashboard.models import Group, Image, Outgoing, SimilarityType
from dashboard.queries.connections.outbox import get_outgoing
from dashboard.queries.library.images import images_in
from dashboard.services.connections.links import request_pull, server_of
from dashboard.services.connections.outbox.errors import NoLongerWaits
from dashboard.services.connections.outbox.refusals import discard_change
from dashboard.services.connections.pulling import pull
from dashboard.services.errors import Refused
from dashboard.services.library import groups, images, nesting, similarity_types
from tests.factories import make_cast, make_image, owner_of
from tests.outbox import LIMITS, Mirror, linked, url_of
from tests.services.connections.mirrors import NOT_MIRRORED, NOUNS
from tests.transfers import TOLD, values_of

ROUNDS = 6  # of sending and pulling, after which nothing may be left
NUMBERS = count(1000)


@pytest.fixture(scope="session", autouse=True)
def _static() -> None:
    all_settings.STATIC_ROOT.mkdir(exist_ok=True)


@pytest.fixture
def mirror(
    transactional_db: None,
    live_server: LiveServer,
    settings: Settings,
    monkeypatch: pytest.MonkeyPatch,
) -> Mirror:
    found = linked(make_cast(), url_of(live_server), settings, monkeypatch)
    monkeypatch.setattr(pull, "server_of", partial(server_of, limits=LIMITS))
    return found


class Side:
    """One of the two workspaces, and what can be done there. `pick` chooses among what is there."""

    def __init__(self, workspace: Workspace, pick: int) -> None:
        self.workspace, self.actor, self.pick = workspace, owner_of(workspace), pick

    def one(self, rows: QuerySet[Any], offset: int = 0) -> Any:
        """Return one of the rows, in an order that both sides share; raises LookupError."""
        found = list(rows)
        if not found:
            raise LookupError
        return found[(self.pick + offset) % len(found)]

    def group(self, offset: int = 0) -> Group:
        return self.one(self._of(Group).order_by("name"), offset)  # type: ignore[no-any-return]

    def type(self) -> SimilarityType:
        return self.one(self._of(SimilarityType).order_by("name"))  # type: ignore[no-any-return]

    def image(self) -> Image:
        return self.one(images_in(self.workspace).order_by("sha256"))  # type: ignore[no-any-return]

    def _of(self, model: Any) -> QuerySet[Any]:
        found: QuerySet[Any] = model.objects.filter(workspace=self.workspace)
        return found


def create_type(side: Side) -> None:
    similarity_types.create_type(
        workspace=side.workspace,
        name=f"Type {next(NUMBERS)}",
        exclusive=side.pick % 2 == 0,
        actor=side.actor,
    )


def rename_type(side: Side) -> None:
    similarity_types.change_type(
        similarity_type=side.type(), changes={"name": f"Type {next(NUMBERS)}"}, actor=side.actor
    )


def create_group(side: Side) -> None:
    groups.create_group(
        similarity_type=side.type(), name=f"Group {next(NUMBERS)}", actor=side.actor
    )


def change_group(side: Side) -> None:
    number = next(NUMBERS)
    changes = {"name": f"Group {number}", "meta_data": {"number": number}}
    groups.change_group(group=side.group(), changes=changes, actor=side.actor)


def mark_group(side: Side) -> None:
    group = side.group()
    groups.mark_group(group=group, test_group=not group.test_group, actor=side.actor)


def delete_group(side: Side) -> None:
    groups.delete_group(group=side.group(), actor=side.actor)


def add_image(side: Side) -> None:
    make_image(side.workspace, seed=next(NUMBERS))


def change_image(side: Side) -> None:
    changes = {"meta_data": {"number": next(NUMBERS)}, "test_image": side.pick % 2 == 0}
    images.change_image(image=side.image(), changes=changes, actor=side.actor)


def delete_image(side: Side) -> None:
    images.delete_images(workspace=side.workspace, ids=[side.image().pk], actor=side.actor)


def add_member(side: Side) -> None:
    groups.add_images(group=side.group(), ids=[side.image().pk], actor=side.actor)


def move_member(side: Side) -> None:
    groups.add_images(
        group=side.group(), ids=[side.image().pk], taken=groups.Taken.MOVE, actor=side.actor
    )


def remove_member(side: Side) -> None:
    group = side.group()
    held = side.one(images_in(side.workspace).filter(group_rows__group=group).order_by("sha256"))
    groups.remove_images(group=group, ids=[held.pk], actor=side.actor)


def nest(side: Side) -> None:
    nesting.add_groups(group=side.group(), ids=[side.group(1).pk], actor=side.actor)


def unnest(side: Side) -> None:
    group = side.group()
    held = side.one(Group.objects.filter(parent_rows__parent=group).order_by("name"))
    nesting.remove_groups(group=group, ids=[held.pk], actor=side.actor)


ACTS: list[Callable[[Side], None]] = [
    create_type,
    rename_type,
    *[create_group] * 3,
    change_group,
    mark_group,
    delete_group,
    *[add_image] * 3,
    change_image,
    delete_image,
    *[add_member] * 3,
    move_member,
    remove_member,
    nest,
    unnest,
]
MOMENTS = st.tuples(st.booleans(), st.sampled_from(ACTS), st.integers(0, 50))


@settings(
    max_examples=6,
    deadline=None,
    # The database is not emptied in between: each example begins with two equal sides.
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
    # A shorter example would begin with another state, so it would say nothing.
    phases=[Phase.explicit, Phase.generate],
    derandomize=True,
)
@given(moments=st.lists(MOMENTS, min_size=25, max_size=40))
def test_both_sides_become_equal(
    mirror: Mirror, moments: list[tuple[bool, Callable[[Side], None], int]]
) -> None:
    for is_here, act, pick in moments:
        side = Side(mirror.here if is_here else mirror.there, pick)
        try:
            act(side)
        except (Refused, LookupError):  # it cannot be done as things are
            continue
    for _ in range(ROUNDS):
        mirror.send()
        _decide(mirror)
        _pull(mirror, mirror.cast.alice)
    assert mirror.rows() == []
    here, there = _told(mirror.here), _told(mirror.there)
    for noun in NOUNS:
        assert here[noun] == there[noun], noun


def _told(workspace: Workspace) -> dict[str, list[str]]:
    """Return what both sides should have: a thing that was sent has a time of its own there."""
    # The API takes no name with an upload.
    left_out = NOT_MIRRORED | {"created", "file_name"}
    return {
        noun: values_of(rows(workspace), *(name for name in names if name not in left_out))
        for noun, (rows, names) in ((noun, TOLD[noun]) for noun in NOUNS)
    }


def _decide(mirror: Mirror) -> None:
    """Discard what the other side refused, as a person would who gives in."""
    for pk in Outgoing.objects.filter(link=mirror.link).values_list("pk", flat=True):
        row = Outgoing.objects.filter(pk=pk).first()
        if row is not None and row.state == Outgoing.State.REFUSED:
            try:
                discard_change(row=get_outgoing(mirror.link, pk), actor=mirror.cast.alice)
            except NoLongerWaits:
                continue


def _pull(mirror: Mirror, actor: User) -> None:
    job = request_pull(link=mirror.link, actor=actor)
    run_job(str(job.pk))
    job.refresh_from_db()
    assert job.state == "done", job.message
