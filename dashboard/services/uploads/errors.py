"""Why an upload cannot go on: one sentence each that says what to do."""

from accounts.words import counted
from dashboard.files.sizes import readable_size
from dashboard.models import Upload
from dashboard.services.errors import Refused


class NothingToUpload(Refused):
    """An upload without a single file."""

    def __init__(self) -> None:
        super().__init__("Choose at least one picture or ZIP archive.")


class WrongStage(Refused):
    """An upload is not where it would have to be for what was asked."""

    def __init__(self, upload: Upload) -> None:
        self.upload = upload
        stage = upload.get_stage_display().lower()
        super().__init__(
            f"This upload is at the stage “{stage}” by now, so nothing was changed. Open it again."
        )


class NotReceiving(Refused):
    """Something was sent to an upload that takes nothing any more."""

    def __init__(self, upload: Upload) -> None:
        self.upload = upload
        super().__init__(
            f"“{upload}” takes no more files: it was brought in or given up. Begin a new upload."
        )


class NoHash(Refused):
    """What was said to be a SHA-256 is none."""

    def __init__(self, text: str) -> None:
        super().__init__(f"“{text[:80]}” is no SHA-256: send 64 digits of 0-9 and a-f, or none.")


class OffsetTaken(Refused):
    """Bytes came that are not the next ones; `received` is None if no more are wanted."""

    def __init__(self, received: int | None) -> None:
        self.received = received
        super().__init__(
            f"Bytes up to {received:,} are here already. Go on from there."
            if received is not None
            else "This file is no longer waited for."
        )


class PartTooLarge(Refused):
    """A file is larger than is taken, or than was said of it."""

    def __init__(self, name: str, limit: int) -> None:
        self.limit = limit
        super().__init__(
            f"“{name[-80:]}” is larger than {readable_size(limit)}, which is the most here. "
            "Split it and send the parts."
        )


class TooManyParts(Refused):
    """An upload of more files than one may have."""

    def __init__(self, limit: int) -> None:
        super().__init__(
            f"One upload takes up to {limit:,} files. Send the others in a second one, or pack "
            "them into a ZIP."
        )


class NotWhole(Refused):
    """An upload was to be finished while bytes are missing."""

    def __init__(self, count: int) -> None:
        self.count = count
        files = counted(count, "file is", "files are")
        super().__init__(
            f"{files} not here as a whole yet. Send what is missing, or take these files out."
        )


class NotOneArchive(Refused):
    """What was sent to be imported is not one file."""

    def __init__(self) -> None:
        super().__init__(
            "A workspace is brought in from one archive: send the file that was downloaded from "
            "“Export and import”, and nothing beside it."
        )
