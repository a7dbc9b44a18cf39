"""Read the encoders, and which of them a task, a workspace and its search use.

A task's own choice counts first, then its workspace's, then the installation's default.
"""

from dataclasses import dataclass
from typing import Final
from uuid import UUID

from django.db.models import Case, F, Q, QuerySet, Value, When

from accounts.models import Workspace
from dashboard.engine.prior import BOTH, BUILTIN
from dashboard.models import Encoder, Task, Version


@dataclass(frozen=True)
class Shipped:
    """An encoder that is always available: its name, and one sentence about it."""

    key: str
    name: str
    sentence: str


SHIPPED: Final = {
    one.key: one
    for one in (
        Shipped(
            BOTH,
            "Built in",
            "Shapes, colours and object categories: the best for most images.",
        ),
        Shipped(BUILTIN, "Built in, fast", "Shapes and colours only, in a third of the time."),
    )
}


def encoders() -> QuerySet[Encoder]:
    """Return the few registered encoders, newest first, without the shipped ones."""
    rows = Encoder.objects.select_related("created_by").order_by("-created", "-id")
    return rows.exclude(key__in=SHIPPED)


def get_encoder(encoder_id: UUID) -> Encoder:
    """Return one encoder. Raises `Encoder.DoesNotExist`."""
    return encoders().get(pk=encoder_id)


def keys_of(word: str) -> list[str]:
    """Return the keys of all encoders, ready or not, with this key or name."""
    shipped = [one.key for one in SHIPPED.values() if word in (one.key, one.name)]
    return shipped + list(
        encoders().filter(Q(key=word) | Q(name=word)).values_list("key", flat=True)
    )


def default_key() -> str:
    """Return the key of the encoder that new work uses if no other was chosen."""
    rows = Encoder.objects.filter(is_default=True).values_list("key", flat=True)
    return rows.first() or BOTH


def wanted_key(workspace: Workspace) -> str:
    """Return the key of the encoder that a workspace should use."""
    return workspace.encoder or default_key()


def key_for(task: Task) -> str:
    """Return the key of the encoder that the task's next version uses."""
    return task.encoder or wanted_key(task.workspace)


def search_key(workspace: Workspace) -> str:
    """Return the key of the encoder that search without a version uses now.

    It is the wanted one once that has the features of every image, and until then the previous one,
    so that a change never leaves search with only a part of the images.
    """
    return workspace.search_encoder or wanted_key(workspace)


def looks_again(workspace: Workspace) -> bool:
    """Return whether search uses another encoder than the wanted one."""
    return search_key(workspace) != wanted_key(workspace)


def keys_in_use(workspace: Workspace) -> list[str]:
    """Return the encoders whose features search and descriptors of a workspace need.

    The one that search uses now comes first, then the wanted one. An imported version may need an
    encoder that is not registered here; it is not included.
    """
    trained = Version.objects.in_workspace(workspace).filter(status=Version.Status.TRAINED)
    used = set(trained.order_by().values_list("encoder", flat=True).distinct())
    used |= set(Task.objects.in_workspace(workspace).order_by().values_list("encoder", flat=True))
    known = SHIPPED.keys() | set(_ready().values_list("key", flat=True))
    first = [search_key(workspace), wanted_key(workspace)]
    # The order is the order of work: search should be complete before other versions are.
    return list(dict.fromkeys([*first, *sorted(used & known)]))


def second_looks() -> QuerySet[Workspace]:
    """Return the workspaces whose search uses another encoder than the wanted one."""
    wanted = Case(When(encoder="", then=Value(default_key())), default=F("encoder"))
    searched = Workspace.objects.exclude(search_encoder="")
    return searched.annotate(wanted=wanted).exclude(wanted=F("search_encoder"))


def choices(workspace: Workspace | None = None) -> list[tuple[str, str]]:
    """Return the keys and names of encoders that a workspace may choose; "" is the default.

    With a workspace, those that a task of it may choose.
    """
    rows = list(Encoder.objects.filter(state=Encoder.State.READY).order_by("-created", "-id"))
    names = {key: one.name for key, one in SHIPPED.items()} | {
        row.key: row.name for row in rows if row.key not in SHIPPED
    }
    default = next((row.key for row in rows if row.is_default), BOTH)
    if workspace is None:
        open_choice = f"Default of the installation ({names[default]})"
    else:
        wanted = workspace.encoder or default
        open_choice = f"Same as the workspace ({names.get(wanted, wanted)})"
    return [("", open_choice), *names.items()]


def name_of(key: str) -> str:
    """Return the name of an encoder; its key if it is unknown here."""
    if key in SHIPPED:
        return SHIPPED[key].name
    return Encoder.objects.filter(key=key).values_list("name", flat=True).first() or key


def speeds() -> dict[str, Encoder]:
    """Return the encoders whose speed was measured, by key."""
    return {row.key: row for row in Encoder.objects.filter(measured__isnull=False)}


@dataclass(frozen=True)
class ShippedRow:
    """A shipped encoder with its row, if there is one, for the page of encoders."""

    shipped: Shipped
    row: Encoder | None
    is_default: bool


def shipped_rows() -> list[ShippedRow]:
    """Return the shipped encoders, the best first."""
    rows = {row.key: row for row in Encoder.objects.all() if row.key in SHIPPED or row.is_default}
    default = next((key for key, row in rows.items() if row.is_default), BOTH)
    return [ShippedRow(one, rows.get(key), key == default) for key, one in SHIPPED.items()]


def users_of(encoder: Encoder) -> tuple[int, int, int]:
    """Return the numbers of tasks, versions and workspaces that use an encoder."""
    tasks = Task.objects.filter(encoder=encoder.key).count()
    by = Q(encoder=encoder.key) | Q(search_encoder=encoder.key)
    workspaces = Workspace.objects.filter(by).count()
    return tasks, Version.objects.filter(encoder=encoder.key).count(), workspaces


def _ready() -> QuerySet[Encoder]:
    return encoders().filter(state=Encoder.State.READY)
