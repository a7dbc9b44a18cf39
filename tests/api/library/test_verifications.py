"""Verify groups and images, list who did, and take it back."""

from dataclasses import dataclass
from typing import Any

import pytest

from accounts.models import Change, User
from dashboard.models import Group, Image, Verification
from tests.api.calls import GROUP, IMAGE, NOBODYS, check_refusals, in_workspace
from tests.factories import ApiClient, Cast, api_client, make_group, make_image, make_type


@dataclass(frozen=True)
class Kind:
    """What can be verified, and how the API says it."""

    address: str
    name: str
    thing: str

    def make(self, workspace: Any, number: int = 0) -> Group | Image:
        if self.name == "image":
            return make_image(workspace, number)
        return make_group(make_type(workspace), str(number))

    def verify(self, client: ApiClient, thing: Group | Image, user: User | None = None) -> Any:
        body = {f"{self.name}_id": str(thing.pk)} | ({"user": str(user.pk)} if user else {})
        return client.post(self.address, body)


KINDS = [
    Kind("/annotate/v2/similarity-verification/", "group", GROUP),
    Kind("/annotate/v2/verification/", "image", IMAGE),
]
each = pytest.mark.parametrize("kind", KINDS, ids=["group", "image"])


def count_of(thing: Group | Image) -> int:
    thing.refresh_from_db()
    assert thing.verify_count == thing.verifications.count()
    return thing.verify_count


@each
def test_it_works(cast: Cast, kind: Kind) -> None:
    client, thing = api_client(cast.bob), kind.make(cast.workspace)
    created = kind.verify(client, thing, cast.bob)
    assert created.status_code == 201
    row = created.json()
    assert row | {"id": "", "created": ""} == {
        "id": "",
        "created": "",
        "user": str(cast.bob.pk),
        kind.name: str(thing.pk),
    }
    assert client.get(f"{kind.address}?{kind.name}={thing.pk}").json()["results"] == [row]
    assert client.get(f"{kind.address}{row['id']}").json() == row
    assert client.get(f"{kind.thing}{thing.pk}").json()["verifyCount"] == count_of(thing) == 1
    (listed,) = client.get(kind.thing).json()["results"]
    assert listed["verifyCount"] == 1
    again = kind.verify(client, thing, cast.bob)
    assert (again.status_code, again.json()) == (200, row)
    assert count_of(thing) == 1
    assert client.delete(f"{kind.address}{row['id']}/").status_code == 204
    assert client.delete(f"{kind.address}{row['id']}/").status_code == 404
    assert count_of(thing) == 0
    verbs = Change.objects.filter(target_id=thing.pk).order_by("id").values_list("verb", flat=True)
    assert list(verbs)[1:] == ["verified", "took back a verification of"]


@each
def test_without_user_it_is_ones_own(cast: Cast, kind: Kind) -> None:
    created = kind.verify(api_client(cast.bob), kind.make(cast.workspace))
    assert (created.status_code, created.json()["user"]) == (201, str(cast.bob.pk))


@each
def test_an_admin_may_name_another_member(cast: Cast, kind: Kind) -> None:
    thing = kind.make(cast.workspace)
    for admin, named in ((cast.ann, cast.vera), (cast.alice, cast.bob)):
        assert kind.verify(api_client(admin), thing, named).json()["user"] == str(named.pk)
    assert count_of(thing) == 2
    outsider = kind.verify(api_client(cast.ann), thing, cast.charlie)
    assert (outsider.status_code, list(outsider.data)) == (400, ["user"])
    assert count_of(thing) == 2


@each
def test_an_editor_speaks_for_oneself(cast: Cast, kind: Kind) -> None:
    thing = kind.make(cast.workspace)
    for named in (cast.ann, cast.charlie):
        answer = kind.verify(api_client(cast.bob), thing, named)
        assert (answer.status_code, list(answer.data)) == (403, ["detail"])
    theirs = kind.verify(api_client(cast.ann), thing).json()["id"]
    assert api_client(cast.bob).delete(f"{kind.address}{theirs}").status_code == 403
    assert count_of(thing) == 1
    mine = kind.verify(api_client(cast.bob), thing).json()["id"]
    assert api_client(cast.ann).delete(f"{kind.address}{mine}").status_code == 204
    assert count_of(thing) == 1


