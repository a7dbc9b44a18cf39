"""Define the refusals of the services: what happened and what to do next, without HTTP codes."""

from collections.abc import Iterable, Sequence
from uuid import UUID

from django.db.models import Model

from accounts.words import counted, either
from dashboard.models import (
    Collection,
    Encoder,
    Group,
    Image,
    Label,
    Region,
    SimilarityType,
    Version,
)


class Refused(Exception):
    """A request that is refused; nothing was changed. `str(error)` is a sentence for people."""


class CannotBeUndone(Refused):
    """The change has no inverse, lacks the data to undo it, or was already undone."""

    def __init__(self) -> None:
        super().__init__("This cannot be undone, or was undone already.")


class EmptyName(Refused):
    """A named thing was created or renamed without a name."""

    def __init__(self, noun: str) -> None:
        super().__init__(f"Give the {noun} a name.")


class NameTaken(Refused):
    """The name is equal to that of another thing of the same kind."""

    def __init__(self, noun: str, other: Model) -> None:
        self.other = other
        super().__init__(
            f"A {noun} named “{other}” already exists. Use it, or choose another name."
        )


class SeveralOfThatName(Refused):
    """A group was referenced by a name that several groups share."""

    def __init__(self, groups: Sequence[Group]) -> None:
        self.groups = groups
        super().__init__(
            f"{len(groups)} groups are named “{groups[0]}”. Choose one of them by its id."
        )


class UnknownIds(Refused):
    """Some of the ids do not exist in this workspace."""

    def __init__(self, noun: str, ids: Iterable[UUID]) -> None:
        self.ids = sorted(ids)
        listed = ", ".join(str(value) for value in self.ids[:20])
        more = f" and {len(self.ids) - 20} more" if len(self.ids) > 20 else ""
        super().__init__(f"No {noun} has the id {listed}{more}. Nothing was changed.")


class TooManyIds(Refused):
    """The call has more ids than the limit."""

    def __init__(self, count: int, limit: int) -> None:
        super().__init__(f"{count} ids are too many for one call. Send at most {limit}.")


class ImageExists(Refused):
    """The workspace already has an image with these bytes."""

    def __init__(self, image: Image) -> None:
        self.image = image
        super().__init__(f"The image already exists in this workspace, image ID: {image.id}")


class GroupHoldsGroups(Refused):
    """Images or regions were to be added to a group that contains groups."""

    def __init__(self, group: Group) -> None:
        super().__init__(
            f"“{group}” contains groups, so it cannot contain images or regions too. Add them to "
            "one of its subgroups."
        )


class GroupHoldsImages(Refused):
    """Groups were to be added to a group that contains images or regions."""

    def __init__(self, group: Group) -> None:
        super().__init__(
            f"“{group}” contains images or regions, so it cannot contain groups too. Remove them "
            "first, or create another group for the groups."
        )


class NestingWouldCycle(Refused):
    """A group would contain itself, directly or through subgroups."""

    def __init__(self, group: Group, child: Group) -> None:
        super().__init__(f"“{child}” cannot go into “{group}”: a group cannot contain itself.")


class AlreadyInExclusiveType(Refused):
    """A member is already in another group, `group`, of an exclusive type.

    `into` is the group that it was to be added to.
    """

    def __init__(self, member: Image | Region, group: Group, into: Group | None = None) -> None:
        self.member, self.group, self.into = member, group, into
        noun = "image" if isinstance(member, Image) else "region"
        super().__init__(
            f"{noun.capitalize()} {member.id} is already in the group “{group}” ({group.id}), and "
            f"the type “{group.similarity_type}” allows one group for each {noun}. Remove it from "
            "that group first."
        )


class TypeHasGroups(Refused):
    """A type was to be deleted while it still has groups."""

    def __init__(self, similarity_type: SimilarityType, count: int) -> None:
        self.similarity_type, self.count = similarity_type, count
        groups = counted(count, "group")
        super().__init__(
            f"“{similarity_type}” still has {groups}. Delete them first, or delete the type with "
            "force=true: its groups are deleted and their images stay."
        )


class InSeveralGroups(Refused):
    """A type was to become exclusive while members are in more than one of its groups."""

    def __init__(self, noun: str, member_id: UUID, count: int) -> None:
        self.member_id, self.count = member_id, count
        many = counted(count, f"{noun} is", f"{noun}s are")
        super().__init__(
            f"{many} in more than one group of this type, for example {member_id}. Keep each in "
            "one group first."
        )


class LabelInUse(Refused):
    """A label was to be deleted while regions have it."""

    def __init__(self, label: Label, count: int) -> None:
        self.label, self.count = label, count
        objects = counted(count, "region has", "regions have")
        super().__init__(
            f"{objects} the label “{label}”. Give them another label first, or delete the label "
            "with force=true: its regions are deleted and their images stay."
        )


class DefaultLabelStays(Refused):
    """The default label of a workspace was to be changed or deleted."""

    def __init__(self, label: Label) -> None:
        self.label = label
        super().__init__(
            f"Every workspace has a label named “{label}”, so it cannot be changed or deleted. "
            "Create another label instead."
        )


class BoxOutside(Refused):
    """A box has no area or does not lie inside its image."""

    def __init__(self, box: tuple[int, int, int, int], image: Image) -> None:
        self.box, self.image = box, image
        super().__init__(
            f"The box [{', '.join(str(value)[:20] for value in box)}] must have an area and lie "
            f"inside the image: xmin < xmax from 0 to {image.width}, ymin < ymax from 0 to "
            f"{image.height}."
        )


