"""Collections: records of somebody's own, found by how alike their pictures are."""

from django.db import models

from accounts.models import User
from dashboard.models.base import ScopedManager, ScopedModel
from dashboard.models.groups import Group
from dashboard.models.similarity_types import SimilarityType
from dashboard.models.tasks import Task
from dashboard.models.versions import Version


class Collection(ScopedModel):
    """Records described by one version, for good: vectors of two versions cannot be compared.

    Whoever writes locks this row, counts `generation` up, and keeps `records_count`. What a
    process holds in memory is current if it is of the same generation.
    """

    name = models.CharField(max_length=255)
    description = models.TextField(blank=True)
    # RESTRICT, not PROTECT: with its whole workspace a collection may go.
    task = models.ForeignKey(Task, models.RESTRICT, related_name="collections")
    version = models.ForeignKey(Version, models.RESTRICT, related_name="collections")
    records_count = models.PositiveIntegerField(default=0)
    generation = models.PositiveBigIntegerField(default=0, editable=False)

    objects = ScopedManager["Collection"]()

    class Meta:
        indexes = [models.Index(fields=["workspace", "-created", "-id"], name="collection_recent")]

    def __str__(self) -> str:
        return self.name


class Record(models.Model):
    """A picture's descriptor (float32, little endian) under the client's own id, with its fields.

    `generation` is the collection's when the record was written last. The picture is not kept.
    """

    # Numbers in the order of insertion: by them a process learns what is new, see
    # `index.records.Records`.
    id = models.BigAutoField(primary_key=True)
    collection = models.ForeignKey(Collection, models.CASCADE, related_name="records")
    key = models.CharField(max_length=255)
    fields = models.JSONField(default=dict)
    vector = models.BinaryField()
    generation = models.PositiveBigIntegerField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["collection", "key"], name="record_key_once")
        ]
        indexes = [
            models.Index(fields=["collection", "generation", "id"], name="record_by_generation"),
            models.Index(fields=["collection", "id"], name="record_by_age"),
        ]

    def __str__(self) -> str:
        return self.key


class Fill(ScopedModel):
    """Images of the workspace on their way into a collection: all, or those of a type or group."""

    collection = models.ForeignKey(Collection, models.CASCADE, related_name="fills")
    similarity_type = models.ForeignKey(SimilarityType, models.CASCADE, null=True, related_name="+")
    group = models.ForeignKey(Group, models.CASCADE, null=True, related_name="+")
    created_by = models.ForeignKey(User, models.SET_NULL, null=True, related_name="+")

    objects = ScopedManager["Fill"]()

    class Meta:
        indexes = [models.Index(fields=["collection", "-created", "-id"], name="fill_recent")]

    def __str__(self) -> str:
        return f"Adding images to {self.collection}"
