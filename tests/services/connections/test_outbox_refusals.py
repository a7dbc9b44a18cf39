"""What the other server refuses is shown until a person decides; what lacks a token is held."""

from typing import Any

import pytest
from django.conf import settings as all_settings
from pytest_django import DjangoAssertNumQueries, Settings
from pytest_django.live_server_helper import LiveServer

from accounts.models import ApiToken, Change, Membership, Role
from dashboard.models import ConnectionToken, Group, GroupImage, Image, Job, Outgoing, Twin
from dashboard.queries.connections.outbox import (
    get_outgoing,
    outgoing_counts,
    outgoing_page,
)
from dashboard.services.connections.connections import delete_token
from dashboard.services.connections.outbox.errors import NoLongerWaits
from dashboard.services.connections.outbox.refusals import discard_change, try_again
from dashboard.services.library import groups, images
from tests.factories import make_cast, make_group, make_image, make_type
from tests.outbox import Mirror, linked, url_of


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
    return linked(make_cast(), url_of(live_server), settings, monkeypatch)


def only(mirror: Mirror, position: int = 0) -> Outgoing:
    rows = list(Outgoing.objects.filter(link=mirror.link).order_by("pk"))
    return get_outgoing(mirror.link, rows[position].pk)


def viewer(mirror: Mirror, name: str = "alice") -> None:
    """Take away the right to write, over there."""
    rows = Membership.objects.filter(workspace=mirror.there, user=mirror.accounts[name])
    rows.update(role=Role.VIEWER)


def editor(mirror: Mirror, name: str = "alice") -> None:
    rows = Membership.objects.filter(workspace=mirror.there, user=mirror.accounts[name])
    rows.update(role=Role.EDITOR)


def test_without_a_token_it_is_held_and_sent_later(mirror: Mirror) -> None:
    kind = make_type(mirror.here)
    mirror.send()
    group = make_group(kind, actor=mirror.cast.bob)
    image = make_image(mirror.here)
    groups.add_images(group=group, ids=[image.pk], actor=mirror.cast.alice)
    mirror.send()
    # Alice's membership waits for Bob's group: nobody creates it with another one's token.
    assert [state for state, _ in mirror.rows()] == ["held", "held"]
    assert mirror.rows()[0][1].startswith("Bob has no API token for ")
    assert mirror.rows()[1][1] == "It waits for an earlier change of the same thing."
    assert not Group.objects.filter(workspace=mirror.there).exists()
    assert mirror.twin("image", image)
    assert mirror.send() is None  # nothing is tried again until something has changed
    mirror.enter_token("bob")
    mirror.send()
    made = Change.objects.get(workspace=mirror.there, noun="group", verb="created")
    assert made.actor == mirror.accounts["bob"]
    assert GroupImage.objects.get(group=mirror.remote("group", group))
    mirror.settled()


def test_a_token_that_was_revoked(mirror: Mirror) -> None:
    make_type(mirror.here)
    ApiToken.objects.filter(workspace=mirror.there).delete()
    mirror.send()
    ((state, problem),) = mirror.rows()
    assert state == "held"
    assert "does not work" in problem
    assert ConnectionToken.objects.get().problem
    mirror.enter_token("alice")
    mirror.send()
    mirror.settled()


def test_a_token_that_only_reads(mirror: Mirror) -> None:
    make_type(mirror.here)
    mirror.enter_token("alice", scope="read")
    mirror.send()
    ((state, problem),) = mirror.rows()
    assert state == "refused"
    assert "read" in problem
    mirror.enter_token("alice")
    assert mirror.send() is None  # refused is refused, until a person decides
    try_again(row=only(mirror))
    mirror.send()
    mirror.settled()


def test_a_refused_change_is_taken_back(mirror: Mirror) -> None:
    kind = make_type(mirror.here)
    group = make_group(kind)
    mirror.send()
    viewer(mirror)
    groups.change_group(group=group, changes={"name": "Ours"}, actor=mirror.cast.alice)
    mirror.send()
    assert [state for state, _ in mirror.rows()] == ["refused"]
    assert mirror.twin("group", group).problem == mirror.rows()[0][1]
    discard_change(row=only(mirror), actor=mirror.cast.ann)
    group.refresh_from_db()
    assert group.name == "Red shoe"
    assert not mirror.twin("group", group).problem
    told = Change.objects.get(workspace=mirror.here, verb="discarded changes of")
    assert (told.noun, told.target_id, told.actor) == ("group", group.pk, mirror.cast.ann)
    editor(mirror)
    mirror.enter_token("ann")
    mirror.send()
    mirror.settled()
    assert mirror.remote("group", group).name == "Red shoe"


