"""The addresses of a workspace's settings and of its activity."""

from django.urls import path

from dashboard.views import activity, workspaces

urlpatterns = [
    path("activity/", activity.activity, name="activity"),
    path("settings/", workspaces.settings, name="settings"),
    path("settings/workspace/rename", workspaces.workspace_rename, name="workspace-rename"),
    path("settings/workspace/new", workspaces.workspace_new, name="workspace-new"),
    path("settings/workspace/delete", workspaces.workspace_delete, name="workspace-delete"),
]
