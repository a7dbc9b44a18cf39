"""Define encoders: users' own graphs, registered once for the whole installation."""

import uuid

from django.db import models
from django.db.models import Q
from django.utils import timezone

from accounts.models import User


class Encoder(models.Model):
    """A registered ONNX graph; its `key` identifies its bytes and its preprocessing.

    PREPARING -> READY | FAILED; FAILED -> PREPARING by a retry. Only a READY encoder can be chosen.
    One may be the default: new versions are trained with it unless a workspace or a task chooses
    another. A shipped encoder has a row, always READY, once its speed was measured or it was made
    the default; it need not have one.
    """

    class State(models.TextChoices):
        """The state of the preparation."""

        PREPARING = "preparing", "Preparing"
        READY = "ready", "Ready"
        FAILED = "failed", "Failed"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    # Versions and features name encoders by key, without a foreign key: an archive may contain
    # versions whose encoder is not registered here.
    key = models.CharField(max_length=100, unique=True)
    name = models.CharField(max_length=255)
    state = models.CharField(max_length=10, choices=State.choices, default=State.PREPARING)
    reason = models.TextField(blank=True)
    is_default = models.BooleanField(default=False)
    stated = models.JSONField(default=dict, help_text="What was said of its input.")
    output = models.CharField(max_length=255, blank=True)
    pooling = models.CharField(max_length=10, blank=True)
    dimension = models.PositiveIntegerField(
        help_text="Numbers that the graph computes for an image."
    )
    seconds = models.FloatField(help_text="For one image, on one thread.")
    measured = models.DateTimeField(
        null=True, help_text="When `seconds` was measured beside the other encoders; null: never."
    )
    file_size = models.PositiveBigIntegerField()
    created_by = models.ForeignKey(User, models.SET_NULL, null=True, related_name="+")
    created = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["is_default"], condition=Q(is_default=True), name="encoder_one_default"
            ),
            models.CheckConstraint(
                condition=Q(is_default=False) | Q(state="ready"), name="encoder_default_is_ready"
            ),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def hex(self) -> str:
        """Return the id without hyphens, as part of a DOM id."""
        return self.pk.hex

    @property
    def milliseconds(self) -> int:
        """Return the milliseconds for one image, at least 1."""
        return max(1, round(1000 * self.seconds))
