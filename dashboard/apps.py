"""Start-up of the platform."""

from importlib import import_module

from django.apps import AppConfig


class DashboardConfig(AppConfig):
    """Load Celery once Django is ready; see the trap in CONTRIBUTING."""

    name = "dashboard"
    verbose_name = "Likewise"

    def ready(self) -> None:
        """Register the Celery application and the start-up checks.

        The jobs are for the worker alone, see `CELERY_IMPORTS`: they take a second to load.
        """
        for module in ("dashboard.celery", "dashboard.checks"):
            import_module(module)
