"""Background work: what runs a job, and the worker around it."""

from dashboard.jobs import runner, sweep, worker

__all__ = ["runner", "sweep", "worker"]
