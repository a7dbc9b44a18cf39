"""Read the rows of uploaded tables: manifests, also inside archives, and lists of URLs."""

import io
from collections.abc import Iterator

from dashboard.files.archives.archives import Archive, Member
from dashboard.files.archives.names import composed_name
from dashboard.files.errors import BrokenManifest, FileRefused
from dashboard.files.fetch.fetch import last_segment
from dashboard.files.tables import manifests
from dashboard.models import UploadFile, UploadPart

# The number of a row that stands for an archive or a manifest that cannot be read to its end.
WHOLE_PART = 2_147_483_647
# Between the folder of a manifest inside an archive and the name in its row, until it is matched.
INSIDE = "//"
NO_MANIFEST = "It is not an image, and not a manifest that can be read."
_LONG = "The folder of the manifest and the name have more than 1,024 characters in all."


def told_row(part: UploadPart, told: manifests.ManifestRow) -> UploadFile:
    """Return the row for one row of a manifest or one line of a list of URLs."""
    name = manifests.plain_path(told.file) or last_segment(told.url) or told.url
    return UploadFile(
        upload_id=part.upload_id,
        part=part,
        number=told.number,
        name=(composed_name(name) or f"row {told.number + 1}")[-1024:],
        group_name=told.group,
        type_name=told.type,
        url=told.url,
        test_image=told.test,
        real=told.real,
        meta_data=told.meta_data,
        wrong=told.wrong,
        reason=" ".join(told.wrong.values()),
    )


class InnerTables:
    """Reads the tables in an archive; one that is not a manifest becomes a row in error."""

    def __init__(self, part: UploadPart, archive: Archive) -> None:
        self._part, self._archive = part, archive
        self._count = 0

    def rows(self, member: Member, *, is_beside: bool) -> Iterator[UploadFile]:
        """Yield the rows of a manifest, and a row in error if it cannot be read to its end.

        A sidecar of a single image has none; `is_beside` says that an image has its name.
        """
        try:
            data = io.BytesIO(self._archive.read(member))
            for told in manifests.read_possible_manifest(data, is_beside=is_beside):
                yield self._row(member, told)
        except BrokenManifest as refusal:
            sentence = f"{NO_MANIFEST} {refusal.reason}"
            yield self._refused(member, "row", sentence)
        except FileRefused as refusal:
            yield self._refused(member, "picture", refusal.reason)

    def _row(self, member: Member, told: manifests.ManifestRow) -> UploadFile:
        if self._count >= manifests.MAX_ROWS:
            raise BrokenManifest(
                f"The manifests of the archive have more than {manifests.MAX_ROWS:,} rows. Split "
                "it and upload the parts."
            )
        row = told_row(self._part, told)
        row.number = UploadFile.FIRST_TOLD + self._count
        self._count += 1
        if told.file:
            self._put_inside(row, member.folder)
        return row

    @staticmethod
    def _put_inside(row: UploadFile, folder: str) -> None:
        name = f"{folder}{INSIDE}{row.name}"
        if len(name) > manifests.MAX_PATH:
            row.refuse("file", _LONG)
        else:
            row.name = name

    def _refused(self, member: Member, what: str, sentence: str) -> UploadFile:
        row = UploadFile(upload_id=self._part.upload_id, part=self._part, number=member.index)
        row.name, row.size = member.path[-1024:], max(0, member.size)
        row.refuse(what, sentence)
        return row
