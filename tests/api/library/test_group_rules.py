"""The rules of groups, by random sequences of calls against the same rules in plain Python."""

import uuid
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    rule,
    run_state_machine_as_test,
)

from dashboard.models import Group, GroupImage, GroupNesting, GroupRegion, Image, SimilarityType
from dashboard.services.workspaces.workspaces import open_workspace
from tests.api.calls import GROUP, IMAGE, NOBODYS, OBJECT, TYPE
from tests.factories import api_client, make_region, make_type, make_user

KINDS = ("images", "objects", "groups")
MEMBERS = ("images", "objects")
# What a rule acts on: the n-th of what there is, round and round.
at = st.integers(0, 9)
some = st.lists(at, min_size=1, max_size=3)


@dataclass
class Holder:
    """A group as it should be."""

    kind: str
    held: dict[str, set[str]] = field(default_factory=lambda: {name: set() for name in KINDS})


class World:
    """The rules of the contract, said once more and as plainly as possible."""

    def __init__(self) -> None:
        self.exclusive: dict[str, bool] = {}
        self.groups: dict[str, Holder] = {}
        self.images: set[str] = set()
        self.regions: dict[str, str] = {}

    def there(self, name: str) -> set[str]:
        return {"images": self.images, "objects": {*self.regions}, "groups": {*self.groups}}[name]

    def may_add(self, group: str, name: str, ids: set[str]) -> bool:
        holder = self.groups[group]
        others = MEMBERS if name == "groups" else ("groups",)
        if not ids <= self.there(name) or any(holder.held[other] for other in others):
            return False
        if name == "groups":
            return group not in ids and group not in self.below(ids)
        return not self.exclusive[holder.kind] or not self.elsewhere(group, holder.kind, name, ids)

    def below(self, ids: Iterable[str]) -> set[str]:
        found: set[str] = set()
        for one in ids:
            found |= self.groups[one].held["groups"]
            found |= self.below(self.groups[one].held["groups"])
        return found

    def elsewhere(self, group: str, kind: str, name: str, ids: set[str]) -> bool:
        return any(
            other != group and holder.kind == kind and holder.held[name] & ids
            for other, holder in self.groups.items()
        )

    def may_move(self, group: str, kind: str) -> bool:
        holder = self.groups[group]
        if holder.kind == kind or not self.exclusive[kind]:
            return True
        return not any(self.elsewhere(group, kind, name, holder.held[name]) for name in MEMBERS)

    def may_be_exclusive(self, kind: str) -> bool:
        return not any(
            self.elsewhere(group, kind, name, holder.held[name])
            for group, holder in self.groups.items()
            for name in MEMBERS
            if holder.kind == kind
        )

    def drop(self, name: str, one: str) -> None:
        for holder in self.groups.values():
            holder.held[name].discard(one)


