"""Load models and encoders, or explain in a sentence why one cannot be used."""

from dashboard import runtime
from dashboard.engine.encoder import PictureEncoder
from dashboard.engine.errors import ArtifactError, UnfitEncoder
from dashboard.engine.trained_model import TrainedModel
from dashboard.models import Version
from dashboard.services.errors import ModelUnusable


def load_model(version: Version) -> TrainedModel:
    """Return a trained version's model.

    Raises `ModelUnusable` if its files are missing, damaged, or of another format or encoder.
    """
    try:
        return runtime.version(version.id, version.artifact, version.encoder)
    except ArtifactError as error:
        raise ModelUnusable(str(version), str(error)) from error


def load_untrained(key: str) -> TrainedModel:
    """Return the untrained model of an encoder. Raises `ModelUnusable`."""
    try:
        return runtime.untrained(key)
    except (ArtifactError, UnfitEncoder, LookupError) as error:
        raise ModelUnusable(f"The encoder {key}", str(error)) from error


def load_encoder(key: str) -> PictureEncoder:
    """Return an encoder by its key. Raises `ModelUnusable`."""
    try:
        return runtime.encoder(key)
    except (ArtifactError, UnfitEncoder, LookupError) as error:
        raise ModelUnusable(f"The encoder {key}", str(error)) from error
