"""Jobs: work that outlives a request. The row is the truth; a queue only carries "look at it"."""

from django.db import models
from django.db.models import Q

from accounts.models import User
from dashboard.models.base import ScopedManager, ScopedModel


class Job(ScopedModel):
    """One piece of background work and how far it is.

    QUEUED -> RUNNING -> DONE | FAILED | CANCELLED. QUEUED -> CANCELLED when nobody began it.
    RUNNING -> QUEUED when its worker's lease ran out, or it stopped in between: it is taken up
    again where it stopped, and not before `not_before`. Whoever runs it holds the lease: `owner`
    until `lease_until`, renewed by a heartbeat; only the owner may write progress or finish it.
    Which of those that wait in a queue is taken next, `queries.jobs.claim_order` says: the highest
    priority, of that the workspace with the fewest running, of that the oldest. Somebody waits at a
    page for the end of one whose priority is above 0; one whose priority is `LONG` has turned out
    to take long, and has places of its own.
    """

    class Kind(models.TextChoices):
        """What there is to do; each kind has an entry in `dashboard.services.job_kinds`."""

        UPLOAD = "upload", "Upload"
        TRAIN = "train", "Training"
        DEMO = "demo", "Demo"
        DESCRIBE = "describe", "Indexing of images"
        EXTRACT = "extract", "Extraction"
        ENCODER = "encoder", "Encoder"
        ASYNC_DESCRIPTOR = "async_descriptor", "Descriptors over the API"
        ASYNC_UPLOAD = "async_upload", "Upload over the API"
        CLOSE = "close", "Deletion of a workspace"
        FILL = "fill", "Collection"
        PLAN = "plan", "Dry run of an upload"
        UNDO = "undo", "Undo of an upload"
        EXPORT = "export", "Export of a workspace"
        IMPORT = "import", "Import of a workspace"

    class State(models.TextChoices):
        """Where it stands."""

        QUEUED = "queued", "Queued"
        RUNNING = "running", "Running"
        DONE = "done", "Done"
        FAILED = "failed", "Failed"
        CANCELLED = "cancelled", "Cancelled"

    FINISHED = (State.DONE, State.FAILED, State.CANCELLED)
    UNFINISHED = (State.QUEUED, State.RUNNING)
    # Below the usual 0 and above the removal of workspaces, for which nobody waits.
    LONG = -5
    MAX_TRIES = 4
    # Nobody could see that such a job was given up, nor ask for it again.
    NEVER_GIVEN_UP = (Kind.CLOSE,)

    kind = models.CharField(max_length=20, choices=Kind.choices)
    queue = models.CharField(max_length=20)
    priority = models.SmallIntegerField(default=0, help_text="The higher, the sooner.")
    state = models.CharField(max_length=10, choices=State.choices, default=State.QUEUED)
    title = models.CharField(max_length=255)
    subject_id = models.UUIDField(help_text="The upload, the version: what the work is about.")
    created_by = models.ForeignKey(User, models.SET_NULL, null=True, related_name="+")

    # What it does at the moment, for people. An upload has a stage.
    step = models.CharField(max_length=100, blank=True)
    fraction = models.FloatField(default=0, help_text="Of the whole work, 0 to 1.")
    total = models.PositiveIntegerField(default=0)
    done = models.PositiveIntegerField(default=0)
    failed = models.PositiveIntegerField(default=0)
    skipped = models.PositiveIntegerField(default=0)
    message = models.TextField(blank=True, help_text="One sentence for people about the outcome.")

    cancel_requested = models.BooleanField(default=False)
    owner = models.CharField(max_length=100, blank=True)
    lease_until = models.DateTimeField(null=True)
    tries = models.PositiveIntegerField(default=0)
    not_before = models.DateTimeField(null=True, help_text="A waiting job is left alone so long.")
    started = models.DateTimeField(null=True)
    finished = models.DateTimeField(null=True)

    objects = ScopedManager["Job"]()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(state="running", lease_until__isnull=False) & ~Q(owner="")
                | ~Q(state="running") & Q(lease_until__isnull=True, owner=""),
                name="job_running_has_owner",
            ),
            models.CheckConstraint(
                condition=Q(state__in=("queued", "running"), finished__isnull=True)
                | Q(state__in=("done", "failed", "cancelled"), finished__isnull=False),
                name="job_finished_has_time",
            ),
            models.CheckConstraint(
                condition=Q(fraction__gte=0, fraction__lte=1), name="job_fraction_in_range"
            ),
        ]
        indexes = [
            models.Index(fields=["workspace", "-created", "-id"], name="job_recent"),
            # Not for the unfinished alone: SQLite takes no partial index for a bound value.
            models.Index(fields=["state", "queue", "-priority", "created"], name="job_by_turn"),
            # Nearly every page and every deletion asks whether a job is about a thing.
            models.Index(fields=["subject_id"], name="job_by_subject"),
            models.Index(
                fields=["workspace", "kind", "-created", "-id"], name="job_recent_of_kind"
            ),
            models.Index(
                fields=["workspace", "state", "-created", "-id"], name="job_recent_of_state"
            ),
            models.Index(
                fields=["workspace", "created_by", "-created", "-id"], name="job_recent_of_person"
            ),
        ]

    def __str__(self) -> str:
        return self.title

    @property
    def is_finished(self) -> bool:
        """Say whether nothing more will happen."""
        return self.state in self.FINISHED

    @property
    def state_words(self) -> str:
        """Say the state to people: every page does so by this."""
        if self.cancel_requested and not self.is_finished:
            return "Cancelling"
        return self.State(self.state).label


class WorkerSign(models.Model):
    """A sign of life of a worker process, renewed at every sweep."""

    name = models.CharField(primary_key=True, max_length=100)
    queues = models.JSONField(default=list)
    seen = models.DateTimeField()

    def __str__(self) -> str:
        return self.name
