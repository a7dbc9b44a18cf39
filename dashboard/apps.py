"""Start the platform's Django app."""

from importlib import import_module

from django.apps import AppConfig


class DashboardConfig(AppConfig):
    """Load Celery once Django is ready; CONTRIBUTING describes the trap."""

    name = "dashboard"
    verbose_name = "Likewise"

    def ready(self) -> None:
        """Register the Celery application, the system checks, and the gate of linked workspaces.

        Only the worker loads the jobs, see `CELERY_IMPORTS`: that takes a second.
        """
        for module in ("dashboard.celery", "dashboard.checks"):
            import_module(module)
        import_module("dashboard.services.connections.gate").register()