def test_a_refused_creation_is_taken_back(mirror: Mirror) -> None:
    kind = make_type(mirror.here)
    image = make_image(mirror.here)
    mirror.send()
    viewer(mirror)
    group = make_group(kind)
    groups.add_images(group=group, ids=[image.pk], actor=mirror.cast.alice)
    groups.change_group(group=group, changes={"name": "Later"}, actor=mirror.cast.alice)
    mirror.send()
    assert [state for state, _ in mirror.rows()] == ["refused", "held", "held"]
    editor(mirror)
    discard_change(row=only(mirror), actor=mirror.cast.alice)
    assert not Group.objects.filter(pk=group.pk).exists()
    mirror.send()
    assert not Group.objects.filter(workspace=mirror.there).exists()
    mirror.settled()


def test_refused_memberships_are_taken_back(mirror: Mirror) -> None:
    group = make_group(make_type(mirror.here))
    some = [make_image(mirror.here, seed).pk for seed in range(3)]
    groups.add_images(group=group, ids=some[:2], actor=mirror.cast.alice)
    mirror.send()
    viewer(mirror)
    groups.remove_images(group=group, ids=[some[0]], actor=mirror.cast.alice)
    groups.add_images(group=group, ids=[some[2]], actor=mirror.cast.alice)
    mirror.send()
    assert [state for state, _ in mirror.rows()] == ["refused", "held"]
    discard_change(row=only(mirror), actor=mirror.cast.alice)
    editor(mirror)
    mirror.send()
    there = GroupImage.objects.filter(group__workspace=mirror.there).count()
    here = GroupImage.objects.filter(group=group).count()
    assert here == there == mirror.members()
    mirror.settled()


def test_a_deletion_is_taken_back(mirror: Mirror) -> None:
    image = make_image(mirror.here)
    mirror.send()
    Job.objects.filter(kind=Job.Kind.PULL).delete()
    viewer(mirror)
    images.delete_images(workspace=mirror.here, ids=[image.pk], actor=mirror.cast.alice)
    mirror.send()
    assert [state for state, _ in mirror.rows()] == ["refused"]
    discard_change(row=only(mirror), actor=mirror.cast.alice)
    # The next pull brings it as a new one.
    assert not Twin.objects.filter(noun="image").exists()
    assert Job.objects.filter(kind=Job.Kind.PULL, state=Job.State.QUEUED).exists()
    assert Image.objects.filter(workspace=mirror.there, deleted=None).count() == 1


def test_what_was_decided_meanwhile_is_not_decided_again(mirror: Mirror) -> None:
    viewer(mirror)
    make_type(mirror.here)
    mirror.send()
    row = only(mirror)
    try_again(row=row)
    for decide in (
        lambda: try_again(row=row),
        lambda: discard_change(row=row, actor=mirror.cast.alice),
    ):
        with pytest.raises(NoLongerWaits):
            decide()
    editor(mirror)
    mirror.send()
    with pytest.raises(NoLongerWaits):
        try_again(row=row)


def test_who_left_is_named(mirror: Mirror) -> None:
    make_type(mirror.here)
    delete_token(
        connection=mirror.link.connection,
        membership=Membership.objects.get(workspace=mirror.here, user=mirror.cast.alice),
        actor=mirror.cast.alice,
    )
    Change.objects.filter(workspace=mirror.here, noun="type").update(actor=mirror.cast.bob)
    mirror.send()
    Membership.objects.filter(workspace=mirror.here, user=mirror.cast.bob).delete()
    Outgoing.objects.update(state="waiting")
    mirror.send()
    assert mirror.rows()[0][1].startswith("Bob has no API token")


def test_lists(mirror: Mirror, django_assert_num_queries: DjangoAssertNumQueries) -> None:
    for number in range(5):
        make_type(mirror.here, f"Type {number}", actor=mirror.cast.bob)
    mirror.send()
    with django_assert_num_queries(1):
        assert outgoing_counts(mirror.link) == {"waiting": 0, "held": 5, "refused": 0}
    with django_assert_num_queries(1):
        first = outgoing_page(mirror.link, "held", size=3)
        names: list[Any] = [(row.change.target_name, str(row.change.actor)) for row in first.rows]
    assert names == [(f"Type {number}", "Bob") for number in range(3)]
    second = outgoing_page(mirror.link, "held", first.next, size=3)
    assert [row.change.target_name for row in second.rows] == ["Type 3", "Type 4"]
    assert not second.next
