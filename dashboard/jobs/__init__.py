"""Background work: the Celery entry, one function per kind, and the sweep."""

from dashboard.jobs import runner, sweep

__all__ = ["runner", "sweep"]
