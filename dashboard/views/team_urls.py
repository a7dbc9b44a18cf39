"""List the URLs of a workspace's settings and of its activity log."""

from django.urls import path

from dashboard.views.connections import connections, links
from dashboard.views.exchange import transfers
from dashboard.views.training import encoders
from dashboard.views.webhooks import webhooks
from dashboard.views.workspaces import account_events, activity, workspaces

urlpatterns = [
    path("activity/", activity.activity, name="activity"),
    path("settings/", workspaces.settings, name="settings"),
    path("settings/workspace/encoder", workspaces.workspace_encoder, name="workspace-encoder"),
    path("settings/workspace/rename", workspaces.workspace_rename, name="workspace-rename"),
    path("settings/workspace/new", workspaces.workspace_new, name="workspace-new"),
    path("settings/transfers", transfers.transfers, name="transfers"),
    path("settings/transfers/export", transfers.transfer_export, name="transfer-export"),
    path("settings/transfers/import", transfers.transfer_import, name="transfer-import"),
    path("settings/transfers/<uuid:transfer_id>", transfers.transfer, name="transfer"),
    path(
        "settings/transfers/<uuid:transfer_id>/file", transfers.transfer_file, name="transfer-file"
    ),
    path(
        "settings/transfers/<uuid:transfer_id>/delete",
        transfers.transfer_delete,
        name="transfer-delete",
    ),
    path("settings/connections", connections.connections, name="connections"),
    path(
        "settings/connections/<uuid:connection_id>/token",
        connections.connection_token,
        name="connection-token",
    ),
    path(
        "settings/connections/<uuid:connection_id>/check",
        connections.connection_check,
        name="connection-check",
    ),
    path(
        "settings/connections/<uuid:connection_id>/disconnect",
        connections.connection_disconnect,
        name="connection-disconnect",
    ),
    path(
        "settings/connections/<uuid:connection_id>/remove",
        connections.connection_remove,
        name="connection-remove",
    ),
    path("settings/link", links.link, name="link"),
    path("settings/link/refresh", links.link_refresh, name="link-refresh"),
    path("settings/link/keeper", links.link_keeper, name="link-keeper"),
    path("settings/link/unlink", links.link_unlink, name="link-unlink"),
    path("settings/link/<str:noun>/<uuid:thing_id>/look", links.link_look, name="link-look"),
    path(
        "settings/link/changes/<int:outgoing_id>/retry", links.outgoing_retry, name="outgoing-retry"
    ),
    path(
        "settings/link/changes/<int:outgoing_id>/discard",
        links.outgoing_discard,
        name="outgoing-discard",
    ),
    path("settings/webhooks", webhooks.webhooks, name="webhooks"),
    path("settings/webhooks/<uuid:webhook_id>", webhooks.webhook, name="webhook"),
    path(
        "settings/webhooks/<uuid:webhook_id>/change",
        webhooks.webhook_change,
        name="webhook-change",
    ),
    path("settings/webhooks/<uuid:webhook_id>/test", webhooks.webhook_test, name="webhook-test"),
    path("settings/webhooks/<uuid:webhook_id>/pause", webhooks.webhook_pause, name="webhook-pause"),
    path(
        "settings/webhooks/<uuid:webhook_id>/resume",
        webhooks.webhook_resume,
        name="webhook-resume",
    ),
    path(
        "settings/webhooks/<uuid:webhook_id>/secret",
        webhooks.webhook_secret,
        name="webhook-secret",
    ),
    path(
        "settings/webhooks/<uuid:webhook_id>/delete",
        webhooks.webhook_delete,
        name="webhook-delete",
    ),
    path(
        "settings/webhooks/<uuid:webhook_id>/deliveries/<int:delivery_id>/again",
        webhooks.delivery_again,
        name="delivery-again",
    ),
    path("settings/encoders", encoders.encoders, name="encoders"),
    path("settings/encoders/new", encoders.encoder_new, name="encoder-new"),
    path("settings/encoders/speeds", encoders.encoder_speeds, name="encoder-speeds"),
    path("settings/encoders/built-in", encoders.encoder_builtin, name="encoder-builtin"),
    path(
        "settings/encoders/<uuid:encoder_id>/default",
        encoders.encoder_default,
        name="encoder-default",
    ),
    path("settings/encoders/<uuid:encoder_id>/again", encoders.encoder_again, name="encoder-again"),
    path(
        "settings/encoders/<uuid:encoder_id>/delete",
        encoders.encoder_delete,
        name="encoder-delete",
    ),
    path("settings/account-activity", account_events.account_events, name="account-events"),
    path(
        "settings/account-activity/own",
        account_events.own_account_events,
        name="own-account-events",
    ),
    path("settings/workspace/delete", workspaces.workspace_delete, name="workspace-delete"),
]
