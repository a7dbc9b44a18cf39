"""List the URLs of the pages about your own account and team."""

from django.urls import path

from accounts import (
    account_views,
    invitation_views,
    second_factor_views,
    session_views,
    team_views,
    views,
)

urlpatterns = [
    path("settings/account", account_views.account, name="account"),
    path("settings/account/name", account_views.account_name, name="account-name"),
    path("settings/account/email", account_views.account_email, name="account-email"),
    path(
        "settings/account/email/cancel",
        account_views.account_email_cancel,
        name="account-email-cancel",
    ),
    path(
        "settings/account/email/confirm/<path:secret>",
        account_views.account_email_confirm,
        name="account-email-confirm",
    ),
    path("settings/account/password", account_views.account_password, name="account-password"),
    path("settings/account/sessions", session_views.account_sessions, name="account-sessions"),
    path(
        "settings/account/sessions/end",
        session_views.account_sessions_end,
        name="account-sessions-end",
    ),
    path(
        "settings/account/sessions/<uuid:session_id>/end",
        session_views.account_session_end,
        name="account-session-end",
    ),
    path("settings/account/second-factor", second_factor_views.second_factor, name="second-factor"),
    path(
        "settings/account/second-factor/new",
        second_factor_views.second_factor_new,
        name="second-factor-new",
    ),
    path(
        "settings/account/second-factor/off",
        second_factor_views.second_factor_off,
        name="second-factor-off",
    ),
    path(
        "settings/account/second-factor/codes",
        second_factor_views.recovery_codes_new,
        name="recovery-codes-new",
    ),
    path(
        "settings/workspace/second-factor",
        second_factor_views.workspace_second_factor,
        name="workspace-second-factor",
    ),
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
