"""Links: a workspace that mirrors one on another server, and what is known of both sides."""

from django.db import models
from django.utils import timezone

from accounts.models import Change, Membership, User
from dashboard.models.base import ScopedManager, ScopedModel
from dashboard.models.connections import Connection


class Link(ScopedModel):
    """A workspace here that mirrors a workspace on another server.

    Pages read what is here. A pull brings what changed there; an outbox sends what changed here,
    read from the journal up to `position`.
    """

    # PROTECT: a connection is removed only after its link has ended.
    connection = models.ForeignKey(Connection, models.PROTECT, related_name="links")
    remote_workspace = models.CharField(max_length=100, help_text="Its id there.")
    remote_name = models.CharField(max_length=255, blank=True)
    created_by = models.ForeignKey(User, models.SET_NULL, null=True, related_name="+")
    keeper = models.ForeignKey(
        Membership, models.SET_NULL, null=True, help_text="Whose token the hourly pull uses."
    )
    pulled = models.DateTimeField(null=True, help_text="When the last complete pull began.")
    position = models.PositiveBigIntegerField(default=0, editable=False)
    problem = models.CharField(max_length=500, blank=True, help_text="Why the last pull failed.")

    objects = ScopedManager["Link"]()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["workspace"], name="link_once")]

    def __str__(self) -> str:
        return f"{self.remote_name or self.remote_workspace} on {self.connection}"


class Twin(models.Model):
    """A thing here and the same thing on the other server.

    `base` holds the values that both had when they were last equal: what differs from it has been
    changed since, here, there or on both sides. There is no foreign key to the thing: its row may
    be deleted before the other server hears of it.
    """

    id = models.BigAutoField(primary_key=True)
    link = models.ForeignKey(Link, models.CASCADE, db_index=False, related_name="twins")
    noun = models.CharField(max_length=10, help_text="As in the journal: image, object, group ...")
    local_id = models.UUIDField()
    remote_id = models.CharField(max_length=100)
    base = models.JSONField(default=dict)
    created = models.DateTimeField(default=timezone.now, editable=False)
    seen = models.DateTimeField(null=True, help_text="When a pull last met it there.")
    problem = models.CharField(max_length=500, blank=True, help_text="The other server's refusal.")

    class Meta:
        # Their indexes begin with the link, so it needs none of its own.
        constraints = [
            models.UniqueConstraint(fields=["link", "noun", "local_id"], name="twin_here_once"),
            models.UniqueConstraint(fields=["link", "noun", "remote_id"], name="twin_there_once"),
        ]
        indexes = [
            models.Index(
                fields=["link", "noun", "id"],
                condition=~models.Q(problem=""),
                name="twin_with_problem",
            )
        ]

    def __str__(self) -> str:
        return f"{self.noun} {self.local_id}"


class TwinMember(models.Model):
    """A membership that both sides had when they were last equal.

    Of an image, a region or a group in a group, or of a type in a task.
    """

    id = models.BigAutoField(primary_key=True)
    container = models.ForeignKey(Twin, models.CASCADE, db_index=False, related_name="member_rows")
    member = models.ForeignKey(Twin, models.CASCADE, related_name="container_rows")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["container", "member"], name="twin_member_once")
        ]

    def __str__(self) -> str:
        return f"{self.member_id} in {self.container_id}"


class Outgoing(models.Model):
    """A change of the journal that the other server has not got yet.

    WAITING -> (done: the row is deleted) | HELD | REFUSED; HELD -> WAITING once the token or the
    earlier change that it waits for is there; REFUSED -> WAITING if a person tries again.
    """

    class State(models.TextChoices):
        """Whether it is sent next, or what it waits for."""

        WAITING = "waiting", "Waiting"
        HELD = "held", "Held"
        REFUSED = "refused", "Refused"

    id = models.BigAutoField(primary_key=True)
    link = models.ForeignKey(Link, models.CASCADE, db_index=False, related_name="outgoing")
    change = models.ForeignKey(Change, models.CASCADE, related_name="+")
    state = models.CharField(max_length=8, choices=State.choices, default=State.WAITING)
    attempts = models.PositiveIntegerField(default=0)
    problem = models.CharField(max_length=500, blank=True)

    class Meta:
        constraints = [
            # The order of the journal, in which they are sent.
            models.UniqueConstraint(fields=["link", "change"], name="outgoing_once")
        ]

    def __str__(self) -> str:
        return f"{self.state} {self.change_id}"
