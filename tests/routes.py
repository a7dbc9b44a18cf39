"""List every route of the program and who may use it; `test_routes.py` proves each row.

A new route has no row and fails there until it gets one:

- `Page` is for members. Signed out: the sign-in page. `thing` is the object in its URL, made in
  Alice's workspace (see THINGS); Charlie gets 404 for it. `methods` are all that it answers.
  With `factor` it requires the second factor of an admin if the workspace does.
- `Api` is the same with a token. Without `thing` it uses `?workspace=`, unless `scoped=False`.
- `Own` concerns the account or no workspace: for all signed-in users, members or not.
- `Admin` is Django's admin.
- `Operator` is for the operators of the installation: 404 for all others.
- `Open` is for anybody, and states why that is right.

Every method but GET writes and refuses Vera, unless `viewer` names it.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from accounts.models import ApiToken, Membership, Role
from accounts.team import invite_member
from dashboard.models import Extraction
from dashboard.services.exchange.transfers import start_export
from dashboard.services.library.verifications import verify_group, verify_image
from dashboard.services.uploads.receiving import register_part
from dashboard.services.webhooks.webhooks import send_test
from tests import factories
from tests.factories import Cast


@dataclass(frozen=True)
class Open:
    """A route for anybody."""

    name: str
    why: str


@dataclass(frozen=True)
class Page:
    """A page, a fragment or a form for members."""

    name: str
    methods: str = "GET"
    thing: str = ""
    viewer: str = ""
    factor: bool = True


@dataclass(frozen=True)
class Operator:
    """A page for the operators of the installation, which is hidden from all others."""

    name: str
    methods: str = "GET"
    thing: bool = False


@dataclass(frozen=True)
class Own:
    """A page about the account, for all signed-in users; `thing` is the object in its URL."""

    name: str
    methods: str = "GET"
    thing: str = ""


@dataclass(frozen=True)
class Admin:
    """A page of Django's admin, for operators of the server; `args` are the values in its URL."""

    name: str
    args: tuple[str, ...] = ()


@dataclass(frozen=True)
class Api(Page):
    """A route of the REST API."""

    scoped: bool = True


def _token(cast: Cast) -> tuple[Any, ...]:
    factories.make_key(cast.alice, name="a thing")
    return (ApiToken.objects.get(name="a thing").pk,)


def _member(cast: Cast) -> tuple[Any, ...]:
    return (Membership.objects.get(workspace=cast.workspace, user=cast.bob).pk,)


def _invitation(cast: Cast) -> tuple[Any, ...]:
    made, _ = invite_member(
        workspace=cast.workspace, email="ivy@example.org", role=Role.EDITOR, actor=cast.alice
    )
    return (made.pk,)


def _image(cast: Cast) -> tuple[Any, ...]:
    return (factories.make_image(cast.workspace).pk,)


def _type(cast: Cast) -> tuple[Any, ...]:
    return (factories.make_type(cast.workspace).pk,)


def _group(cast: Cast) -> tuple[Any, ...]:
    return (factories.make_group(factories.make_type(cast.workspace)).pk,)


def _task(cast: Cast) -> tuple[Any, ...]:
    return (factories.make_task(cast.workspace).pk,)


def _version(cast: Cast) -> tuple[Any, ...]:
    return (factories.make_version(factories.make_task(cast.workspace)).pk,)


def _collection(cast: Cast) -> tuple[Any, ...]:
    return (factories.make_collection(cast.workspace).pk,)


def _connection(cast: Cast) -> tuple[Any, ...]:
    return (factories.make_connection(cast.workspace).pk,)


def _looked_at(cast: Cast) -> tuple[Any, ...]:
    factories.make_link(cast.workspace)
    return "group", factories.make_group(factories.make_type(cast.workspace)).pk


def _outgoing(cast: Cast) -> tuple[Any, ...]:
    return (factories.make_outgoing(factories.make_link(cast.workspace)).pk,)


