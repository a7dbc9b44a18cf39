"""Webhooks: URLs that are told of events, and each message to one of them."""

from django.db import models
from django.utils import timezone

from accounts.models import User
from dashboard.models.base import ScopedManager, ScopedModel

TEST = "webhook.test"  # an event that nobody subscribes to: a person asks for it


class Event(models.TextChoices):
    """What a webhook can be told of; the values are part of the messages and stay."""

    UPLOAD_DONE = "upload.done", "An upload was imported"
    VERSION_TRAINED = "version.trained", "A version was trained"
    PRODUCTION_CHANGED = "production.changed", "A production version was chosen or withdrawn"
    COLLECTION_FILLED = "collection.filled", "Images were added to a collection"
    MEMBER_JOINED = "member.joined", "A member joined the workspace"


class Webhook(ScopedModel):
    """A URL that gets a signed message for each event that it asks for.

    `position` is how far the workspace's journal was read for it. A paused one is read on, so that
    its log has what was missed, but nothing is sent unless a person asks.
    """

    url = models.CharField(max_length=500)
    description = models.CharField(max_length=100, blank=True)
    events = models.JSONField(default=list)  # values of `Event`
    secret = models.TextField(editable=False, help_text="What signs the messages, encrypted.")
    # Those before it: [{"secret", "until"}]. They sign too, until the receiver has the new one.
    old_secrets = models.JSONField(default=list, editable=False)
    created_by = models.ForeignKey(User, models.SET_NULL, null=True, related_name="+")
    position = models.PositiveBigIntegerField(default=0, editable=False)
    last_attempt = models.DateTimeField(null=True)
    failing_since = models.DateTimeField(
        null=True, help_text="The first of the failures since the last success."
    )
    paused = models.DateTimeField(null=True)
    pause_reason = models.CharField(max_length=200, blank=True)

    objects = ScopedManager["Webhook"]()

    def __str__(self) -> str:
        # Not the URL: its path may hold a secret of the receiver, and names are for all members.
        return self.description or self.host

    @property
    def host(self) -> str:
        """Return the host of the URL, with its port."""
        return self.url.partition("://")[2].partition("/")[0].partition("?")[0]


class Delivery(models.Model):
    """A message to a webhook. Every attempt sends the same id and the same body.

    Pending while `next_attempt` is set, else delivered, failed, or not sent because the webhook
    was paused. While an attempt is under way `next_attempt` is the end of its lease: what a killed
    worker has sent, or has not, is then sent by another. `attempts` and `first_attempt` begin anew
    when a person has it sent again.
    """

    id = models.BigAutoField(primary_key=True)
    # Indexed below.
    webhook = models.ForeignKey(Webhook, models.CASCADE, db_index=False, related_name="deliveries")
    event = models.CharField(max_length=40)
    message_id = models.CharField(max_length=40, unique=True)
    body = models.TextField()
    created = models.DateTimeField(default=timezone.now, editable=False)
    next_attempt = models.DateTimeField(null=True)
    attempts = models.PositiveIntegerField(default=0)
    first_attempt = models.DateTimeField(null=True)
    last_attempt = models.DateTimeField(null=True)
    delivered = models.DateTimeField(null=True)
    status_code = models.PositiveIntegerField(null=True)
    error = models.CharField(max_length=500, blank=True)

    class Meta:
        indexes = [
            models.Index(fields=["webhook", "-id"], name="delivery_of_webhook"),
            models.Index(
                fields=["next_attempt"],
                condition=models.Q(next_attempt__isnull=False),
                name="delivery_due",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.event} {self.message_id}"
