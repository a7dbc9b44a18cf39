"""Addresses of the pages about oneself."""

from django.urls import path

from accounts import views

urlpatterns = [
    path("settings/tokens", views.tokens, name="tokens"),
    path("settings/tokens/<uuid:token_id>/revoke", views.token_revoke, name="token-revoke"),
    path("settings/workspace", views.workspace_switch, name="workspace-switch"),
]
