"""Configure Django's admin for operators of the server: read all rows, deactivate accounts.

Everything else is read-only here, since a change without the services would not be recorded.
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
    """Read-only rows."""

    is_ours = True  # the site registers no other

    def has_add_permission(self, request: HttpRequest) -> bool:  # noqa: ARG002
        """Return False: the services add rows."""
        return False

    def has_change_permission(
        self,
        request: HttpRequest,  # noqa: ARG002
        obj: Any = None,  # noqa: ARG002
    ) -> bool:
        """Return False: the services change rows."""
        return False

    def has_delete_permission(
        self,
        request: HttpRequest,  # noqa: ARG002
        obj: Any = None,  # noqa: ARG002
    ) -> bool:
        """Return False: the services delete rows."""
        return False


@admin.register(User)
class UserAdmin(ReadOnlyAdmin):
    """Users; `is_active` is the switch that locks out a user at once, with all API tokens."""

    list_display = ["email", "name", "is_active", "is_staff", "created"]
    list_filter = ["is_active", "is_staff"]
    search_fields = ["email", "name"]
    fields = ["email", "name", "is_active", "is_staff", "last_login", "created"]
    readonly_fields = ["email", "name", "last_login", "created"]

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Return whether the operator may change users."""
        return admin.ModelAdmin.has_change_permission(self, request, obj)

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:  # noqa: FBT001
        """Save the user and record a change of `is_active`; the admin saves in one transaction."""
        super().save_model(request, obj, form, change)
        if "is_active" in form.changed_data:
            on, off = AccountEvent.Verb.SWITCHED_ON, AccountEvent.Verb.SWITCHED_OFF
            record_event(on if obj.is_active else off, user=obj, actor=cast("User", request.user))


@admin.register(Workspace)
class WorkspaceAdmin(ReadOnlyAdmin):
    """Workspaces."""

    list_display = ["name", "id", "created"]
    search_fields = ["name", "id"]


@admin.register(Membership)
class MembershipAdmin(ReadOnlyAdmin):
    """The members of workspaces."""

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
    """API tokens, without their secrets."""

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
    """Rows of the journal, without the packed ids."""

    list_display = ["created", "workspace", "actor", "verb", "noun", "target_name", "count"]
    list_select_related = ["workspace", "actor"]
    exclude = ["members"]
    search_fields = ["target_name", "actor__email", "workspace__name"]
    show_full_result_count = False
