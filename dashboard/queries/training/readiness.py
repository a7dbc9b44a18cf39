"""Check whether there is enough data to train on, and what would help."""

from dataclasses import dataclass

from django.db.models import Count, F, Q

from dashboard.models import SimilarityType, Task

# A group needs another to be distinguished from, and an image another to be near to.
MIN_GROUPS = 2
MIN_IMAGES = 2
# As many as the engine's gate needs: with fewer it keeps the untrained head.
VERIFIED_GROUPS = 10
GOOD_GROUPS = 20


@dataclass(frozen=True)
class Readiness:
    """How much data a type of a task has: groups with two images or regions, or more."""

    similarity_type: SimilarityType
    usable_groups: int

    @property
    def is_ready(self) -> bool:
        """Return whether a training may start."""
        return self.usable_groups >= MIN_GROUPS

    @property
    def level(self) -> str:
        """Return `missing`, `few`, `fair` or `good`."""
        if not self.is_ready:
            return "missing"
        if self.usable_groups < VERIFIED_GROUPS:
            return "few"
        return "fair" if self.usable_groups < GOOD_GROUPS else "good"

    @property
    def sentence(self) -> str:
        """Return a sentence about the data and what would help."""
        name, groups = self.similarity_type.name, self.usable_groups
        said = {
            "missing": (
                f"“{name}” has {groups} of the {MIN_GROUPS} groups with at least {MIN_IMAGES} "
                "images or regions that a training needs. Add some to its groups."
            ),
            "few": (
                f"“{name}” has {groups} groups to learn from. It can be trained, but verifying a "
                f"gain takes {VERIFIED_GROUPS}."
            ),
            "fair": (
                f"“{name}” has {groups} groups to learn from. A gain can be verified, and 20 "
                "groups of 5 images or more make one likely."
            ),
            "good": f"“{name}” has {groups} groups to learn from. More groups help more than more "
            "images in each.",
        }[self.level]
        if self.is_ready and self.similarity_type.fold_by:
            key = self.similarity_type.fold_by
            said += f" Groups that share a value of “{key}” are measured together."
        return said


def readiness(task: Task) -> list[Readiness]:
    """Return the readiness of every type of the task, by name; empty if it has no type."""
    # An estimate from counters, shown on every page of a task: the training itself counts members.
    usable = Q(groups__test_group=False) & (
        Q(groups__images_count__gte=MIN_IMAGES - F("groups__regions_count"))
        | Q(groups__groups_count__gt=0)
    )
    types = list(task.similarity_types.order_by("name", "id"))
    counted = SimilarityType.objects.filter(tasks=task).annotate(count=Count("groups", usable))
    groups = dict(counted.values_list("id", "count"))
    return [Readiness(row, groups[row.id]) for row in types]