@each
def test_lists(cast: Cast, kind: Kind) -> None:
    one, other = kind.make(cast.workspace, 1), kind.make(cast.workspace, 2)
    for thing in (one, other):
        kind.verify(api_client(cast.bob), thing)
    kind.verify(api_client(cast.charlie), kind.make(cast.elsewhere, 3))
    client = api_client(cast.vera)
    assert client.get(kind.address).json()["count"] == 2
    for query, count in ((f"={one.pk}", 1), (f"={NOBODYS}", 0), ("=", 2)):
        assert len(client.get(f"{kind.address}?{kind.name}{query}").json()["results"]) == count
    assert client.get(f"{kind.address}?{kind.name}=x").status_code == 400


@each
def test_it_goes_with_its_thing(cast: Cast, kind: Kind) -> None:
    client, thing = api_client(cast.bob), kind.make(cast.workspace)
    kind.verify(client, thing)
    assert client.delete(f"{kind.thing}{thing.pk}").status_code == 204
    assert not Verification.objects.exists()
    if kind.name == "image":
        assert make_image(cast.workspace).pk == thing.pk
        assert count_of(thing) == 0


def test_images_that_enough_people_verified(cast: Cast) -> None:
    images = [make_image(cast.workspace, seed) for seed in range(2)]
    for who in (cast.bob, cast.ann):
        KINDS[1].verify(api_client(who), images[0])
    client = api_client(cast.vera)
    for least, expected in ((0, 2), (1, 1), (2, 1), (3, 0)):
        assert client.get(f"{IMAGE}?verified={least}").data["count"] == expected


@each
def test_each_kind_at_its_own_address(cast: Cast, kind: Kind) -> None:
    row = kind.verify(api_client(cast.bob), kind.make(cast.workspace)).json()["id"]
    (other,) = [one for one in KINDS if one is not kind]
    for method in ("get", "delete"):
        assert getattr(api_client(cast.bob), method)(f"{other.address}{row}").status_code == 404


def test_who_leaves_leaves_the_count(cast: Cast) -> None:
    group = make_group(make_type(cast.workspace))
    KINDS[0].verify(api_client(cast.bob), group)
    cast.bob.delete()
    assert count_of(group) == 1
    assert api_client(cast.vera).get(KINDS[0].address).json()["results"][0]["user"] is None


# Refusals


@each
def test_who_may(cast: Cast, kind: Kind) -> None:
    thing = kind.make(cast.workspace)
    row = kind.verify(api_client(cast.alice), thing).json()["id"]
    check_refusals(cast, "get", in_workspace(cast, kind.address), writes=False)
    check_refusals(
        cast, "post", in_workspace(cast, kind.address), {f"{kind.name}_id": str(thing.pk)}
    )
    check_refusals(cast, "get", f"{kind.address}{row}", writes=False)
    check_refusals(cast, "delete", f"{kind.address}{row}")


@each
@pytest.mark.parametrize("value", [NOBODYS, "x", None, 5, []])
def test_bad_input(cast: Cast, kind: Kind, value: Any) -> None:
    field = f"{kind.name}_id"
    theirs = kind.make(cast.elsewhere, 1)
    for given in (value, str(theirs.pk)):
        answer = api_client(cast.ann).post(kind.address, {field: given})
        assert (answer.status_code, list(answer.json())) == (400, [field])
    answer = api_client(cast.ann).post(kind.address, {})
    assert (answer.status_code, list(answer.json())) == (400, [field])
    thing = str(kind.make(cast.workspace, 2).pk)
    answer = api_client(cast.ann).post(kind.address, {field: thing, "user": value or "x"})
    assert (answer.status_code, list(answer.json())) == (400, ["user"])
    assert not Verification.objects.exists()
