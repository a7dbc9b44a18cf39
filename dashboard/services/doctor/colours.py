"""Find images that were stored before colour profiles were applied.

Each is compared with its uploaded file. Most uploaded files are deleted after the import; those of
an import in which some files failed are kept for some days.
"""

from collections.abc import Iterator
from uuid import UUID

from dashboard.files.errors import FileRefused
from dashboard.files.images import images as pictures
from dashboard.models import Image, UploadFile
from dashboard.queries.doctor.doctor import files_as_sent, images_without_original, in_pages
from dashboard.services.doctor.round import Finding, Round
from dashboard.services.uploads.reader import PartReader

DROPPED = (
    "Its colour profile was dropped when it was stored, so its colours are wrong. Delete the image "
    "and upload the file again: it comes back under the same id."
)


def colours(round_: Round, workspace_id: UUID) -> Iterator[Finding]:
    """Yield the images whose stored colours differ from those of the uploaded file."""
    with PartReader() as reader:
        for row in in_pages(files_as_sent(workspace_id, round_.before)):
            image = row.image
            if image is not None and _lost_its_profile(image, row, reader):
                yield Finding("image", f"{image.id} {image.file_name}".strip(), DROPPED)


def unjudged() -> str:
    """Say how many images can no longer be checked; an empty string if there are none."""
    count = images_without_original()
    if not count:
        return ""
    subject = f"{count:,} images, whose" if count > 1 else "1 image, whose"
    return (
        f"Not checked: the colours of {subject} original file is no longer kept. Images that had a "
        "colour profile and were stored by an earlier version have wrong colours: upload them "
        "again."
    )


def _lost_its_profile(image: Image, row: UploadFile, reader: PartReader) -> bool:
    try:
        data = reader.read(row)
        # The hash is that of the uploaded bytes: another file with this name proves nothing.
        if not pictures.has_profile(data) or pictures.sha256(data) != image.sha256:
            return False
        # Equal bytes: the image was stored by a version that applies the profile.
        return pictures.prepare(data).stored_sha256 != image.stored_sha256
    except (FileRefused, OSError):
        return False
