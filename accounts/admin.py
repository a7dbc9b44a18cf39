"""Django's admin for who operates the server: look at everything, switch accounts on and off.

All else is read-only here, since a change past the services would leave no activity row.
"""

from typing import TYPE_CHECKING, Any, cast

from django.contrib import admin
from django.db.models import Model
from django.http import HttpRequest

from accounts.events import record_event
from accounts.models import (
    AccountEvent,
    ApiToken,
    Change,
    Invitation,
    Membership,
    User,
    Workspace,
)

if TYPE_CHECKING:
    ModelAdmin = admin.ModelAdmin[Model]
else:
    ModelAdmin = admin.ModelAdmin


class ReadOnlyAdmin(ModelAdmin):
    """Rows to look at."""

    is_ours = True  # the site takes no other

    def has_add_permission(self, request: HttpRequest) -> bool:  # noqa: ARG002
        """Say no: the services add rows."""
        return False

    def has_change_permission(
        self,
        request: HttpRequest,  # noqa: ARG002
        obj: Any = None,  # noqa: ARG002
    ) -> bool:
        """Say no: the services change rows."""
        return False

    def has_delete_permission(
        self,
        request: HttpRequest,  # noqa: ARG002
        obj: Any = None,  # noqa: ARG002
    ) -> bool:
        """Say no: the services delete rows."""
        return False


@admin.register(User)
class UserAdmin(ReadOnlyAdmin):
    """People; `is_active` is the switch that locks somebody out at once, keys included."""

    list_display = ["email", "name", "is_active", "is_staff", "created"]
    list_filter = ["is_active", "is_staff"]
    search_fields = ["email", "name"]
    fields = ["email", "name", "is_active", "is_staff", "last_login", "created"]
    readonly_fields = ["email", "name", "last_login", "created"]

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Say yes to who may change users."""
        return admin.ModelAdmin.has_change_permission(self, request, obj)

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:  # noqa: FBT001
        """Write the switch down with whoever pressed it; the admin saves in one transaction."""
        super().save_model(request, obj, form, change)
        if "is_active" in form.changed_data:
            on, off = AccountEvent.Verb.SWITCHED_ON, AccountEvent.Verb.SWITCHED_OFF
            record_event(on if obj.is_active else off, user=obj, actor=cast("User", request.user))


@admin.register(Workspace)
class WorkspaceAdmin(ReadOnlyAdmin):
    """Teams."""

    list_display = ["name", "id", "created"]
    search_fields = ["name", "id"]


@admin.register(Membership)
class MembershipAdmin(ReadOnlyAdmin):
    """Who is in which team."""

    list_display = ["user", "workspace", "role", "created"]
    list_filter = ["role"]
    list_select_related = ["user", "workspace"]
    search_fields = ["user__email", "workspace__name"]


@admin.register(Invitation)
class InvitationAdmin(ReadOnlyAdmin):
    """Open and used invitations, without their secrets."""

    list_display = ["email", "workspace", "role", "created", "expires", "accepted", "revoked"]
    list_select_related = ["workspace"]
    search_fields = ["email"]
    exclude = ["digest"]


@admin.register(ApiToken)
class ApiTokenAdmin(ReadOnlyAdmin):
    """Keys, without their secrets."""

    list_display = [
        "name",
        "prefix",
        "user",
        "workspace",
        "scope",
        "last_used",
        "expires",
        "revoked",
    ]
    list_filter = ["scope"]
    list_select_related = ["user", "workspace"]
    search_fields = ["name", "prefix", "user__email"]
    exclude = ["digest"]


@admin.register(Change)
class ChangeAdmin(ReadOnlyAdmin):
    """Who did what: rows of the journal, without what is packed."""

    list_display = ["created", "workspace", "actor", "verb", "noun", "target_name", "count"]
    list_select_related = ["workspace", "actor"]
    exclude = ["members"]
    search_fields = ["target_name", "actor__email", "workspace__name"]
    show_full_result_count = False
