"""Check a whole archive before anything of it is imported."""

import io
import json
import math
import tempfile
import zipfile
from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Final

import numpy as np
from django.conf import settings

from dashboard.engine import artifacts
from dashboard.engine.errors import BrokenArtifact, ForeignArtifact
from dashboard.engine.trained_model import TrainedModel
from dashboard.files.errors import BrokenTransfer
from dashboard.files.exchange.transfer_links import Links
from dashboard.files.exchange.transfer_reading import TransferReader
from dashboard.files.exchange.transfer_rows import Row, is_id
from dashboard.files.images import images as pictures
from dashboard.files.store.faults import blaming_the_bytes
from dashboard.files.store.scratch import Seen
from dashboard.files.tables.json_values import text_has_more_values
from dashboard.models import Version
from dashboard.queries.library.images import images_in
from dashboard.queries.training.evaluations import evaluations
from dashboard.services.errors import CollectionTooLarge
from dashboard.services.exchange.exporting import ARTIFACT_FILES
from dashboard.services.exchange.imported import portions
from dashboard.services.jobs import jobs
from dashboard.services.training.training import SNAPSHOT
from dashboard.services.workspaces.usage import find_room, images_refusal

# Bytes, for each file of a trained version. A snapshot has a row of four values for each image.
MOST_OF_AN_ARTIFACT: Final = {
    artifacts.ARRAYS: 256 << 20,
    artifacts.MANIFEST: 16 << 20,
    SNAPSHOT: 256 << 20,
}
# Values are counted before JSON is parsed: parsed, it takes many times its size.
MOST_VALUES: Final = {artifacts.MANIFEST: 200_000, SNAPSHOT: 8_000_000}
SUMS_SHARE: Final = 0.1  # of the whole progress
CHECK_SHARE: Final = 0.2
_MOST_OF_A_HEADER: Final = 1000  # characters, of an array
_UNUSABLE: Final = (BrokenArtifact, ForeignArtifact, ValueError, TypeError, IndexError)
# In this order a row comes after the rows that it refers to.
AFTER_IMAGES: Final = (
    *("regions", "groups", "members", "nestings", "verifications", "encoders", "tasks"),
    *("versions", "collections", "records"),
)


def check_archive(archive: TransferReader, handle: jobs.Handle) -> None:
    """Verify all checksums, and check that all rows are consistent and fit into the quota.

    Memory does not grow with the archive. Raises `BrokenTransfer` and `QuotaReached`.
    """
    whole = sum(stated["size"] for stated in archive.members.values()) or 1
    read = 0
    # Checksums before anything is parsed: this distinguishes a damaged archive from a forged one,
    # at the cost of one more read.
    for size in archive.check_sums():
        read += size
        handle.tick(step="Checking the archive", fraction=SUMS_SHARE * min(1.0, read / whole))
    temporary = tempfile.TemporaryDirectory(dir=settings.FILE_UPLOAD_TEMP_DIR)
    with temporary as aside, Seen(Path(aside)) as seen:
        _Check(archive, Links(seen), handle).run()


class _Check:
    def __init__(self, archive: TransferReader, links: Links, handle: jobs.Handle) -> None:
        self._archive, self._links, self._handle = archive, links, handle
        self._counts: Counter[str] = Counter()
        self._records: Counter[str] = Counter()
        self._room = find_room(handle.job.workspace)

    def run(self) -> None:
        self._rows("types", self._archive.rows("types"))
        self._rows("labels", self._archive.rows("labels"))
        self._packs()
        for noun in AFTER_IMAGES:
            self._rows(noun, self._archive.rows(noun))
        # Over the whole archive: each nesting may be valid while together they form a cycle.
        if self._links.seen.has_cycle(lambda: self._handle.tick(step="Checking the archive")):
            raise BrokenTransfer("a group of it contains itself")
        # Unary plus drops zeros: a noun without rows may be listed or not.
        if +self._counts != +Counter(self._archive.counts):
            raise BrokenTransfer("it has more or fewer rows than it says")

    def _rows(self, noun: str, rows: Iterable[Row]) -> None:
        for row in rows:
            self._counts[noun] += 1
            if not self._links.fits(noun, row):
                raise BrokenTransfer(
                    f"line {self._counts[noun]:,} of the {noun} does not fit the lines before it"
                )
            if noun == "versions":
                self._version(row)
            elif noun == "records":
                self._record(row)
            self._handle.tick(step="Checking the archive")

    def _packs(self) -> None:
        done, total = 0, self._archive.counts.get("images", 0) or 1
        for pack in self._archive.packs():
            self._rows("images", pack.images)
            self._rows("features", pack.features)
            self._rows("region_features", pack.region_features())
            self._fit(pack.images)
            for row in pack.images:
                # Headers only. An image is decoded when it is imported, where it costs memory
                # anyway.
                facts = pictures.inspect_stored(pack.picture(row))
                if facts != (row["extension"], row["width"], row["height"]):
                    raise BrokenTransfer(f"the image {row['id']} does not match its row")
                done += 1
                fraction = SUMS_SHARE + (CHECK_SHARE - SUMS_SHARE) * min(1.0, done / total)
                self._handle.tick(step="Checking the archive", fraction=fraction)

    def _fit(self, rows: Sequence[Row]) -> None:
        """Reserve quota for the images that the workspace lacks: all of them, or refuse."""
        if self._room is None:
            return
        for some in portions(rows):
            sizes = {row["sha256"]: row["file_size"] for row in some}
            known = images_in(self._handle.job.workspace).filter(sha256__in=sizes)
            # Images that the workspace has use no more of the quota; equal images become one.
            here = set(known.values_list("sha256", flat=True))
            if not all(self._room.take(sizes[one]) for one in sizes.keys() - here):
                raise images_refusal()

    def _version(self, row: Row) -> None:
        try:
            evaluations(Version(metrics=row["metrics"]))
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise BrokenTransfer("the figures of a version are not valid") from error
        if row["status"] == Version.Status.TRAINED:
            model = read_model(self._archive, row["id"])
            if (model.encoder, model.dimension) != (row["encoder"], row["dimension"]):
                raise BrokenTransfer("a version does not match its row")

    def _record(self, row: Row) -> None:
        self._records[row["collection"]] += 1
        if self._records[row["collection"]] > settings.LIKEWISE_MAX_COLLECTION:
            raise CollectionTooLarge(settings.LIKEWISE_MAX_COLLECTION)


