"""Show the platform's rows in Django's admin, read-only, to operators of the server."""

from django.contrib import admin

from accounts.admin import ReadOnlyAdmin
from dashboard.models import Collection, Job, Task, Upload, Version, WorkerSign


@admin.register(Collection)
class CollectionAdmin(ReadOnlyAdmin):
    """Collections."""

    list_display = ["name", "workspace", "version", "records_count", "created"]
    list_select_related = ["workspace", "version__task"]


@admin.register(Job)
class JobAdmin(ReadOnlyAdmin):
    """Background work of all workspaces."""

    list_display = ["title", "workspace", "kind", "state", "tries", "owner", "created"]
    list_filter = ["kind", "state"]
    list_select_related = ["workspace"]
    show_full_result_count = False


@admin.register(Task)
class TaskAdmin(ReadOnlyAdmin):
    """Tasks."""

    list_display = ["name", "workspace", "versions_count", "created"]
    list_select_related = ["workspace"]


@admin.register(Version)
class VersionAdmin(ReadOnlyAdmin):
    """Trained versions."""

    list_display = ["task", "number", "status", "encoder", "created", "trained"]
    list_select_related = ["task"]


@admin.register(Upload)
class UploadAdmin(ReadOnlyAdmin):
    """Uploads."""

    list_display = ["name", "workspace", "created_by", "created"]
    list_select_related = ["workspace", "created_by"]
    show_full_result_count = False


@admin.register(WorkerSign)
class WorkerSignAdmin(ReadOnlyAdmin):
    """Workers and the times of their last heartbeats."""

    list_display = ["name", "queues", "seen"]