def _webhook(cast: Cast) -> tuple[Any, ...]:
    return (factories.make_webhook(cast.workspace).pk,)


def _webhook_delivery(cast: Cast) -> tuple[Any, ...]:
    webhook = factories.make_webhook(cast.workspace)
    return (webhook.pk, send_test(webhook=webhook, actor=cast.alice).pk)


def _upload(cast: Cast) -> tuple[Any, ...]:
    return (factories.make_upload(cast.workspace).pk,)


def _part(cast: Cast) -> tuple[Any, ...]:
    stage = {"stage": "receiving", "committed": None}
    upload = factories.make_upload(cast.workspace, **stage)
    part = register_part(upload=upload, name="a.jpg", size=3, actor=cast.alice)
    return upload.pk, part.pk


def _extraction(cast: Cast) -> tuple[Any, ...]:
    version = factories.make_version(factories.make_task(cast.workspace))
    made = Extraction(workspace=cast.workspace, version=version, format="csv")
    made.save()
    return (made.pk,)


def _transfer(cast: Cast) -> tuple[Any, ...]:
    return (start_export(workspace=cast.workspace, actor=cast.alice)[0].pk,)


def _label(cast: Cast) -> tuple[Any, ...]:
    return (factories.make_label(cast.workspace).pk,)


def _region(cast: Cast) -> tuple[Any, ...]:
    return (factories.make_region(factories.make_image(cast.workspace)).pk,)


def _group_verification(cast: Cast) -> tuple[Any, ...]:
    group = factories.make_group(factories.make_type(cast.workspace))
    return (verify_group(group=group, user=cast.bob, actor=cast.bob)[0].pk,)


def _image_verification(cast: Cast) -> tuple[Any, ...]:
    image = factories.make_image(cast.workspace)
    return (verify_image(image=image, user=cast.bob, actor=cast.bob)[0].pk,)


def _job(cast: Cast) -> tuple[Any, ...]:
    return (factories.make_job(cast.workspace).pk,)


def _request(cast: Cast) -> tuple[Any, ...]:
    return (factories.make_request(cast.workspace).pk,)


def _workspace(cast: Cast) -> tuple[Any, ...]:
    return (cast.workspace.pk,)


# Make an object in Alice's workspace and return the values in its URL, in their order.
THINGS: dict[str, Callable[[Cast], tuple[Any, ...]]] = {
    "": lambda _: (),
    "collection": _collection,
    "connection": _connection,
    "extraction": _extraction,
    "group": _group,
    "group-verification": _group_verification,
    "image": _image,
    "image-verification": _image_verification,
    "invitation": _invitation,
    "job": _job,
    "label": _label,
    "member": _member,
    "part": _part,
    "region": _region,
    "request": _request,
    "task": _task,
    "token": _token,
    "transfer": _transfer,
    "type": _type,
    "upload": _upload,
    "version": _version,
    "looked-at": _looked_at,
    "outgoing": _outgoing,
    "webhook": _webhook,
    "webhook-delivery": _webhook_delivery,
    "workspace": _workspace,
}

