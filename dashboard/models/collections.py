"""Define collections: a client's own records, searched by the similarity of their images."""

from django.db import models

from accounts.models import User
from dashboard.models.base import ScopedManager, ScopedModel
from dashboard.models.groups import Group
from dashboard.models.similarity_types import SimilarityType
from dashboard.models.tasks import Task
from dashboard.models.versions import Version


class Collection(ScopedModel):
    """Records with descriptors by one fixed version: vectors of two versions cannot be compared.

    Every writer locks this row, increments `generation`, and updates `records_count`. The copy in a
    process's memory is current if it has the same generation.
    """

    name = models.CharField(max_length=255)
    description = models.TextField(blank=True)
    # RESTRICT, not PROTECT: a collection may be deleted together with its whole workspace.
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
    """An image's descriptor (float32, little-endian) under the client's own id, with its fields.

    `generation` is the collection's when the record was last written. The image is not stored.
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
    """A job that adds images of the workspace to a collection: all, or those of a type or group."""

    collection = models.ForeignKey(Collection, models.CASCADE, related_name="fills")
    similarity_type = models.ForeignKey(SimilarityType, models.CASCADE, null=True, related_name="+")
    group = models.ForeignKey(Group, models.CASCADE, null=True, related_name="+")
    created_by = models.ForeignKey(User, models.SET_NULL, null=True, related_name="+")

    objects = ScopedManager["Fill"]()

    class Meta:
        indexes = [models.Index(fields=["collection", "-created", "-id"], name="fill_recent")]

    def __str__(self) -> str:
        return f"Adding images to {self.collection}"
