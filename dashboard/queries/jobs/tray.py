"""What runs in a workspace, as every page shows it: read once for all who look at the same time."""

from dataclasses import dataclass
from uuid import UUID

from accounts.models import Workspace
from dashboard.models import Job
from dashboard.queries.jobs.jobs import Progress, progress_of
from dashboard.queries.short_cache import ShortCache

# Every open page polls the tray: with this, a process asks twice a second, however many look.
FRESH = 0.5  # seconds
COUNTED = 100


@dataclass(frozen=True)
class Tray:
    """What runs, oldest first, and how many jobs wait; more than `COUNTED` are not counted."""

    running: tuple[Progress, ...]
    waiting: int

    def __bool__(self) -> bool:
        return bool(self.running or self.waiting)


def find_tray(workspace: Workspace) -> Tray:
    """Return what runs in the workspace, at most half a second old."""
    return _trays.get(workspace.pk)


def _read(workspace_id: UUID) -> Tray:
    rows = Job.objects.filter(workspace=workspace_id, state__in=Job.UNFINISHED)
    jobs = list(rows.order_by("-state", "created", "id")[:COUNTED])  # "running" is before "queued"
    running = tuple(progress_of(job) for job in jobs if job.state == Job.State.RUNNING)
    return Tray(running, waiting=len(jobs) - len(running))


_trays = ShortCache(FRESH, _read)


def forget_trays() -> None:
    """Let who asks next read the rows."""
    _trays.clear()