# The pages of the sign-in library that the program offers; it has no others.
SIGN_IN = [
    Open(name, "the way in, and out; see test_sign_in, test_password_reset, test_second_factor")
    for name in (
        "account_inactive",
        "account_login",
        "account_logout",
        "account_reset_password",
        "account_reset_password_done",
        "account_reset_password_from_key",
        "account_reset_password_from_key_done",
        "account_signup",
        "mfa_authenticate",
    )
]
# Django's admin: for a signed-in operator, see test_admin.
_ADMIN_ROWS = {
    "accounts": "apitoken change invitation membership user workspace",
    "dashboard": "collection job task upload version workersign",
}
_ADMIN_PAGES: dict[str, tuple[str, ...]] = {
    "changelist": (),
    "add": (),
    "history": ("1",),
    "delete": ("1",),
    "change": ("1",),
}
ADMIN = [
    Admin("admin:index"),
    Admin("admin:login"),
    Admin("admin:logout"),
    Admin("admin:password_change"),
    Admin("admin:jsi18n"),
    Admin("admin:app_list", ("accounts",)),
] + [
    Admin(f"admin:{app}_{model}_{page}", args)
    for app, models in _ADMIN_ROWS.items()
    for model in models.split()
    for page, args in _ADMIN_PAGES.items()
]
OWN = [
    Own("account"),
    Own("manual"),
    Own("manual-page", thing="architecture"),
    Own("account-name", "POST"),
    Own("account-email", "GET POST"),
    Own("account-email-cancel", "POST"),
    Own("account-email-confirm", "GET POST", thing="no-such-secret"),
    Own("account-password", "GET POST"),
    Own("account-sessions"),
    Own("account-sessions-end", "POST"),
    Own("account-session-end", "POST", thing="7c8a5ecb-5f04-4bd2-9ed8-3b8a1b4b2a5d"),
    Own("second-factor"),
    Own("second-factor-new", "GET POST"),
    Own("second-factor-off", "GET POST"),
    Own("recovery-codes-new", "GET POST"),
]
OPERATORS = [
    Operator("account-events"),
    Operator("encoders"),
    Operator("encoder-new", "GET POST"),
    Operator("encoder-builtin", "POST"),
    Operator("encoder-speeds", "POST"),
    Operator("encoder-default", "POST", thing=True),
    Operator("encoder-again", "POST", thing=True),
    Operator("encoder-delete", "POST", thing=True),
]
PAGES = [
    Page("home"),
    Page("images"),
    Page("image", thing="image"),
    Page("image-change", "GET POST", thing="image"),
    Page("image-test", "POST", thing="image"),
    Page("image-delete", "POST", thing="image"),
    Page("demo-load", "POST"),
    Page("demo"),
    Page("demo-remove", "POST"),
    Page("group-delete", "POST", thing="group"),
    Page("type-delete", "POST", thing="type"),
    Page("task-delete", "POST", thing="task"),
    Page("images-group", "POST"),
    Page("images-delete", "POST"),
    Page("version-production", "POST", thing="version"),
    Page("types"),
    Page("type-new", "GET POST"),
    Page("type", thing="type"),
    Page("type-change", "GET POST", thing="type"),
    Page("groups"),
    Page("group-new", "GET POST"),
    Page("group-names"),
    Page("group", thing="group"),
    Page("group-change", "GET POST", thing="group"),
    Page("group-test", "POST", thing="group"),
    Page("group-remove-images", "POST", thing="group"),
    Page("group-images", "GET POST", thing="group"),
    Page("group-groups", "GET POST", thing="group"),
    Page("group-remove-groups", "POST", thing="group"),
    Page("tasks"),
    Page("task-new", "GET POST"),
    Page("task", thing="task"),
    Page("task-change", "GET POST", thing="task"),
    Page("task-types", "POST", thing="task"),
    Page("task-type-remove", "POST", thing="task"),
    Page("task-train", "POST", thing="task"),
    Page("version", thing="version"),
    Page("upload-new", "GET POST"),
    Page("upload-unfinished"),
    Page("upload-open", "POST"),
    Page("upload-sending", thing="upload"),
    Page("upload-parts", "GET POST", thing="upload"),
    Page("upload-part-new", "POST", thing="upload"),
    Page("upload-part", "POST PATCH DELETE", thing="part"),
    Page("upload-finish", "POST", thing="upload"),
    Page("upload-discard", "POST", thing="upload"),
    Page("upload", thing="upload"),
    Page("upload-failures", thing="upload"),
    Page("upload-undo", "GET POST", thing="upload"),
    Page("upload-rows", thing="upload"),
    Page("upload-mend", "POST", thing="upload"),
    Page("upload-mend-all", "POST", thing="upload"),
    Page("upload-type", "POST", thing="upload"),
    Page("upload-code-page", "POST", thing="upload"),
    Page("upload-commit", "POST", thing="upload"),
    Page("jobs"),
    Page("job-tray"),
    Page("job", thing="job"),
    Page("job-progress", thing="job"),
    Page("job-cancel", "POST", thing="job"),
    Page("job-retry", "POST", thing="job"),
    Page("collections"),
    Page("collection-new", "GET POST"),
    Page("collection", thing="collection"),
    Page("collection-change", "GET POST", thing="collection"),
    Page("collection-fill", "POST", thing="collection"),
    Page("collection-delete", "POST", thing="collection"),
    Page("collection-search", "GET POST", thing="collection", viewer="POST"),
    Page("search", "GET POST", viewer="POST"),
    Page("search-describe", "POST"),
    Page("image-alike", thing="image"),
    Page("extractions", "GET POST", viewer="POST"),
    Page("extraction-send", "POST", viewer="POST"),
    Page("extraction", thing="extraction"),
    Page("extraction-file", thing="extraction"),
    Page("connect"),
    Page("tokens", "GET POST", viewer="POST"),
    Page("token-revoke", "POST", thing="token", viewer="POST"),
    Page("workspace-switch", "POST", viewer="POST", factor=False),
    Page("settings"),
    Page("workspace-rename", "POST"),
    Page("workspace-encoder", "POST"),
    Page("workspace-new", "GET POST", viewer="POST", factor=False),
    Page("workspace-delete", "POST"),
    Page("workspace-second-factor", "POST"),
    Page("connections", "GET POST"),
    Page("connection-token", "GET POST", thing="connection", viewer="POST"),
    Page("connection-check", "POST", thing="connection", viewer="POST"),
    Page("connection-disconnect", "POST", thing="connection", viewer="POST"),
    Page("connection-remove", "POST", thing="connection"),
    Page("link", "GET POST", viewer="GET"),
    Page("link-refresh", "POST", viewer="POST"),
    Page("link-keeper", "POST"),
    Page("link-unlink", "POST"),
    Page("link-look", "POST", thing="looked-at", viewer="POST"),
    Page("outgoing-retry", "POST", thing="outgoing"),
    Page("outgoing-discard", "POST", thing="outgoing"),
    Page("webhooks", "GET POST"),
    Page("webhook", thing="webhook"),
    Page("webhook-change", "GET POST", thing="webhook"),
    Page("webhook-test", "POST", thing="webhook"),
    Page("webhook-pause", "POST", thing="webhook"),
    Page("webhook-resume", "POST", thing="webhook"),
    Page("webhook-secret", "POST", thing="webhook"),
    Page("webhook-delete", "POST", thing="webhook"),
    Page("delivery-again", "POST", thing="webhook-delivery"),
    Page("transfers"),
    Page("transfer", thing="transfer"),
    Page("transfer-export", "POST"),
    Page("transfer-import", "POST"),
    Page("transfer-file", thing="transfer"),
    Page("transfer-delete", "POST", thing="transfer"),
    Page("members"),
    Page("member-role", "POST", thing="member"),
    Page("member-remove", "POST", thing="member"),
    Page("member-hand-over", "POST", thing="member"),
    Page("invitation-new", "POST"),
    Page("invitation-withdraw", "POST", thing="invitation"),
    Page("activity"),
    Page("own-account-events"),
]
API = [
    Api("api-types", "GET POST"),
    Api("api-type", "GET PUT PATCH DELETE", thing="type"),
    Api("api-tasks", "GET POST"),
    Api("api-task", "GET PUT PATCH DELETE", thing="task"),
    Api("api-task-add-type", "POST", thing="task"),
    Api("api-task-remove-type", "POST", thing="task"),
    Api("api-task-train", "POST", thing="task"),
    Api("api-descriptor", "POST", viewer="POST", scoped=False),
    Api("api-search", "POST", viewer="POST"),
    Api("api-collections", "GET POST"),
    Api("api-collection", "GET PUT PATCH DELETE", thing="collection"),
    Api("api-records-insert", "POST"),
    Api("api-records-get", "POST", viewer="POST"),
    Api("api-records-update", "POST"),
    Api("api-records-delete", "POST"),
    Api("api-records-delete-by-filter", "POST"),
    Api("api-records-all", "POST", viewer="POST"),
    Api("api-records-random", "POST", viewer="POST"),
    Api("api-records-ping", "POST", viewer="POST"),
    Api("api-records-visual-knn", "POST", viewer="POST"),
    Api("api-records-visual-range", "POST", viewer="POST"),
    Api("api-records-visual-rank", "POST", viewer="POST"),
    Api("api-images", "GET POST"),
    Api("api-image", "GET PUT PATCH DELETE", thing="image"),
    Api("api-images-update", "POST"),
    Api("api-labels", "GET POST"),
    Api("api-label", "GET PUT PATCH DELETE", thing="label"),
    Api("api-objects", "GET POST"),
    Api("api-object", "GET PUT PATCH DELETE", thing="region"),
    Api("api-group-verifications", "GET POST"),
    Api("api-group-verification", "GET DELETE", thing="group-verification"),
    Api("api-image-verifications", "GET POST"),
    Api("api-image-verification", "GET DELETE", thing="image-verification"),
]
API += [
    Api("api-user", scoped=False),
    Api("api-workspaces", "GET POST", viewer="POST", scoped=False),
    Api("api-workspace", "GET PUT PATCH DELETE", thing="workspace"),
    Api("api-requests", "GET POST", viewer="POST"),
    Api("api-request", "GET DELETE", thing="request"),
    Api("api-request-status", thing="request"),
    Api("api-uploads", "POST"),
    Api("api-upload", "GET DELETE", thing="upload"),
    Api("api-upload-parts", "POST", thing="upload"),
    Api("api-upload-part", "POST PATCH DELETE", thing="part"),
    Api("api-upload-finish", "POST", thing="upload"),
    Api("api-upload-commit", "POST", thing="upload"),
    Api("api-authorize", "POST", viewer="POST", scoped=False),
]
# The hosted service has these at two URLs.
for _alias in ("", "-alias"):
    API += [
        Api(f"api-versions{_alias}", "GET"),
        Api(f"api-version{_alias}", "GET PATCH DELETE", thing="version"),
        Api(f"api-groups{_alias}", "GET POST"),
        Api(f"api-group{_alias}", "GET PUT PATCH DELETE", thing="group"),
        Api(f"api-groups-update{_alias}", "POST"),
    ]
    API += [
        Api(f"api-group-{verb}-{kind}{_alias}", "POST", thing="group")
        for verb in ("add", "remove")
        for kind in ("images", "objects", "groups")
    ]
OPEN = [
    Open("healthz", "says only whether web, database and worker work"),
    Open("invitation", "the secret in the link is the permission: see test_open_invitation"),
    Open("invitation-answer", "the session says which link was opened; else it is not there"),
    Open("setup", "the link's key opens it, and only while nobody exists"),
    Open("image-file", "the link itself is the permission: it is signed and expires"),
    Open("thumbnail-file", "the link itself is the permission: it is signed and expires"),
    Open("api-unknown", "there is nothing"),
    Open("docs", "says how to call the API and nothing of what is in it"),
    Open("schema", "says how to call the API and nothing of what is in it"),
]
# The form of a URL of Django's admin that it still redirects to the row's page.
UNNAMED = "admin:<path:object_id>/"
ROUTES: list[Open | Own | Admin | Page | Operator] = [
    *SIGN_IN,
    *OPEN,
    *OWN,
    *PAGES,
    *OPERATORS,
    *ADMIN,
    *API,
]
