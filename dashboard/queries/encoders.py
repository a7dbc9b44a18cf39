"""Reading which encoders there are: those of the installation, not of a workspace."""

from uuid import UUID

from django.db.models import QuerySet

from accounts.models import Workspace
from dashboard.engine.prior import BUILTIN
from dashboard.models import Encoder, Task, Version

BUILTIN_NAME = "Built in"


def encoders() -> QuerySet[Encoder]:
    """Return the registered encoders, newest first: there are few."""
    return Encoder.objects.select_related("created_by").order_by("-created", "-id")


def get_encoder(encoder_id: UUID) -> Encoder:
    """Return one; raises `Encoder.DoesNotExist`."""
    return encoders().get(pk=encoder_id)


def default_key() -> str:
    """Return the key of the encoder that new work uses."""
    rows = Encoder.objects.filter(is_default=True).values_list("key", flat=True)
    return rows.first() or BUILTIN


def key_for(task: Task) -> str:
    """Return the key of the encoder that the task's next version uses."""
    return task.encoder or default_key()


def keys_in_use(workspace: Workspace) -> list[str]:
    """Return the encoders whose features search and descriptors of a workspace need.

    A version that was imported may need one that is not registered here: there is none to ask.
    """
    trained = Version.objects.in_workspace(workspace).filter(status=Version.Status.TRAINED)
    used = set(trained.order_by().values_list("encoder", flat=True).distinct())
    ready = Encoder.objects.filter(state=Encoder.State.READY).values_list("key", flat=True)
    return sorted(used & {BUILTIN, *ready} | {default_key()})


def choices() -> list[tuple[str, str]]:
    """Return what a task may choose from: keys and names; the empty key is the default."""
    ready = list(encoders().filter(state=Encoder.State.READY).values_list("key", "name"))
    default = dict(ready).get(default_key(), BUILTIN_NAME)
    return [("", f"The installation's default ({default})"), (BUILTIN, BUILTIN_NAME), *ready]


def name_of(key: str) -> str:
    """Return what people call an encoder."""
    row = Encoder.objects.filter(key=key).first()
    return row.name if row else BUILTIN_NAME


def users_of(encoder: Encoder) -> tuple[int, int]:
    """Count the tasks and the versions, of all workspaces, that need an encoder."""
    tasks = Task.objects.filter(encoder=encoder.key).count()
    return tasks, Version.objects.filter(encoder=encoder.key).count()
