"""Bring types, labels, regions, groups and who is in them in, in batches that may be repeated."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import Count, F

from accounts.models import Membership, User, Workspace
from dashboard.files.transfer_rows import Row
from dashboard.models import (
    Group,
    GroupNesting,
    Image,
    Label,
    Region,
    SimilarityType,
    Verification,
)
from dashboard.queries.images import images_in
from dashboard.services import jobs
from dashboard.services.holding import hold_all
from dashboard.services.imported import Ids, created, portions
from dashboard.services.members import IMAGES, REGIONS, Kind, place


@dataclass
class GroupImport:
    """Brings rows in, noun by noun; `elsewhere` counts members that stay where they are."""

    workspace: Workspace
    actor: User | None
    ids: Ids
    handle: jobs.Handle
    elsewhere: int = 0

    @transaction.atomic
    def types(self, rows: Iterable[Row]) -> None:
        """Join types of the same name and the same `exclusive`; others get a name of their own."""
        hold_all(Workspace.objects.filter(pk=self.workspace.pk))
        there = self.ids.all("types")
        for row in rows:
            if row["id"] not in there:
                self.ids.keep("types", {row["id"]: self._type(row)})
        self.handle.report(stage="Bringing types in")

    def _type(self, row: Row) -> UUID:
        # Two of the archive never become one: each joins one that was here before, or is new.
        here = SimilarityType.objects.in_workspace(self.workspace).order_by("created", "id")
        here = here.exclude(pk__in=self.ids.all("types").values())
        joined = here.filter(name=row["name"], exclusive=row["exclusive"]).first()
        if joined is not None:
            return joined.pk
        taken = set(here.values_list("name", flat=True))
        made = SimilarityType(id=self.ids.make("types", row["id"]), workspace=self.workspace)
        made.name, made.description = free_name(row["name"], taken), row["description"]
        made.exclusive, made.created = row["exclusive"], created(row)
        made.save(force_insert=True)
        return made.pk

    @transaction.atomic
    def labels(self, rows: Iterable[Row]) -> None:
        """Join labels of the same name."""
        hold_all(Workspace.objects.filter(pk=self.workspace.pk))
        there = self.ids.all("labels")
        for row in rows:
            if row["id"] not in there:
                here = Label.objects.in_workspace(self.workspace).filter(name=row["name"])
                here = here.exclude(pk__in=self.ids.all("labels").values())
                label = here.order_by("created", "id").first() or self._label(row)
                self.ids.keep("labels", {row["id"]: label.pk})
        self.handle.report(stage="Bringing labels in")

    def _label(self, row: Row) -> Label:
        fields = {name: row[name] for name in ("name", "description", "color", "output_name")}
        new_id = self.ids.make("labels", row["id"])
        return Label.objects.create(
            id=new_id, workspace=self.workspace, created=created(row), **fields
        )

    def regions(self, rows: Iterable[Row]) -> None:
        """Draw the regions, but for images that are here in another size."""
        labels = self.ids.all("labels")
        for batch in self._batches("regions", rows):
            images = self._images([row["image"] for row in batch])
            made = [
                Region(
                    id=self.ids.make("regions", row["id"]),
                    workspace=self.workspace,
                    created=created(row),
                    image=images[row["image"]],
                    label_id=labels[row["label"]],
                    **{side: row[side] for side in ("left", "top", "right", "bottom", "meta_data")},
                )
                for row in batch
                if row["image"] in images and _fits(row, images[row["image"]])
            ]
            with transaction.atomic():
                Region.objects.bulk_create(made)
                self._keep("regions", made, batch)

    def groups(self, rows: Iterable[Row]) -> None:
        """Make the groups as they are in the archive, also beside others of the same name."""
        types = self.ids.all("types")
        for batch in self._batches("groups", rows):
            made = [
                Group(
                    id=self.ids.make("groups", row["id"]),
                    workspace=self.workspace,
                    created=created(row),
                    similarity_type_id=types[row["type"]],
                    **{name: row[name] for name in _GROUP_FIELDS},
                )
                for row in batch
            ]
            by_type: defaultdict[UUID, int] = defaultdict(int)
            for group in made:
                by_type[group.similarity_type_id] += 1
            with transaction.atomic():
                for type_id in sorted(by_type):
                    kind = SimilarityType.objects.filter(pk=type_id)
                    kind.update(groups_count=F("groups_count") + by_type[type_id])
                Group.objects.bulk_create(made)
                self._keep("groups", made, batch)

    def members(self, rows: Iterable[Row]) -> None:
        """Put images and regions into their groups.

        Whoever is in another group of a type that allows one stays there.
        """
        for batch in portions(rows):
            groups = self._groups([row["group"] for row in batch])
            images = self._images([row["image"] for row in batch if row["image"]])
            regions = self._regions([row["region"] for row in batch if row["region"]])
            with transaction.atomic():
                hold_all(Image.objects.filter(pk__in={image.pk for image in images.values()}))
                hold_all(Region.objects.filter(pk__in={one.pk for one in regions.values()}))
                self._place(IMAGES, batch, groups, images)
                self._place(REGIONS, batch, groups, regions)
                self.handle.report(stage="Bringing members in")
            self.handle.check()

    def _place(
        self, kind: Kind, batch: Sequence[Row], groups: dict[str, Group], members: dict[str, Any]
    ) -> None:
        by_type: defaultdict[UUID, list[tuple[Group, Any]]] = defaultdict(list)
        for row in batch:
            group, member = groups.get(row["group"]), members.get(row[kind.member] or "")
            if group is not None and member is not None and not group.groups_count:
                by_type[group.similarity_type_id].append((group, member))
        for pairs in by_type.values():
            self.elsewhere += len(place(kind, pairs).elsewhere)

    def nestings(self, rows: Iterable[Row]) -> None:
        """Put groups into groups.

        Only this import made them, and the archive was checked: nothing comes to lie in itself.
        """
        for batch in portions(rows):
            groups = self._groups([row[side] for row in batch for side in ("parent", "child")])
            with transaction.atomic():
                hold_all(Workspace.objects.filter(pk=self.workspace.pk))
                made = [
                    GroupNesting(parent=groups[row["parent"]], child=groups[row["child"]])
                    for row in batch
                    if row["parent"] in groups
                    and row["child"] in groups
                    and not groups[row["parent"]].images_count
                    and not groups[row["parent"]].regions_count
                ]
                GroupNesting.objects.bulk_create(made, ignore_conflicts=True)
                _count_groups({row.parent_id for row in made})
                self.handle.report(stage="Bringing groups of groups in")
            self.handle.check()

    def verifications(self, rows: Iterable[Row]) -> None:
        """Keep the word of those who are members here."""
        for batch in portions(rows):
            emails = {row["email"] for row in batch}
            members = Membership.objects.filter(workspace=self.workspace, user__email__in=emails)
            users = dict(members.values_list("user__email", "user_id"))
            groups = self._groups([row["group"] for row in batch if row["group"]])
            images = self._images([row["image"] for row in batch if row["image"]])
            with transaction.atomic():
                for noun, things in (("group", groups), ("image", images)):
                    self._verify(noun, batch, things, users)
                self.handle.report(stage="Bringing verifications in")
            self.handle.check()

    def _verify(
        self, noun: str, batch: Sequence[Row], things: dict[str, Any], users: dict[str, UUID]
    ) -> None:
        wanted = {
            (users[row["email"]], things[row[noun]].pk): created(row)
            for row in batch
            if row["email"] in users and (row[noun] or "") in things
        }
        model: Any = Group if noun == "group" else Image
        held = {thing.pk for thing in hold_all(model.objects.filter(pk__in={k for _, k in wanted}))}
        rows = Verification.objects.filter(**{f"{noun}__in": held})
        new = wanted.keys() - set(rows.values_list("user_id", f"{noun}_id"))
        new = {(user, thing) for user, thing in new if thing in held}
        Verification.objects.bulk_create(
            Verification(
                workspace=self.workspace,
                user_id=user,
                created=wanted[user, thing],
                **{f"{noun}_id": thing},
            )
            for user, thing in sorted(new)
        )
        by_count: defaultdict[int, list[UUID]] = defaultdict(list)
        for thing in {thing for _, thing in new}:
            by_count[sum(1 for _, other in new if other == thing)].append(thing)
        for count, ids in by_count.items():
            model.objects.filter(pk__in=ids).update(verify_count=F("verify_count") + count)

    def _batches(self, noun: str, rows: Iterable[Row]) -> Iterable[list[Row]]:
        """Yield what is not in yet."""
        for batch in portions(rows):
            there = self.ids.find(noun, [row["id"] for row in batch])
            if left := [row for row in batch if row["id"] not in there]:
                yield left
            self.handle.check()

    def _keep(self, noun: str, made: Sequence[Any], batch: Sequence[Row]) -> None:
        """Write down what came in, and tell of it; what could not come in has no new id."""
        new_ids = {thing.pk for thing in made}
        ids = {row["id"]: self.ids.make(noun, row["id"]) for row in batch}
        self.ids.keep(noun, {old: new for old, new in ids.items() if new in new_ids})
        self.handle.report(stage=f"Bringing {noun} in")

    def _images(self, old_ids: Sequence[str]) -> dict[str, Image]:
        return _there(images_in(self.workspace), self.ids.find("images", old_ids))

    def _regions(self, old_ids: Sequence[str]) -> dict[str, Region]:
        return _there(
            Region.objects.in_workspace(self.workspace), self.ids.find("regions", old_ids)
        )

    def _groups(self, old_ids: Sequence[str]) -> dict[str, Group]:
        return _there(Group.objects.in_workspace(self.workspace), self.ids.find("groups", old_ids))


_GROUP_FIELDS = ("name", "description", "meta_data", "test_group")


def free_name(name: str, taken: set[str]) -> str:
    """Return a name that nobody has: the same with a number behind it."""
    number = 2
    while (free := f"{name[:240]} ({number})") in taken:
        number += 1
    return free if name in taken else name


def _there(rows: Any, new_ids: dict[str, UUID]) -> dict[str, Any]:
    """Return the things that are still there by their old ids."""
    found = rows.in_bulk(set(new_ids.values()))
    return {old: found[new] for old, new in new_ids.items() if new in found}


def _fits(row: Row, image: Image) -> bool:
    return bool(row["right"] <= image.width and row["bottom"] <= image.height)


def _count_groups(parents: set[UUID]) -> None:
    rows = GroupNesting.objects.filter(parent__in=parents).order_by().values_list("parent")
    by_count: defaultdict[int, list[UUID]] = defaultdict(list)
    for parent, count in rows.annotate(Count("id")):
        by_count[count].append(parent)
    for count, ids in by_count.items():
        Group.objects.filter(pk__in=ids).update(groups_count=count)
