"""Read the tray of running jobs that every page shows, once for concurrent readers."""

from dataclasses import dataclass
from uuid import UUID

from accounts.models import Workspace
from dashboard.models import Job
from dashboard.queries.jobs.jobs import Progress, progress_of
from dashboard.queries.short_cache import ShortCache

# Every open page polls the tray: with this cache, a process reads it at most twice a second.
FRESH = 0.5  # seconds
COUNTED = 100


@dataclass(frozen=True)
class Tray:
    """The running jobs, oldest first, and the number of queued ones, at most `COUNTED` in all."""

    running: tuple[Progress, ...]
    waiting: int

    def __bool__(self) -> bool:
        return bool(self.running or self.waiting)


def find_tray(workspace: Workspace) -> Tray:
    """Return the running jobs of the workspace, at most half a second old."""
    return _trays.get(workspace.pk)


def _read(workspace_id: UUID) -> Tray:
    rows = Job.objects.filter(workspace=workspace_id, state__in=Job.UNFINISHED)
    jobs = list(rows.order_by("-state", "created", "id")[:COUNTED])  # "running" is before "queued"
    running = tuple(progress_of(job) for job in jobs if job.state == Job.State.RUNNING)
    return Tray(running, waiting=len(jobs) - len(running))


_trays = ShortCache(FRESH, _read)


def forget_trays() -> None:
    """Clear the cache, so that the next call reads the rows."""
    _trays.clear()
