"""Webhooks: add, change, test, pause, resume and delete them; their log, and sending again."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.access import requires
from accounts.http import WorkspaceRequest
from dashboard.forms.webhooks import WebhookForm
from dashboard.models import Delivery, Webhook
from dashboard.models.webhooks import TEST, Event
from dashboard.queries.webhooks.webhooks import (
    deliveries_page,
    get_delivery,
    get_webhook,
    webhooks_in,
)
from dashboard.services.errors import Refused
from dashboard.services.webhooks.errors import UnknownEvents, UnusableUrl
from dashboard.services.webhooks.webhooks import (
    add_webhook,
    change_webhook,
    delete_webhook,
    pause_webhook,
    resume_webhook,
    rotate_secret,
    send_again,
    send_test,
)
from dashboard.views.rendering import form_page, missing_is_404, page_or_fragment, see_other

LIST = "dashboard/webhooks/list.html"
PAGE = "dashboard/webhooks/webhook.html"
MANAGE = "webhooks.manage"
SOON = "It is sent within seconds. Reload this page to see the outcome."
EVENTS = dict(Event.choices) | {TEST: "A test"}
FIELDS = {UnusableUrl: "url", UnknownEvents: "events"}


@dataclass(frozen=True)
class WebhookRow:
    """A webhook and its state in words; `state` chooses the colour."""

    webhook: Webhook

    @property
    def state(self) -> str:
        """Return the state in one word."""
        if self.webhook.paused:
            return "paused"
        return "failed" if self.webhook.failing_since else "active"

    @property
    def label(self) -> str:
        """Return the state for people."""
        return {"paused": "Paused", "failed": "Failing", "active": "Active"}[self.state]

    @property
    def events(self) -> list[str]:
        """Return what it is told of."""
        return [EVENTS.get(event, event) for event in self.webhook.events]


@dataclass(frozen=True)
class DeliveryRow:
    """A line of the log, in words; `state` chooses the colour."""

    delivery: Delivery

    @property
    def event(self) -> str:
        """Return what it tells of."""
        return EVENTS.get(self.delivery.event, self.delivery.event)

    @property
    def state(self) -> str:
        """Return the state in one word."""
        if self.delivery.delivered:
            return "done"
        if self.delivery.next_attempt:
            return "partial" if self.delivery.attempts else "queued"
        return "failed" if self.delivery.attempts else "idle"

    @property
    def label(self) -> str:
        """Return the state for people."""
        return {
            "done": "Delivered",
            "partial": "Retrying",
            "queued": "Waiting",
            "failed": "Failed",
            "idle": "Not sent",
        }[self.state]


@never_cache
@require_http_methods(["GET", "POST"])
@requires(MANAGE)
def webhooks(request: WorkspaceRequest) -> HttpResponse:
    """List the webhooks and add one; the answer to that is the only page with its secret."""
    form = WebhookForm(request.POST or None)
    if request.method != "POST":
        return _list(request, form)
    if form.is_valid():
        try:
            made, secret = add_webhook(
                workspace=request.workspace, **form.cleaned_data, actor=request.user
            )
        except Refused as refusal:
            form.add_error(FIELDS.get(type(refusal)), str(refusal))
        else:
            return _list(request, WebhookForm(), new_secret=secret, new=made)
    return _list(request, form, status=422)


def _list(
    request: WorkspaceRequest, form: WebhookForm, status: int = 200, **more: Any
) -> HttpResponse:
    rows = [WebhookRow(one) for one in webhooks_in(request.workspace)]
    return render(request, LIST, {"rows": rows, "form": form, **more}, status=status)


@never_cache
@require_safe
@requires(MANAGE)
@missing_is_404
def webhook(request: WorkspaceRequest, webhook_id: UUID) -> HttpResponse:
    """Show a webhook with its log, newest first."""
    return _page(request, get_webhook(request.workspace, webhook_id))


def _page(request: WorkspaceRequest, shown: Webhook, **more: Any) -> HttpResponse:
    found = deliveries_page(shown, request.GET.get("cursor", ""))
    address = reverse("webhook", args=[shown.pk])
    context = {
        "row": WebhookRow(shown),
        "deliveries": [DeliveryRow(one) for one in found.rows],
        "next_url": f"{address}?cursor={found.next}" if found.next else "",
        **more,
    }
    return page_or_fragment(request, PAGE, "rows", context)


@never_cache
@require_http_methods(["GET", "POST"])
@requires(MANAGE)
@missing_is_404
def webhook_change(request: WorkspaceRequest, webhook_id: UUID) -> HttpResponse:
    """Change where it leads and what it is told of."""
    shown = get_webhook(request.workspace, webhook_id)
    now = {"url": shown.url, "description": shown.description, "events": shown.events}
    form = WebhookForm(request.POST or None, initial=now)
    if form.is_valid():
        try:
            change_webhook(webhook=shown, **form.cleaned_data, actor=request.user)
        except Refused as refusal:
            form.add_error(FIELDS.get(type(refusal)), str(refusal))
        else:
            return see_other("webhook", shown.pk)
    return form_page(
        request,
        form,
        f"Change {shown}",
        under="Webhooks",
        cancel_url=reverse("webhook", args=[shown.pk]),
    )


@require_POST
@requires(MANAGE)
@missing_is_404
def webhook_test(request: WorkspaceRequest, webhook_id: UUID) -> HttpResponse:
    """Have a test message sent."""
    shown = get_webhook(request.workspace, webhook_id)
    send_test(webhook=shown, actor=request.user)
    messages.success(request, f"A test was added to the log. {SOON}")
    return see_other("webhook", shown.pk)


@require_POST
@requires(MANAGE)
@missing_is_404
def webhook_pause(request: WorkspaceRequest, webhook_id: UUID) -> HttpResponse:
    """Send nothing until somebody resumes it."""
    shown = get_webhook(request.workspace, webhook_id)
    pause_webhook(webhook=shown, actor=request.user)
    messages.success(request, f"{shown} is paused.")
    return see_other("webhook", shown.pk)


@require_POST
@requires(MANAGE)
@missing_is_404
def webhook_resume(request: WorkspaceRequest, webhook_id: UUID) -> HttpResponse:
    """Send again, first what was missed of the last day."""
    shown = get_webhook(request.workspace, webhook_id)
    resume_webhook(webhook=shown, actor=request.user)
    messages.success(
        request, f"{shown} is resumed. Messages of the last day that were not delivered are sent."
    )
    return see_other("webhook", shown.pk)


@never_cache
@require_POST
@requires(MANAGE)
@missing_is_404
def webhook_secret(request: WorkspaceRequest, webhook_id: UUID) -> HttpResponse:
    """Rotate the secret; this answer is the only page with the new one."""
    secret = rotate_secret(webhook=get_webhook(request.workspace, webhook_id), actor=request.user)
    shown = get_webhook(request.workspace, webhook_id)
    return _page(request, shown, new_secret=secret, is_rotated=True)


@require_POST
@requires(MANAGE)
@missing_is_404
def webhook_delete(request: WorkspaceRequest, webhook_id: UUID) -> HttpResponse:
    """Delete a webhook with its log."""
    shown = get_webhook(request.workspace, webhook_id)
    delete_webhook(webhook=shown, actor=request.user)
    messages.success(request, f"The webhook {shown} was deleted.")
    return see_other("webhooks")


@require_POST
@requires(MANAGE)
@missing_is_404
def delivery_again(request: WorkspaceRequest, webhook_id: UUID, delivery_id: int) -> HttpResponse:
    """Have one message sent again."""
    shown = get_webhook(request.workspace, webhook_id)
    send_again(delivery=get_delivery(shown, delivery_id), actor=request.user)
    messages.success(request, f"The message waits to be sent again. {SOON}")
    return see_other("webhook", shown.pk)
