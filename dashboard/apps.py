"""Start-up of the platform."""

from importlib import import_module

from django.apps import AppConfig


class DashboardConfig(AppConfig):
    """Load Celery and the jobs once Django is ready; see the trap in CONTRIBUTING."""

    name = "dashboard"
    verbose_name = "Likewise"

    def ready(self) -> None:
        """Register the Celery application, the jobs and the start-up checks."""
        for module in ("dashboard.celery", "dashboard.jobs", "dashboard.checks"):
            import_module(module)
