"""Uploads: files that were sent, and what became of each."""

import uuid

from django.db import models
from django.db.models import Q

from accounts.models import User
from dashboard.models.base import ScopedManager, ScopedModel
from dashboard.models.groups import Group
from dashboard.models.images import Image
from dashboard.models.similarity_types import SimilarityType


class Upload(ScopedModel):
    """One sending of files by a person; folders become groups of `similarity_type`, if given."""

    created_by = models.ForeignKey(User, models.SET_NULL, null=True, related_name="+")
    similarity_type = models.ForeignKey(
        SimilarityType, models.SET_NULL, null=True, related_name="+"
    )
    then_train = models.ForeignKey(
        "Task", models.SET_NULL, null=True, related_name="+", help_text="Trained when all is in."
    )
    name = models.CharField(max_length=255)

    objects = ScopedManager["Upload"]()

    class Meta:
        indexes = [models.Index(fields=["workspace", "-created", "-id"], name="upload_recent")]

    def __str__(self) -> str:
        return self.name


class UploadPart(models.Model):
    """One file as sent: a picture, or an archive that is listed when the job begins."""

    id = models.BigAutoField(primary_key=True)
    upload = models.ForeignKey(Upload, models.CASCADE, related_name="parts")
    number = models.PositiveIntegerField()
    name = models.CharField(max_length=1024)
    size = models.PositiveBigIntegerField()
    path = models.CharField(
        max_length=255, blank=True, help_text="Where its bytes lie, empty once they are removed."
    )
    is_archive = models.BooleanField()
    similarity_type = models.ForeignKey(
        SimilarityType,
        models.SET_NULL,
        null=True,
        related_name="+",
        help_text="Of the groups that its folders become, if it is not the upload's.",
    )
    listed = models.BooleanField(default=False, help_text="All its files have rows.")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["upload", "number"], name="upload_part_once")
        ]
        indexes = [
            models.Index(fields=["upload"], condition=~Q(path=""), name="upload_parts_stored")
        ]

    def __str__(self) -> str:
        return self.name


class UploadFile(models.Model):
    """One picture of an upload. WAITING -> ADDED | KNOWN | FAILED; a retry puts FAILED back."""

    class Status(models.TextChoices):
        """What became of it."""

        WAITING = "waiting", "Waiting"
        ADDED = "added", "Added"
        KNOWN = "known", "Known already"
        FAILED = "failed", "Failed"

    id = models.BigAutoField(primary_key=True)
    upload = models.ForeignKey(Upload, models.CASCADE, related_name="files")
    part = models.ForeignKey(UploadPart, models.CASCADE, related_name="files")
    number = models.PositiveIntegerField(help_text="Its place in the archive.")
    name = models.CharField(max_length=1024)
    group_name = models.CharField(max_length=255, blank=True)
    image_id_if_new = models.UUIDField(
        default=uuid.uuid4,
        editable=False,
        help_text="A second try writes the same files again instead of leaving the first ones.",
    )
    status = models.CharField(max_length=8, choices=Status.choices, default=Status.WAITING)
    reason = models.TextField(blank=True)
    image = models.ForeignKey(Image, models.SET_NULL, null=True, related_name="+")
    group = models.ForeignKey(Group, models.SET_NULL, null=True, related_name="+")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["part", "number"], name="upload_file_once"),
            models.CheckConstraint(
                condition=~Q(status="failed") | ~Q(reason=""), name="upload_failure_has_reason"
            ),
        ]
        indexes = [models.Index(fields=["upload", "status", "id"], name="upload_files_by_status")]

    def __str__(self) -> str:
        return self.name
