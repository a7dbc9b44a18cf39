"""Addresses of the pages about oneself and one's team."""

from django.urls import path

from accounts import invitation_views, team_views, views

urlpatterns = [
    path("settings/tokens", views.tokens, name="tokens"),
    path("settings/tokens/<uuid:token_id>/revoke", views.token_revoke, name="token-revoke"),
    path("settings/workspace", views.workspace_switch, name="workspace-switch"),
    path("settings/members", team_views.members, name="members"),
    path("settings/members/<uuid:membership_id>/role", team_views.member_role, name="member-role"),
    path(
        "settings/members/<uuid:membership_id>/remove",
        team_views.member_remove,
        name="member-remove",
    ),
    path(
        "settings/members/<uuid:membership_id>/hand-over",
        team_views.member_hand_over,
        name="member-hand-over",
    ),
    path("settings/invitations", team_views.invitation_new, name="invitation-new"),
    path(
        "settings/invitations/<uuid:invitation_id>/withdraw",
        team_views.invitation_withdraw,
        name="invitation-withdraw",
    ),
    path("invitations/", invitation_views.invitation_answer, name="invitation-answer"),
    # A path, so that the secret is recognised, and kept out of the log, whatever follows it.
    path("invitations/<path:secret>", invitation_views.invitation, name="invitation"),
]