class NotReady(Refused):
    """A training was requested with too little data; `reasons` has a sentence for each type."""

    def __init__(self, reasons: list[str]) -> None:
        self.reasons = reasons
        super().__init__(" ".join(reasons))


class TrainingAlreadyRunning(Refused):
    """The task is already training a version; only one is trained at a time."""

    def __init__(self, version: Version) -> None:
        self.version = version
        super().__init__(
            f"Version {version.number} of this task is being trained (model {version.id}). Wait "
            "for it, or cancel it."
        )


class NotTrained(Refused):
    """A descriptor was requested of a task that has no trained version."""

    def __init__(self) -> None:
        super().__init__("This task has no trained version yet. Train it first.")


class ModelUnusable(NotTrained):
    """The files of a version or its encoder are missing, damaged or of an unsupported format."""

    def __init__(self, name: str, reason: str) -> None:
        Refused.__init__(self, f"{name} cannot compute embeddings: {reason}")


class NotReproducible(Refused):
    """Data that a version was trained on no longer exists."""

    def __init__(self, version: Version, reason: str) -> None:
        super().__init__(f"{version} cannot be trained again: {reason}")


class NoSuchVersion(Refused):
    """The task has no trained version with that number."""

    def __init__(self, number: int) -> None:
        super().__init__(f"This task has no trained version {number}.")


class UsedByCollections(Refused):
    """A task or a version was to be deleted while collections use its embeddings."""

    def __init__(self, what: str, collections: Sequence[Collection]) -> None:
        self.collections = collections
        named = ", ".join(f"“{one}”" for one in collections[:5])
        more = f" and {len(collections) - 5} more" if len(collections) > 5 else ""
        noun = either(len(collections), "the collection", "the collections")
        super().__init__(
            f"“{what}” cannot be deleted while {noun} {named}{more} "
            f"{either(len(collections), 'is', 'are')} described by it. "
            f"Delete {either(len(collections), 'it', 'them')} first."
        )


class AlreadyFilling(Refused):
    """Images are already being added to the collection; one job does so at a time."""

    def __init__(self) -> None:
        super().__init__("Images are already being added to this collection. Wait for that job.")


class CollectionFull(Refused):
    """The collection has reached the limit of records."""

    def __init__(self, collection: Collection) -> None:
        super().__init__(
            f"“{collection}” is full. Delete records that you no longer need, or create another "
            "collection."
        )


class NotProducible(Refused):
    """A version that is not trained was to become the production version."""

    def __init__(self, version: Version) -> None:
        self.version = version
        super().__init__(
            f"Version {version.number} is {version.get_status_display().lower()}. Only a trained "
            "version can be the production version."
        )


class DemoGoes(Refused):
    """The demo was to be loaded while it is being removed."""

    def __init__(self) -> None:
        super().__init__("The demo is being removed. Load it again when that is done.")


class DemoIsGone(Refused):
    """The demo was to be removed but is not loaded."""

    def __init__(self) -> None:
        super().__init__("The demo is no longer in this workspace. Nothing was changed.")


class DemoIsHere(Refused):
    """The demo is already loaded in this workspace."""

    def __init__(self) -> None:
        super().__init__("The demo is already loaded, or being loaded.")


class FilterGone(Refused):
    """A stored filter refers to a group or a type that was deleted."""

    def __init__(self) -> None:
        super().__init__(
            "A group or a type that these images were selected by was deleted. Select them again."
        )


class AlreadyFinished(Refused):
    """A job that has ended cannot be cancelled."""

    def __init__(self) -> None:
        super().__init__("This job has already ended.")


class EncoderRefused(Refused):
    """An ONNX graph cannot be used as an encoder, or cannot be used yet."""


class EncoderExists(Refused):
    """The same graph is already registered with the same preprocessing."""

    def __init__(self, encoder: Encoder) -> None:
        self.encoder = encoder
        super().__init__(f"This encoder is already registered as “{encoder}”.")


class EncoderInUse(Refused):
    """An encoder was to be deleted while versions, tasks or workspaces use it."""

    def __init__(self, encoder: Encoder, *, tasks: int, versions: int, workspaces: int) -> None:
        super().__init__(
            f"“{encoder}” is used by {counted(tasks, 'task')}, {counted(versions, 'version')} and "
            f"the search of {counted(workspaces, 'workspace')}. Delete the versions first, and "
            "choose another encoder for the tasks and workspaces."
        )


class StillUnderWay(Refused):
    """A job that has not ended cannot be retried."""

    def __init__(self) -> None:
        super().__init__("This is still running. Wait for it, or cancel it first.")


class NothingToRetry(Refused):
    """The job has no failed work left, or it was already retried."""

    def __init__(self) -> None:
        super().__init__(
            "There is nothing left to retry: it is done, somebody has retried it already, or the "
            "files were uploaded more than a day ago."
        )


class CollectionTooLarge(Refused):
    """A collection of an archive has more records than this server's limit."""

    def __init__(self, limit: int) -> None:
        super().__init__(
            f"A collection of the archive has more than {limit:,} records, the limit of this "
            "server. Nothing was imported. Raise LIKEWISE_MAX_COLLECTION, then try again."
        )
