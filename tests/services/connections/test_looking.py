"""A thing is read again when its page is opened, and both values of a conflict are told."""

import pytest
from pytest_django import Settings
from pytest_django.live_server_helper import LiveServer

from accounts.models import Membership
from dashboard.models import ConnectionToken, Group, Job, Twin
from dashboard.queries.connections.twins import unfinished_pull
from dashboard.services.connections import looking
from dashboard.services.connections.looking import look_again
from dashboard.services.jobs import queueing
from dashboard.services.library.groups import add_images, change_group
from tests.factories import Cast, make_cast, make_image, signed_in
from tests.services.connections.mirrors import Mirror, fill, linked

pytestmark = [pytest.mark.live, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def cast(transactional_db: None, monkeypatch: pytest.MonkeyPatch) -> Cast:
    monkeypatch.setattr(queueing.app, "send_task", lambda *_, **__: None)
    return make_cast()


@pytest.fixture
def mirror(cast: Cast, live_server: LiveServer, settings: Settings) -> Mirror:
    found = linked(cast, live_server, settings)
    fill(found.there)
    found.pulled()
    return found


def look(mirror: Mirror, group: Group) -> bool:
    member = Membership.objects.get(workspace=mirror.here, user=mirror.owner)
    here = mirror.twin_of("group", group)
    return look_again(link=mirror.link, noun="group", thing_id=here.pk, membership=member)


def test_a_change_there_comes_at_once(mirror: Mirror, cast: Cast) -> None:
    there = Group.objects.get(workspace=mirror.there, name="Product 0")
    change_group(group=there, changes={"name": "Renamed"}, actor=cast.charlie)
    assert look(mirror, there)
    assert mirror.twin_of("group", there).name == "Renamed"
    # Within 30 seconds it is not asked again.
    change_group(group=there, changes={"name": "Once more"}, actor=cast.charlie)
    assert not look(mirror, there)
    assert mirror.twin_of("group", there).name == "Renamed"


def test_what_is_the_same_is_told_as_such(mirror: Mirror) -> None:
    assert not look(mirror, Group.objects.get(workspace=mirror.there, name="Product 0"))


def test_many_new_images_are_left_to_a_job(
    mirror: Mirror, cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(looking, "MOST_NEW", 1)
    there = Group.objects.get(workspace=mirror.there, name="Product 0")
    ids = [make_image(mirror.there, seed=70 + number).pk for number in range(2)]
    add_images(group=there, ids=ids, actor=cast.charlie)
    assert not look(mirror, there)
    job = unfinished_pull(mirror.link)
    assert job is not None
    assert job.kind == Job.Kind.PULL
    assert mirror.twin_of("group", there).images_count == 3
    # While it waits, pages leave everything to it.
    assert not look(mirror, there)


def test_a_revoked_token_is_remembered(mirror: Mirror, cast: Cast) -> None:
    cast.charlie.tokens.all().delete()
    there = Group.objects.get(workspace=mirror.there, name="Product 0")
    assert not look(mirror, there)
    assert "no longer accepts" in ConnectionToken.objects.get().problem


def test_activity_tells_both_values(mirror: Mirror, cast: Cast) -> None:
    there = Group.objects.get(workspace=mirror.there, name="Product 0")
    here = mirror.twin_of("group", there)
    change_group(group=there, changes={"name": "Theirs"}, actor=cast.charlie)
    change_group(group=here, changes={"name": "Ours"}, actor=cast.alice)
    mirror.pulled()
    assert Twin.objects.get(noun="group", local_id=here.pk).base["name"] == "Theirs"
    shown = signed_in(cast.alice).get("/activity/").content.decode()
    assert "which was changed on both sides" in shown
    for value in ("name “Theirs”", "name “Ours”"):
        assert value in shown