class GroupRules(RuleBasedStateMachine):
    """Ask the API and the world the same, and compare."""

    @initialize()
    def begin(self) -> None:
        owner = make_user(uuid.uuid4().hex)
        self.workspace = open_workspace(name="Rules", actor=owner)
        self.client = api_client(owner)
        self.world = World()
        images = Image.objects.bulk_create(list(self.bare_images(3)))
        self.world.images = {str(image.pk) for image in images}
        regions = [make_region(images[one]) for one in (0, 0, 0, 1)]
        self.world.regions = {str(region.pk): str(region.image_id) for region in regions}
        for number in range(2):
            kind = make_type(self.workspace, str(number), exclusive=bool(number))
            self.world.exclusive[str(kind.pk)] = bool(number)
        # Whatever was there once is asked for again, and what never was.
        self.known: dict[str, list[str]] = {
            "images": [*sorted(self.world.images), NOBODYS],
            "objects": [*sorted(self.world.regions), NOBODYS],
            "groups": [],
        }
        for number in (0, 1, 0, 1):
            self.create(number)
        self.known["groups"].append(NOBODYS)

    def bare_images(self, number: int) -> Iterator[Image]:
        for at_ in range(number):
            yield Image(
                workspace=self.workspace,
                sha256=f"{at_:064x}",
                stored_sha256="0" * 64,
                extension="jpg",
                width=64,
                height=48,
                file_size=1,
            )

    def pick(self, name: str, number: int) -> str:
        return self.known[name][number % len(self.known[name])]

    def kind(self, number: int) -> str:
        return [*self.world.exclusive][number % len(self.world.exclusive)]

    @rule(number=at)
    def create(self, number: int) -> None:
        kind = self.kind(number)
        made = self.client.post(GROUP, {"name": "A group", "type": kind})
        assert made.status_code == 201
        self.world.groups[made.json()["id"]] = Holder(kind)
        self.known["groups"].append(made.json()["id"])

    @rule(number=at, name=st.sampled_from(KINDS), numbers=some)
    def add(self, number: int, name: str, numbers: list[int]) -> None:
        group, ids = self.pick("groups", number), [self.pick(name, one) for one in numbers]
        answer = self.client.post(f"{GROUP}{group}/add-{name}", {name: ids})
        if group not in self.world.groups:
            assert answer.status_code == 404
        elif not self.world.may_add(group, name, {*ids}):
            self.told(answer)
        else:
            held = self.world.groups[group].held[name]
            new = {*ids} - held
            assert answer.json() == {"added": len(new), "already": len({*ids} & held)}
            held |= new

    @rule(number=at, name=st.sampled_from(KINDS), numbers=some)
    def remove(self, number: int, name: str, numbers: list[int]) -> None:
        group, ids = self.pick("groups", number), [self.pick(name, one) for one in numbers]
        answer = self.client.post(f"{GROUP}{group}/remove-{name}", {name: ids})
        if group not in self.world.groups:
            assert answer.status_code == 404
        elif not {*ids} <= self.world.there(name):
            self.told(answer)
        else:
            held = self.world.groups[group].held[name]
            gone = {*ids} & held
            assert answer.json() == {"removed": len(gone), "missing": len({*ids} - held)}
            held -= gone

    @rule(number=at, to=at)
    def move(self, number: int, to: int) -> None:
        group, kind = self.pick("groups", number), self.kind(to)
        answer = self.client.put(f"{GROUP}{group}", {"type": kind})
        if group not in self.world.groups:
            assert answer.status_code == 404
        elif not self.world.may_move(group, kind):
            self.told(answer)
        else:
            assert answer.json()["type"]["id"] == kind
            self.world.groups[group].kind = kind

    @rule(number=at, exclusive=st.booleans())
    def make_exclusive(self, number: int, exclusive: bool) -> None:
        kind = self.kind(number)
        answer = self.client.patch(f"{TYPE}{kind}", {"exclusive": exclusive})
        if exclusive and not self.world.may_be_exclusive(kind):
            self.told(answer)
        else:
            assert answer.json()["exclusive"] is exclusive
            self.world.exclusive[kind] = exclusive

    @rule(number=at)
    def delete_group(self, number: int) -> None:
        group = self.pick("groups", number)
        answer = self.client.delete(f"{GROUP}{group}")
        assert answer.status_code == (204 if self.world.groups.pop(group, None) else 404)
        self.world.drop("groups", group)

    @rule(number=at)
    def delete_image(self, number: int) -> None:
        image = self.pick("images", number)
        answer = self.client.delete(f"{IMAGE}{image}")
        assert answer.status_code == (204 if image in self.world.images else 404)
        self.world.images.discard(image)
        self.world.drop("images", image)
        for region in [one for one, of in self.world.regions.items() if of == image]:
            self.forget_region(region)

    @rule(number=at)
    def delete_region(self, number: int) -> None:
        region = self.pick("objects", number)
        answer = self.client.delete(f"{OBJECT}{region}")
        assert answer.status_code == (204 if region in self.world.regions else 404)
        self.forget_region(region)

    @rule(number=at)
    def look(self, number: int) -> None:
        group = self.pick("groups", number)
        answer = self.client.get(f"{GROUP}{group}")
        if group not in self.world.groups:
            assert answer.status_code == 404
            return
        whole = answer.json()
        for name, shown in (
            ("images", "images"),
            ("objects", "detection_objects"),
            ("groups", "groups"),
        ):
            held = self.world.groups[group].held[name]
            assert {row["id"] for row in whole[shown]} == held
            assert whole[f"{name}_count"] == len(held)

    @invariant()
    def the_database_agrees(self) -> None:
        expected = {
            group: (
                holder.kind,
                len(holder.held["images"]),
                len(holder.held["objects"]),
                len(holder.held["groups"]),
            )
            for group, holder in self.world.groups.items()
        }
        rows = Group.objects.in_workspace(self.workspace).values_list(
            "id", "similarity_type", "images_count", "regions_count", "groups_count"
        )
        assert {str(row[0]): (str(row[1]), *row[2:]) for row in rows} == expected
        for model, of, name in (
            (GroupImage, "image", "images"),
            (GroupRegion, "region", "objects"),
            (GroupNesting, "child", "groups"),
        ):
            self.memberships_agree(model, of, name)
        for kind in SimilarityType.objects.in_workspace(self.workspace):
            of_kind = [one for one in self.world.groups.values() if one.kind == str(kind.pk)]
            assert kind.groups_count == len(of_kind)

    def memberships_agree(self, model: Any, of: str, name: str) -> None:
        holder = "parent" if name == "groups" else "group"
        rows = model.objects.filter(**{f"{holder}__workspace": self.workspace})
        pairs = {(str(a), str(b)) for a, b in rows.values_list(holder, of)}
        assert pairs == {
            (group, one) for group, row in self.world.groups.items() for one in row.held[name]
        }
        if name != "groups":
            for row in rows.select_related("group"):
                assert row.similarity_type_id == row.group.similarity_type_id
                assert row.exclusive is self.world.exclusive[str(row.similarity_type_id)]

    def forget_region(self, region: str) -> None:
        self.world.regions.pop(region, None)
        self.world.drop("objects", region)

    def told(self, answer: Any) -> None:
        assert answer.status_code == 400
        assert isinstance(answer.json()["detail"], str)


@pytest.mark.django_db
def test_the_rules_hold() -> None:
    run_state_machine_as_test(
        GroupRules,
        settings=settings(
            max_examples=20,
            stateful_step_count=30,
            deadline=None,
            database=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
