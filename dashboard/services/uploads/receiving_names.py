"""Register the files of an upload, each once, however often it is requested."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import chain
from operator import attrgetter
from typing import Final

from django.db.models import Max, Q

from dashboard.files.images import kinds
from dashboard.files.store import paths
from dashboard.models import SimilarityType, Upload, UploadPart
from dashboard.queries.uploads.receiving import lacking
from dashboard.services.uploads.errors import TooManyParts
from dashboard.services.workspaces.usage import count_named, images_refusal, is_full

# As many as an archive may contain, see `ArchiveLimits`.
MOST_PARTS: Final = 200_000


@dataclass(frozen=True, slots=True)
class NewPart:
    """A file to register; without a `kind`, its name and first bytes decide.

    `key` is an optional name, unique to the client, by which a repeated registration finds it.
    """

    name: str
    size: int
    sha256: str = ""
    kind: str | None = None
    similarity_type: SimilarityType | None = None
    key: str = ""


def name_parts(upload: Upload, parts: Sequence[NewPart]) -> list[UploadPart]:
    """Return a row for each file, created or found. Call it in a transaction that locks the upload.

    Raises `TooManyParts` and `QuotaReached`.
    """
    before = _NamedBefore(upload, parts)
    found = [before.take(part) for part in parts]
    new = [part for part, there in zip(parts, found, strict=True) if there is None]
    made = iter(_make(upload, new) if new else ())
    return [there or next(made) for there in found]


class _NamedBefore:
    """Finds files that were registered before by a client that got no answer.

    A file with a key is found by it. One without is the same if name, size and hash are equal and
    none of its bytes are stored; without a hash it may be another file. Each row is found once: two
    files with the same content and name are two files.
    """

    def __init__(self, upload: Upload, parts: Sequence[NewPart]) -> None:
        self._upload = upload
        keyed = {_path(upload, part.key) for part in parts if part.key}
        hashes = {part.sha256 for part in parts if part.sha256}
        unsent = Q(known=True) | Q(received=0) & ~Q(path="")
        # Two queries, and sorted here: with an OR, or an ORDER BY, the database would scan all
        # registered files.
        by_key = upload.parts.filter(path__in=keyed).order_by()
        by_content = upload.parts.filter(unsent, sha256__in=hashes).order_by()
        rows = {row.pk: row for row in chain(by_key, by_content)}.values()
        self._rows: defaultdict[object, list[UploadPart]] = defaultdict(list)
        for row in sorted(rows, key=attrgetter("number"), reverse=True):
            # A known file has no path, as it need not be sent: it is identified by its content.
            content = row.kind, row.similarity_type_id, row.known
            mark = row.path if row.path in keyed else content
            self._rows[mark, row.name, row.size, row.sha256].append(row)

    def take(self, part: NewPart) -> UploadPart | None:
        """Return the row of a file that was registered before, or None."""
        same = clean_name(part.name), part.size, part.sha256
        content = _kind(part), part.similarity_type and part.similarity_type.pk
        mark = _path(self._upload, part.key) if part.key else (*content, False)
        rows = self._rows[(*content, True), *same] or self._rows[mark, *same]
        return rows.pop() if rows else None


def _make(upload: Upload, parts: Sequence[NewPart]) -> list[UploadPart]:
    last = upload.parts.aggregate(last=Max("number"))["last"]
    first = 0 if last is None else last + 1
    if first + len(parts) > MOST_PARTS:
        raise TooManyParts(MOST_PARTS)
    # Images for embeddings and archives of workspaces cannot be taken from the library.
    is_for_keeps = upload.purpose == Upload.Purpose.IMAGES
    hashes = {part.sha256 for part in parts if part.sha256 and is_for_keeps}
    known = hashes - lacking(upload.workspace, hashes) if hashes else set()
    named = [_made(upload, first + place, part, known) for place, part in enumerate(parts)]
    if is_for_keeps and not all(part.known for part in named) and is_full(upload.workspace):
        raise images_refusal()
    made = UploadPart.objects.bulk_create(named, batch_size=500)
    # Last: it locks the row for which every other upload of the workspace waits.
    count_named(upload.workspace_id, made)
    return made


def _made(upload: Upload, number: int, part: NewPart, known: set[str]) -> UploadPart:
    is_known = part.sha256 in known
    return UploadPart(
        upload=upload,
        number=number,
        name=clean_name(part.name),
        size=part.size,
        path="" if is_known else _path(upload, part.key or f"{number:06d}"),
        kind=_kind(part),
        sha256=part.sha256,
        known=is_known,
        similarity_type=part.similarity_type,
    )


def _path(upload: Upload, name: str) -> str:
    return paths.upload_part(upload.workspace_id, upload.id, name)


def _kind(part: NewPart) -> str:
    return UploadPart.Kind(part.kind or kinds.kind_of(part.name, b""))


def clean_name(name: str) -> str:
    """Return a path as it is stored: without a leading slash or null characters."""
    return name.replace("\x00", "").replace("\\", "/").lstrip("/")[-1024:] or "file"
