"""Define jobs: work that outlives a request. The row is the truth; a queue only wakes workers."""

from django.db import models
from django.db.models import Q

from accounts.models import User
from dashboard.models.base import ScopedManager, ScopedModel


class Job(ScopedModel):
    """One piece of background work and its progress.

    QUEUED -> RUNNING -> DONE | FAILED | CANCELLED. QUEUED -> CANCELLED before it runs. RUNNING ->
    QUEUED when its worker's lease ran out, or the work paused: it resumes where it stopped, but not
    before `not_before`. The worker that runs it holds the lease: `owner` until `lease_until`,
    renewed by a heartbeat; only the owner may write progress or finish it.

    `queries.jobs.claim_order` defines which queued job is claimed next: the highest priority, then
    the workspace with the fewest running jobs, then the oldest. A priority above 0 means that
    somebody waits at a page for the end; `LONG` means that the job has turned out to take long, and
    has slots of its own.
    """

    class Kind(models.TextChoices):
        """The kinds of work; each has an entry in `dashboard.services.job_kinds`."""

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
        PULL = "pull", "Pull from another server"
        SEND = "send", "Changes for another server"

    class State(models.TextChoices):
        """The state of the job."""

        QUEUED = "queued", "Queued"
        RUNNING = "running", "Running"
        DONE = "done", "Done"
        FAILED = "failed", "Failed"
        CANCELLED = "cancelled", "Cancelled"

    FINISHED = (State.DONE, State.FAILED, State.CANCELLED)
    UNFINISHED = (State.QUEUED, State.RUNNING)
    # Below the usual 0 and above the deletion of workspaces, for which nobody waits.
    LONG = -5
    MAX_TRIES = 4
    # Nobody could see that such a job failed, nor retry it.
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
            # Not partial for unfinished jobs: SQLite uses no partial index with a bound value.
            models.Index(fields=["state", "queue", "-priority", "created"], name="job_by_turn"),
            # Nearly every page and every deletion checks whether a thing has a job.
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
        """Return whether the job has ended."""
        return self.state in self.FINISHED

    @property
    def state_words(self) -> str:
        """Return the state for people, as all pages show it."""
        if self.cancel_requested and not self.is_finished:
            return "Cancelling"
        return self.State(self.state).label


class WorkerSign(models.Model):
    """The heartbeat of a worker process, renewed at every sweep."""

    name = models.CharField(primary_key=True, max_length=100)
    queues = models.JSONField(default=list)
    seen = models.DateTimeField()

    def __str__(self) -> str:
        return self.name
