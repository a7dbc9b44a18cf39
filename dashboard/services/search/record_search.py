"""Find the records of a collection that are most similar to an image or to a record."""

from collections.abc import Sequence

from dashboard.index.record_search import Asked, RecordHit, nearest_records
from dashboard.models import Collection, Record
from dashboard.queries.search.records import records_by_key, vector_of
from dashboard.services.search.search import MOST_HITS
from dashboard.services.training.features import features_of_bytes
from dashboard.services.training.loading import load_encoder, load_model


def search_records_by_picture(*, collection: Collection, data: bytes, k: int) -> list[RecordHit]:
    """Return the records most similar to an image, given as bytes.

    Raises `FileRefused` and `ModelUnusable`.
    """
    model = load_model(collection.version)
    row = features_of_bytes(load_encoder(model.encoder), data)
    asked = Asked(model.describe(row[None])[0])
    return nearest_records(collection, [asked], min(k, MOST_HITS))


def search_records_by_key(
    *, collection: Collection, key: str, k: int
) -> tuple[Record, Sequence[RecordHit]]:
    """Return a record and those most similar to it, except itself. Raises `Record.DoesNotExist`."""
    row = records_by_key(collection, [key]).get(key)
    if row is None:
        raise Record.DoesNotExist
    asked = Asked(vector_of(row), row.pk)
    # One more than requested, and the first dropped: a record is its own nearest.
    return row, nearest_records(collection, [asked], min(k, MOST_HITS) + 1)[1:]
