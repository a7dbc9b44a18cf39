"""Background work: one function per kind, what runs them, and the worker around it."""

from dashboard.jobs import runner, sweep, worker

__all__ = ["runner", "sweep", "worker"]
