"""A part of a job's work, for work that knows nothing of jobs."""

from dataclasses import dataclass
from typing import Any

from dashboard.services.jobs.jobs import Handle


@dataclass
class Span:
    """Tells a job what part of its work reports, and stops that part when the job should.

    The part is from `start` to `end` of the whole, 0 to 1. `step` is what it does unless it says
    so itself; `counts` names what the job counts of it, `done` and `total`.
    """

    handle: Handle
    start: float
    end: float
    step: str = ""
    counts: tuple[str, ...] = ()

    def report(self, done: int, total: int, step: str = "") -> None:
        """Write it down now and then, and at each end; raises what `Handle.check` raises."""
        fields: dict[str, Any] = {"step": step or self.step}
        if total:
            fields["fraction"] = self.start + (self.end - self.start) * done / total
            known = {"done": done, "total": total}
            fields |= {name: known[name] for name in self.counts}
        if fields["step"] == self.handle.job.step and not 0 < total <= done:
            self.handle.tick(**fields)
            return
        self.handle.report(**fields)
        self.handle.check()
