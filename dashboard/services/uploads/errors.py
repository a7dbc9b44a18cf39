"""Define the refusals of uploads: one sentence each that says what to do."""

from accounts.words import counted
from dashboard.files.sizes import readable_size
from dashboard.models import Upload
from dashboard.services.errors import Refused


class NothingToUpload(Refused):
    """The upload has no file."""

    def __init__(self) -> None:
        super().__init__("Choose at least one image or ZIP archive.")


class WrongStage(Refused):
    """The upload is not in the stage that the request needs."""

    def __init__(self, upload: Upload) -> None:
        self.upload = upload
        stage = upload.get_stage_display().lower()
        super().__init__(f"This upload is now “{stage}”, so nothing was changed. Open it again.")


class NotReceiving(Refused):
    """The upload no longer accepts files."""

    def __init__(self, upload: Upload) -> None:
        self.upload = upload
        super().__init__(
            f"“{upload}” no longer accepts files: it was imported or discarded. Start a new upload."
        )


class NoHash(Refused):
    """The given SHA-256 is not valid."""

    def __init__(self, text: str) -> None:
        super().__init__(
            f"“{text[:80]}” is not a valid SHA-256: send 64 hex characters or omit it."
        )


class OffsetTaken(Refused):
    """The bytes do not start at `received`, the next offset; None if no more are expected."""

    def __init__(self, received: int | None) -> None:
        self.received = received
        super().__init__(
            f"{received:,} bytes are already uploaded. Continue from there."
            if received is not None
            else "This upload no longer expects this file."
        )


class PartTooLarge(Refused):
    """A file is larger than the limit, or than its declared size."""

    def __init__(self, name: str, limit: int) -> None:
        self.limit = limit
        super().__init__(
            f"“{name[-80:]}” is larger than {readable_size(limit)}, the limit of this server. "
            "Split it and upload the parts."
        )


class TooManyParts(Refused):
    """The upload has more files than its limit."""

    def __init__(self, limit: int) -> None:
        super().__init__(
            f"One upload accepts up to {limit:,} files. Upload the others separately, or pack "
            "them into a ZIP."
        )


class NotWhole(Refused):
    """The upload was to be finished while bytes are missing."""

    def __init__(self, count: int) -> None:
        self.count = count
        files = counted(count, "file is", "files are")
        super().__init__(
            f"{files} not fully uploaded yet. Upload the rest, or remove these files from "
            "the upload."
        )


class NotOneArchive(Refused):
    """The upload of a workspace's archive is not exactly one file."""

    def __init__(self) -> None:
        super().__init__(
            "A workspace is imported from one archive. Upload the file that was downloaded from "
            "“Export and import”, and nothing else."
        )
