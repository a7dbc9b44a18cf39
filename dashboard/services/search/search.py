"""Find the images that are most similar to an image."""

from accounts.models import Workspace
from dashboard.engine.trained_model import TrainedModel
from dashboard.files.store import paths, storage
from dashboard.index.search import Hit, nearest
from dashboard.models import Image, Version
from dashboard.queries.training.encoders import search_key
from dashboard.queries.training.features import feature_of
from dashboard.services.training.features import features_of_bytes
from dashboard.services.training.loading import load_encoder, load_model, load_untrained

MOST_HITS = 200


def search_by_picture(
    *, workspace: Workspace, version: Version | None, data: bytes, k: int
) -> list[Hit]:
    """Return the images most similar to an image, by a version or by the untrained embedding.

    Raises `FileRefused` if the bytes are not a readable image, and `ModelUnusable`.
    """
    model = model_of(workspace, version)
    row = features_of_bytes(load_encoder(model.encoder), data)
    return nearest(workspace, version, model, model.describe(row[None])[0], min(k, MOST_HITS))


def search_by_image(*, image: Image, version: Version | None, k: int) -> list[Hit]:
    """Return the images most similar to one of the workspace, without itself."""
    model = model_of(image.workspace, version)
    row = feature_of(image, model.encoder)
    if row is None:
        data = storage.read(paths.image(image.workspace_id, image.id, image.extension))
        row = features_of_bytes(load_encoder(model.encoder), data)
    query = model.describe(row[None])[0]
    # The image itself is among them, usually first; an identical one may come before it.
    hits = nearest(image.workspace, version, model, query, min(k, MOST_HITS) + 1)
    return [hit for hit in hits if hit.image != image][:k]


def model_of(workspace: Workspace, version: Version | None) -> TrainedModel:
    """Return a version's model, or for None the untrained model that search uses now.

    Raises `ModelUnusable`.
    """
    if version is None:
        return load_untrained(search_key(workspace))
    return load_model(version)
