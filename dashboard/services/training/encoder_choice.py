"""Choose the encoder of a workspace."""

from django.db import transaction

from accounts.journal import record
from accounts.models import User, Workspace
from accounts.verbs import Verb
from dashboard.models import Job
from dashboard.queries.training.encoders import choices, name_of
from dashboard.services.errors import EncoderRefused
from dashboard.services.row_locks import lock_all
from dashboard.services.training.describing import start_describing


@transaction.atomic
def choose_encoder(*, workspace: Workspace, key: str, actor: User) -> Job | None:
    """Set the encoder of a workspace; an empty key means the installation's default.

    Versions keep theirs. Search uses it once a job, which this queues and returns, has computed the
    features of all images; None if there are no images. Raises `EncoderRefused`.
    """
    check_encoder(key)
    # Locked: of two concurrent choices, the activity log shows what each really replaced.
    [row] = lock_all(Workspace.objects.filter(pk=workspace.pk))
    before = row.encoder
    if key == before:
        return None
    row.encoder = workspace.encoder = key
    row.save(update_fields=["encoder", "modified"])
    record(
        workspace=row,
        verb=Verb.CHOSE_ENCODER,
        noun="workspace",
        target_id=row.pk,
        target_name=row.name,
        details={"before": _name(before), "after": _name(key)},
        before={"encoder": before},
        after={"encoder": key},
        actor=actor,
    )
    return start_describing(workspace=row, actor=actor)


def check_encoder(key: str) -> None:
    """Check that an encoder exists and is ready. Raises `EncoderRefused`."""
    if key not in dict(choices()):
        raise EncoderRefused("This encoder does not exist or is not ready yet. Choose another.")


def _name(key: str) -> str:
    return name_of(key) if key else "the installation’s default"
