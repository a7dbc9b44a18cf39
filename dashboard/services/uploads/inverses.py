"""Define how an upload is undone from the journal."""

from uuid import UUID

from accounts.models import Change, User
from dashboard.models import Job
from dashboard.queries.uploads.undo import undoable_uploads
from dashboard.queries.uploads.uploads import get_upload
from dashboard.services.journal.inverses import Inverse
from dashboard.services.uploads.undo import undo_upload
from dashboard.services.uploads.uploads import INVERSE


def _undo(change: Change, actor: User) -> Job:
    upload_id = UUID(str(change.target_id))
    return undo_upload(upload=get_upload(change.workspace, upload_id), actor=actor)


# The upload's own rows record what it created, so the change needs no payload.
UPLOAD = Inverse(name=INVERSE, undo=_undo, undoable=undoable_uploads, needs_payload=False)
