"""Import types, labels, regions, groups and their members, in batches that may be repeated."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar
from uuid import UUID

from django.db import transaction
from django.db.models import Count, F, Model, QuerySet

from accounts.models import Membership, User, Workspace
from dashboard.files.exchange.transfer_rows import Row
from dashboard.models import (
    Group,
    GroupNesting,
    Image,
    Label,
    Region,
    SimilarityType,
    Verification,
)
from dashboard.queries.library.images import images_in
from dashboard.services.exchange.import_nestings import without_cycles
from dashboard.services.exchange.imported import Ids, created, portions
from dashboard.services.jobs import jobs
from dashboard.services.library.members import IMAGES, REGIONS, MemberKind, place
from dashboard.services.row_locks import lock_all

M = TypeVar("M", bound=Model)


@dataclass
class GroupImport:
    """Imports rows, noun by noun; `elsewhere` counts members that stay in their current group."""

    workspace: Workspace
    actor: User | None
    ids: Ids
    handle: jobs.Handle
    elsewhere: int = 0

    @transaction.atomic
    def types(self, rows: Iterable[Row]) -> None:
        """Join types with the same name and the same `exclusive`; create others under a free name.

        A type that was deleted since an earlier attempt is created again.
        """
        # Creating a type locks the workspace, too, so a free name stays free.
        lock_all(Workspace.objects.filter(pk=self.workspace.pk))
        there = self.ids.alive("types", self._all_types())
        for row in rows:
            if row["id"] not in there:
                self.ids.keep("types", {row["id"]: self._type(row)})
        self.handle.report(step="Importing types")

    def _type(self, row: Row) -> UUID:
        # Two types of the archive never become one: each joins an existing one, or is new.
        here = self._all_types().order_by("created", "id")
        here = here.exclude(pk__in=self.ids.all("types").values())
        # `exclusive` must agree: memberships of the archive might violate an exclusive type.
        joined = here.filter(name=row["name"], exclusive=row["exclusive"]).first()
        if joined is not None:
            return joined.pk
        taken = set(here.values_list("name", flat=True))
        made = SimilarityType(id=self.ids.make("types", row["id"]), workspace=self.workspace)
        made.name, made.description = free_name(row["name"], taken), row["description"]
        made.exclusive, made.fold_by = row["exclusive"], row["fold_by"]
        made.created = created(row)
        made.save(force_insert=True)
        return made.pk

    @transaction.atomic
    def labels(self, rows: Iterable[Row]) -> None:
        """Join labels with the same name; create others, and deleted ones again."""
        lock_all(Workspace.objects.filter(pk=self.workspace.pk))
        there = self.ids.alive("labels", self._all_labels())
        for row in rows:
            if row["id"] not in there:
                here = self._all_labels().filter(name=row["name"])
                here = here.exclude(pk__in=self.ids.all("labels").values())
                label = here.order_by("created", "id").first() or self._label(row)
                self.ids.keep("labels", {row["id"]: label.pk})
        self.handle.report(step="Importing labels")

    def _label(self, row: Row) -> Label:
        fields = {name: row[name] for name in ("name", "description", "color", "output_name")}
        new_id = self.ids.make("labels", row["id"])
        return Label.objects.create(
            id=new_id, workspace=self.workspace, created=created(row), **fields
        )

    @transaction.atomic
    def _draw(self, batch: Sequence[Row]) -> None:
        # `_there` locks rows in the order of `row_locks`: images before labels.
        images = self._images([row["image"] for row in batch])
        labels = self._there("labels", self._all_labels(), [row["label"] for row in batch])
        made = [
            Region(
                id=self.ids.make("regions", row["id"]),
                workspace=self.workspace,
                created=created(row),
                image=images[row["image"]],
                label=labels[row["label"]],
                **{side: row[side] for side in ("left", "top", "right", "bottom", "meta_data")},
            )
            for row in batch
            if row["image"] in images
            and row["label"] in labels
            # An image that the workspace had keeps its own bytes, which may be of another size.
            and _fits(row, images[row["image"]])
        ]
        Region.objects.bulk_create(made)
        self._keep("regions", made, batch)

    def regions(self, rows: Iterable[Row]) -> None:
        """Create the regions, except those of images that were stored in another size."""
        for batch in self._batches("regions", rows):
            self._draw(batch)

    def groups(self, rows: Iterable[Row]) -> None:
        """Create the groups of the archive, even beside existing ones with the same name."""
        for batch in self._batches("groups", rows):
            self._make_groups(batch)

    @transaction.atomic
    def _make_groups(self, batch: Sequence[Row]) -> None:
        types = self._there("types", self._all_types(), [row["type"] for row in batch])
        made = [
            Group(
                id=self.ids.make("groups", row["id"]),
                workspace=self.workspace,
                created=created(row),
                similarity_type=types[row["type"]],
                **{name: row[name] for name in _GROUP_FIELDS},
            )
            for row in batch
            if row["type"] in types
        ]
        # Types before groups, counted in the transaction that creates the groups: a kill between
        # the two would leave a wrong counter.
        for type_id, count in Counter(group.similarity_type_id for group in made).items():
            kind = SimilarityType.objects.filter(pk=type_id)
            # `F`: added in the database, so that no concurrent change of the counter is
            # overwritten.
            kind.update(groups_count=F("groups_count") + count)
        Group.objects.bulk_create(made)
        self._keep("groups", made, batch)

    def members(self, rows: Iterable[Row]) -> None:
        """Add images and regions to their groups.

        A member that is already in another group of an exclusive type stays there.
        """
        for batch in portions(rows):
            with transaction.atomic():
                images = self._images([row["image"] for row in batch if row["image"]])
                regions = self._regions([row["region"] for row in batch if row["region"]])
                groups = self._groups([row["group"] for row in batch])
                self._place(IMAGES, batch, groups, images)
                self._place(REGIONS, batch, groups, regions)
                self.handle.report(step="Importing members")
            self.handle.check()

    def _place(
        self,
        kind: MemberKind,
        batch: Sequence[Row],
        groups: dict[str, Group],
        members: dict[str, Any],
    ) -> None:
        by_type: defaultdict[UUID, list[tuple[Group, Any]]] = defaultdict(list)
        for row in batch:
            group, member = groups.get(row["group"]), members.get(row[kind.member] or "")
            # A group contains images or groups, never both; a group may have been nested in it
            # meanwhile.
            if group is not None and member is not None and not group.groups_count:
                by_type[group.similarity_type_id].append((group, member))
        for pairs in by_type.values():
            self.elsewhere += len(place(kind, pairs).elsewhere)

    def nestings(self, rows: Iterable[Row]) -> None:
        """Nest groups, except where a nesting that was made meanwhile would make a cycle."""
        for batch in portions(rows):
            with transaction.atomic():
                lock_all(Workspace.objects.filter(pk=self.workspace.pk))
                # The workspace first: `nest` takes the same lock, and cycles are checked under it.
                groups = self._groups([row[side] for row in batch for side in ("parent", "child")])
                wanted = [
                    (groups[row["parent"]].pk, groups[row["child"]].pk)
                    for row in batch
                    if row["parent"] in groups
                    and row["child"] in groups
                    and not groups[row["parent"]].images_count
                    and not groups[row["parent"]].regions_count
                ]
                made = [
                    GroupNesting(parent_id=parent, child_id=child)
                    for parent, child in without_cycles(wanted)
                ]
                # Conflicts come from an earlier attempt; the counters below are computed from the
                # rows.
                GroupNesting.objects.bulk_create(made, ignore_conflicts=True)
                _count_groups({row.parent_id for row in made})
                self.handle.report(step="Importing subgroups")
            self.handle.check()

    def verifications(self, rows: Iterable[Row]) -> None:
        """Import the verifications of users who are members of this workspace."""
        for batch in portions(rows):
            emails = {row["email"] for row in batch}
            # Members only: otherwise an archive could create verifications in the name of any
            # account.
            members = Membership.objects.filter(workspace=self.workspace, user__email__in=emails)
            users = dict(members.values_list("user__email", "user_id"))
            with transaction.atomic():
                images = self._images([row["image"] for row in batch if row["image"]])
                groups = self._groups([row["group"] for row in batch if row["group"]])
                for noun, things in (("group", groups), ("image", images)):
                    self._verify(noun, batch, things, users)
                self.handle.report(step="Importing verifications")
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
        rows = Verification.objects.filter(**{f"{noun}__in": {thing for _, thing in wanted}})
        # Subtracted, not ignored on conflict: the counters below need the number of new rows.
        new = wanted.keys() - set(rows.values_list("user_id", f"{noun}_id"))
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
        # One statement for each increment, not for each row: most are increased by one.
        for count, ids in by_count.items():
            model.objects.filter(pk__in=ids).update(verify_count=F("verify_count") + count)

    def _batches(self, noun: str, rows: Iterable[Row]) -> Iterable[list[Row]]:
        """Yield batches of the rows that are not imported yet."""
        for batch in portions(rows):
            there = self.ids.find(noun, [row["id"] for row in batch])
            if left := [row for row in batch if row["id"] not in there]:
                yield left
            self.handle.check()

    def _keep(self, noun: str, made: Sequence[Any], batch: Sequence[Row]) -> None:
        """Record what was imported; rows that could not be imported get no new id."""
        new_ids = {thing.pk for thing in made}
        ids = {row["id"]: self.ids.make(noun, row["id"]) for row in batch}
        self.ids.keep(noun, {old: new for old, new in ids.items() if new in new_ids})
        self.handle.report(step=f"Importing {noun}")

    def _images(self, old_ids: Sequence[str]) -> dict[str, Image]:
        return self._there("images", images_in(self.workspace), old_ids)

    def _regions(self, old_ids: Sequence[str]) -> dict[str, Region]:
        return self._there("regions", Region.objects.in_workspace(self.workspace), old_ids)

    def _groups(self, old_ids: Sequence[str]) -> dict[str, Group]:
        return self._there("groups", Group.objects.in_workspace(self.workspace), old_ids)

    def _there(self, noun: str, things: QuerySet[M], old_ids: Sequence[str]) -> dict[str, M]:
        """Return the things that still exist, locked and as they are now, by their old ids."""
        new_ids = self.ids.find(noun, old_ids)
        found = {thing.pk: thing for thing in lock_all(things.filter(pk__in=new_ids.values()))}
        return {old: found[new] for old, new in new_ids.items() if new in found}

    def _all_types(self) -> QuerySet[SimilarityType]:
        return SimilarityType.objects.in_workspace(self.workspace)

    def _all_labels(self) -> QuerySet[Label]:
        return Label.objects.in_workspace(self.workspace)


_GROUP_FIELDS = ("name", "description", "meta_data", "test_group")


def free_name(name: str, taken: set[str]) -> str:
    """Return the name if it is free, otherwise the name with a number appended."""
    number = 2
    # Cut so that the number fits into the 255 characters of a name.
    while (free := f"{name[:240]} ({number})") in taken:
        number += 1
    return free if name in taken else name


def _fits(row: Row, image: Image) -> bool:
    return bool(row["right"] <= image.width and row["bottom"] <= image.height)


def _count_groups(parents: set[UUID]) -> None:
    rows = GroupNesting.objects.filter(parent__in=parents).order_by().values_list("parent")
    by_count: defaultdict[int, list[UUID]] = defaultdict(list)
    for parent, count in rows.annotate(Count("id")):
        by_count[count].append(parent)
    for count, ids in by_count.items():
        Group.objects.filter(pk__in=ids).update(groups_count=count)
