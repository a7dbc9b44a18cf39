"""Extract the descriptors of a workspace's images, read in pages, however many there are."""

from collections.abc import Iterable, Iterator
from contextlib import closing
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from django.core.exceptions import ObjectDoesNotExist

from dashboard.files.tables.tables import Described
from dashboard.models import Extraction, Image
from dashboard.queries.extractions.extractions import (
    group_names,
    images_described,
    images_to_describe,
)
from dashboard.queries.training.features import described_ids
from dashboard.services.errors import FilterGone
from dashboard.services.jobs import jobs
from dashboard.services.training.descriptors import describe_stored
from dashboard.services.training.features import encode_images

ROWS_AT_ONCE: Final = 500
LOOKING_SHARE: Final = 0.85  # of the whole progress; the rest is writing


@dataclass
class StoredImages:
    """The images of an extraction."""

    extraction: Extraction
    handle: jobs.Handle
    _over: int = 0

    def look(self) -> None:
        """Compute the features of images that lack them. Raises `FilterGone`."""
        try:
            total = images_to_describe(self.extraction).count()
        except ObjectDoesNotExist as error:
            raise FilterGone from error
        self._tell(total)
        # Closed on an exception, too, so that no thread of the pool keeps reading images.
        with closing(encode_images(self._unseen(), self.extraction.version.encoder)) as batches:
            for batch in batches:
                self._over += len(batch)
                self._tell(total)

    def _tell(self, total: int) -> None:
        done = min(self._over, total)
        fraction = LOOKING_SHARE * (done / total if total else 1)
        self.handle.report(step="Computing embeddings", total=total, done=done, fraction=fraction)
        self.handle.check()

    def _unseen(self) -> Iterator[Image]:
        for page in self._pages(described=False):
            there = described_ids([image.id for image in page], self.extraction.version.encoder)
            self._over += len(there)
            yield from (image for image in page if image.id not in there)

    def _pages(self, *, described: bool) -> Iterator[list[Image]]:
        """Yield the images by id; those that are added meanwhile may be included or not."""
        # Pages, not an open cursor: this may take hours, and others must be able to write.
        last: UUID | None = None
        while True:
            rows = (images_described if described else images_to_describe)(self.extraction)
            page = list((rows if last is None else rows.filter(pk__gt=last))[:ROWS_AT_ONCE])
            if not page:
                return
            yield page
            last = page[-1].pk

    def count(self) -> int:
        """Return the number of images with a descriptor."""
        return images_described(self.extraction).count()

    def failed(self) -> int:
        """Return 0: every stored image was readable."""
        return 0

    def close(self) -> None:
        """Keep everything: the features belong to the workspace."""

    def rows(self, total: int) -> Iterator[Described]:
        """Yield the descriptors with names and groups."""
        done = 0
        for page in self._pages(described=True):
            share = min(1.0, done / total) if total else 1.0
            fraction = LOOKING_SHARE + (0.99 - LOOKING_SHARE) * share
            self.handle.tick(step="Writing the file", fraction=fraction)
            yield from self._described(page)
            done += len(page)

    def _described(self, page: Iterable[Image]) -> Iterator[Described]:
        by_id = {image.id: image for image in page}
        names = group_names(list(by_id))
        # Images that were deleted since the page was read have no descriptor.
        described = describe_stored(version=self.extraction.version, image_ids=by_id.keys())
        for image_id, descriptor in described.items():
            yield Described(
                id=str(image_id),
                file_name=by_id[image_id].file_name,
                groups=names.get(image_id, []),
                descriptor=descriptor,
            )
