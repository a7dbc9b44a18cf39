"""What can go wrong in the engine, with the data that a sentence for people needs."""

from pathlib import PurePath


class EngineError(Exception):
    """Stands above everything the engine raises on purpose."""


class TooLittleData(EngineError):
    """A similarity type has fewer groups to learn from than a fit needs."""

    def __init__(self, *, type_name: str, groups: int, needed: int) -> None:
        super().__init__(
            f"“{type_name}” has {groups} of at least {needed} groups with two images or more. "
            "Add groups, or images to the groups there are."
        )
        self.type_name = type_name
        self.groups = groups
        self.needed = needed


class InvalidTrainingSet(EngineError, ValueError):
    """The arrays of a training set do not fit together."""


class ArtifactError(EngineError):
    """A file of the engine cannot be used."""

    def __init__(self, path: PurePath, reason: str) -> None:
        super().__init__(f"{path.name} cannot be used: {reason}")
        self.path = path
        self.reason = reason


class BrokenArtifact(ArtifactError):
    """A file is missing, damaged, or not what it says it is."""


class ForeignArtifact(ArtifactError):
    """A file is whole, but was made by another format or for another encoder."""


class UnfitEncoder(EngineError):
    """An ONNX graph, or what is said of its input, cannot serve as an encoder."""