def read_artifact(archive: TransferReader, version_id: str) -> dict[str, bytes]:
    """Return the files of a trained version by name. Raises `BrokenTransfer`."""
    names = {f"versions/{version_id}/{name}": name for name in ARTIFACT_FILES}
    files = {}
    for path, name in names.items():
        files[name] = archive.read(path, MOST_OF_AN_ARTIFACT[name])
        if name in MOST_VALUES and text_has_more_values(files[name], MOST_VALUES[name]):
            raise BrokenTransfer(f"{path} has too many values")
    return files


def read_model(archive: TransferReader, version_id: str) -> TrainedModel:
    """Return a trained version, tested with one computation. Raises `BrokenTransfer`."""
    files = read_artifact(archive, version_id)
    # Before numpy reads the file: it allocates as much as the header says.
    _refuse_bomb(files[artifacts.ARRAYS])
    if not _is_snapshot(files[SNAPSHOT]):
        raise BrokenTransfer("the training data of one of its versions cannot be read")
    with blaming_the_bytes(_UNUSABLE, lambda: BrokenTransfer("one of its versions cannot be used")):
        with tempfile.TemporaryDirectory(dir=settings.FILE_UPLOAD_TEMP_DIR) as aside:
            for name in (artifacts.ARRAYS, artifacts.MANIFEST):
                Path(aside, name).write_bytes(files[name])
            model = artifacts.load(Path(aside))
        for part in model.heads:
            # Shapes may match the header and not each other; only a computation shows it.
            part.head.describe(np.ones((1, part.head.width), np.float32))
    return model


def _is_snapshot(data: bytes) -> bool:
    """Return whether a file is a snapshot: members of types, images and regions that were seen."""
    try:
        seen = json.loads(data)
        rows = [row for members in seen["types"].values() for row in members]
        rows_are_right = all(
            is_id(group) and is_id(one) and isinstance(held, bool) for group, one, held in rows
        )
        regions = seen.get("regions", {})
        regions_are_right = all(is_id(row[0]) and len(row) == 5 for row in regions.values())
        blocks = seen.get("blocks", {})
        of_blocks = [one for values in blocks.values() for one in values.items()]
        blocks_are_right = all(is_id(key) and isinstance(value, str) for key, value in of_blocks)
        keys = (*seen["types"], *seen["images"], *regions, *blocks)
    except (ValueError, TypeError, KeyError, AttributeError, IndexError, RecursionError):
        return False
    return rows_are_right and regions_are_right and blocks_are_right and all(map(is_id, keys))


def _refuse_bomb(data: bytes) -> None:
    """Refuse arrays that would unpack to more than their limit, before numpy allocates them."""
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as arrays:
            stored = all(info.compress_type == zipfile.ZIP_STORED for info in arrays.infolist())
            size = sum(info.file_size for info in arrays.infolist())
            whole = stored and all(_is_whole(arrays, info) for info in arrays.infolist())
    except (zipfile.BadZipFile, ValueError, OSError) as error:
        raise BrokenTransfer("one of its versions cannot be read") from error
    if not whole or size > len(data):
        raise BrokenTransfer("one of its versions is packed in an unknown way")


def _is_whole(arrays: zipfile.ZipFile, info: zipfile.ZipInfo) -> bool:
    """Return whether an array has the size that its header says, which numpy would allocate."""
    with arrays.open(info) as file:
        # The only version that `numpy.savez` writes for such arrays; others have longer headers.
        if np.lib.format.read_magic(file) != (1, 0):
            return False
        shape, _, kind = np.lib.format.read_array_header_1_0(file, _MOST_OF_A_HEADER)
        return (
            # Object arrays would be pickles, which run code when they are read.
            not kind.hasobject and file.tell() + math.prod(shape) * kind.itemsize == info.file_size
        )
