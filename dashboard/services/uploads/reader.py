"""Read the bytes of an upload's files: as uploaded, from an archive, or from a URL."""

from collections.abc import Generator, Iterable
from contextlib import ExitStack

from django.conf import settings

from dashboard.files.archives import archives
from dashboard.files.errors import FileRefused, ImageTooLarge
from dashboard.files.fetch.fetch import fetch_many, fetch_patiently
from dashboard.files.images.kinds import HEAD, refuse_others
from dashboard.models import UploadFile, UploadPart
from dashboard.queries.uploads.receiving import open_part

SEND_AGAIN = (
    "The workspace had this image when the upload started, so its file was not uploaded, and the "
    "image was deleted in the meantime. Upload the file again."
)
NOT_KEPT = "The uploaded file is no longer kept. Upload it again."
NO_FILE = (
    "The manifest names a file that was not uploaded. Upload the file, or correct its name in the "
    "manifest."
)


class PartReader(ExitStack):
    """Reads files of an upload's parts; the current archive stays open between reads.

    Rows are read fastest in the order of their ids: some archives can only be read forward.
    """

    _part: UploadPart | None = None
    _archive: archives.Archive

    def read(self, row: UploadFile) -> bytes:
        """Return a file's bytes. Raises `FileRefused` with the reason."""
        if row.url:
            return fetch_patiently(row.url)
        return self._stored(row)

    def read_many(self, rows: Iterable[UploadFile]) -> Generator[bytes | FileRefused]:
        """Yield each row's bytes, or why it has none; URLs are fetched in parallel."""
        return fetch_many((self._source(row) for row in rows), fetch=fetch_patiently)

    def _source(self, row: UploadFile) -> str | bytes | FileRefused:
        try:
            return row.url or self._stored(row)
        except FileRefused as refusal:
            return refusal

    def _stored(self, row: UploadFile) -> bytes:
        if row.source is not None:
            return self.read(row.source)
        part = row.part
        if part.known and not part.received:
            raise FileRefused(SEND_AGAIN)
        if not part.path:
            raise FileRefused(NOT_KEPT)
        try:
            data = self._member(row) if part.is_archive else self._picture(part)
        except FileNotFoundError as error:
            raise FileRefused(NOT_KEPT) from error
        refuse_others(row.name, data)
        return data

    def _picture(self, part: UploadPart) -> bytes:
        if part.kind != UploadPart.Kind.PICTURE:
            raise FileRefused(NO_FILE)
        with open_part(part) as file:
            if part.size > settings.LIKEWISE_MAX_IMAGE:
                refuse_others(part.name, file.read(HEAD))  # a wrong kind is the better reason
                raise ImageTooLarge(settings.LIKEWISE_MAX_IMAGE, part.size)
            return file.read()

    def _member(self, row: UploadFile) -> bytes:
        if row.number >= UploadFile.FIRST_TOLD:
            raise FileRefused(NO_FILE)
        # Opening a large archive reads its whole directory, so it stays open for the rows that
        # follow.
        if self._part != row.part:
            self.close()
            self._part = None
            file = self.enter_context(open_part(row.part))
            page = row.part.code_page  # nothing is guessed again
            self._archive = self.enter_context(archives.open_archive(file, code_page=page))
            self._part = row.part
        return self._archive.read(self._archive.member(row.number))
