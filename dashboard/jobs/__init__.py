"""Run background work: the job runner and the worker process around it."""

from dashboard.jobs import runner, sweep, worker

__all__ = ["runner", "sweep", "worker"]
