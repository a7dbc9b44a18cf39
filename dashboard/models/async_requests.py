"""Define asynchronous requests of the API, and their records."""

import uuid

from django.db import models
from django.db.models import Q

from accounts.models import User
from dashboard.models.base import ScopedManager, ScopedModel
from dashboard.models.images import Image
from dashboard.models.jobs import Job
from dashboard.models.versions import Version


class AsyncRequest(ScopedModel):
    """An asynchronous request of the API, whose status is that of its job.

    For a training it is the training's own job, and `version` is the version that it trains. The
    images of the request are stored one after another in one file until the job has ended.
    """

    class Kind(models.TextChoices):
        """The API calls that may take long."""

        DESCRIPTOR = "descriptor", "Descriptors"
        TRAIN = "train", "Training"
        UPLOAD = "upload", "Upload"

    class Status(models.TextChoices):
        """The status in the words of the API."""

        CREATED = "CREATED", "Created"
        PROCESSING = "PROCESSING", "Processing"
        RETRY = "RETRY", "Retry"
        DONE = "DONE", "Done"
        FAILED = "FAILED", "Failed"
        CANCELLED = "CANCELLED", "Cancelled"

    kind = models.CharField(max_length=10, choices=Kind.choices)
    job = models.OneToOneField(Job, models.CASCADE, related_name="+")
    version = models.ForeignKey(Version, models.SET_NULL, null=True, related_name="+")
    version_number = models.PositiveIntegerField(null=True, help_text="Also once it is deleted.")
    task_id = models.UUIDField(null=True, help_text="Also once it is deleted.")
    created_by = models.ForeignKey(User, models.SET_NULL, null=True, related_name="+")

    objects = ScopedManager["AsyncRequest"]()

    class Meta:
        indexes = [
            models.Index(fields=["workspace", "-created", "-id"], name="async_request_recent"),
            models.Index(fields=["created"], name="async_request_oldest"),
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} over the API"

    @property
    def status(self) -> str:
        """Return the status of the job; RETRY is a queued job that was tried before."""
        if self.job.state == Job.State.QUEUED:
            return self.Status.RETRY if self.job.tries else self.Status.CREATED
        if self.job.state == Job.State.RUNNING:
            return self.Status.PROCESSING
        return self.Status(self.job.state.upper())


class AsyncRecord(models.Model):
    """One record of a request. WAITING -> DONE | KNOWN | FAILED, once."""

    class Status(models.TextChoices):
        """The outcome; KNOWN is an upload of bytes that the workspace already had."""

        WAITING = "waiting", "Waiting"
        DONE = "done", "Done"
        KNOWN = "known", "Already in the workspace"
        FAILED = "failed", "Failed"

    id = models.BigAutoField(primary_key=True)
    request = models.ForeignKey(AsyncRequest, models.CASCADE, related_name="records")
    number = models.PositiveIntegerField()
    # Bytes, not JSON: PostgreSQL's `jsonb` would reorder keys and change numbers.
    fields = models.BinaryField(help_text="What the answer repeats, as JSON to the letter.")
    url = models.TextField(blank=True, help_text="Where its image is fetched from, if anywhere.")
    offset = models.PositiveBigIntegerField(
        default=0, help_text="Where else its image starts in the stored body."
    )
    size = models.PositiveBigIntegerField(default=0)
    status = models.CharField(max_length=7, choices=Status.choices, default=Status.WAITING)
    refusal = models.CharField(max_length=40, blank=True, help_text="The kind of refusal.")
    reason = models.TextField(blank=True)

    width = models.PositiveIntegerField(null=True)
    height = models.PositiveIntegerField(null=True)
    vector = models.BinaryField(null=True, help_text="float32, little-endian.")

    image_id_if_new = models.UUIDField(
        default=uuid.uuid4,
        editable=False,
        help_text="A second try writes the same files again instead of leaving the first ones.",
    )
    image = models.ForeignKey(Image, models.SET_NULL, null=True, related_name="+")
    group_id = models.UUIDField(null=True, help_text="Where it goes, if the group is still there.")
    test_image = models.BooleanField(default=False)
    meta_data = models.JSONField(default=dict)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["request", "number"], name="async_record_once"),
            models.CheckConstraint(
                condition=~Q(status="failed") | ~Q(reason=""), name="async_failure_has_reason"
            ),
        ]
        indexes = [
            models.Index(fields=["request", "status", "number"], name="async_records_by_status")
        ]

    def __str__(self) -> str:
        return f"Record {self.number}"
