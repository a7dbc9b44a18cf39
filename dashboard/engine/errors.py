"""Define the engine's errors, with the data for their messages."""

from pathlib import PurePath


class EngineError(Exception):
    """The base class of everything that the engine raises on purpose."""


class TooLittleData(EngineError):
    """A similarity type has fewer groups to train on than a fit needs."""

    def __init__(self, *, type_name: str, groups: int, needed: int) -> None:
        super().__init__(
            f"“{type_name}” has {groups} of at least {needed} groups with two images or more. "
            "Add groups, or images to the groups there are."
        )
        self.type_name = type_name
        self.groups = groups
        self.needed = needed


class InvalidTrainingSet(EngineError, ValueError):
    """The arrays of a training set are inconsistent."""


class ArtifactError(EngineError):
    """A file of the engine cannot be used."""

    def __init__(self, path: PurePath, reason: str) -> None:
        super().__init__(f"{path.name} cannot be used: {reason}")
        self.path = path
        self.reason = reason


class BrokenArtifact(ArtifactError):
    """A file is missing, damaged, or differs from its checksum."""


class ForeignArtifact(ArtifactError):
    """A file is intact, but of another format or for another encoder."""


class UnfitEncoder(EngineError):
    """An ONNX graph, or what is stated of its input, cannot be used as an encoder."""
