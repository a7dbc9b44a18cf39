"""Define the name of every stored file: relative, with `/`, each workspace in its own folder.

Two hex digits of the id make 256 folders, so that none becomes too long to list.
"""

import re
from typing import Final
from uuid import UUID

from dashboard.files.errors import UnsafePath

_PLAIN_NAME: Final = re.compile(r"[^/\\\x00-\x1f\x7f]{1,200}")
_EXTENSION: Final = re.compile(r"[a-z0-9]{1,8}")


def workspace(workspace_id: UUID) -> str:
    """Return the folder of all files of a workspace."""
    return str(workspace_id)


def image(workspace_id: UUID, image_id: UUID, extension: str) -> str:
    """Return the name of a stored image. Raises UnsafePath."""
    if not _EXTENSION.fullmatch(extension):
        raise UnsafePath(extension)
    return f"{workspace_id}/images/{_shard(image_id)}/{image_id}.{extension}"


def thumbnail(workspace_id: UUID, image_id: UUID) -> str:
    """Return the name of a thumbnail."""
    return f"{workspace_id}/thumbnails/{_shard(image_id)}/{image_id}.jpg"


def upload(workspace_id: UUID, upload_id: UUID) -> str:
    """Return the folder with the files of one upload until they are imported."""
    return f"{workspace_id}/uploads/{_shard(upload_id)}/{upload_id}"


def upload_part(workspace_id: UUID, upload_id: UUID, name: str) -> str:
    """Return the name of one file of an upload. Raises UnsafePath."""
    return f"{upload(workspace_id, upload_id)}/{plain_name(name)}"


def upload_chunk(part: str, start: int, key: str) -> str:
    """Return the name of a chunk of a part; each attempt has its own `key`, so none collide."""
    return f"{part}/{start:014d}-{plain_name(key)}"


def version(workspace_id: UUID, task_id: UUID, number: int) -> str:
    """Return the folder of a trained version."""
    return f"{workspace_id}/versions/{task_id}/{number}"


def encoder(key: str) -> str:
    """Return the folder of a registered encoder; it belongs to no workspace. Raises UnsafePath."""
    return f"encoders/{plain_name(key)}"


def extraction(workspace_id: UUID, extraction_id: UUID, extension: str) -> str:
    """Return the name of an extraction's result. Raises UnsafePath."""
    if not _EXTENSION.fullmatch(extension):
        raise UnsafePath(extension)
    return f"{workspace_id}/extractions/{_shard(extraction_id)}/{extraction_id}.{extension}"


def transfer(workspace_id: UUID, transfer_id: UUID) -> str:
    """Return the name of the archive of an exported workspace."""
    return f"{workspace_id}/transfers/{_shard(transfer_id)}/{transfer_id}.zip"


def async_pictures(workspace_id: UUID, request_id: UUID) -> str:
    """Return the name of the file with all images of an asynchronous request."""
    return f"{workspace_id}/requests/{_shard(request_id)}/{request_id}"


def queries(workspace_id: UUID | None = None) -> str:
    """Return the folder of the query images, of a workspace or of all.

    All of them are in one folder, so that one short listing finds those that have expired.
    """
    return "queries" if workspace_id is None else f"queries/{workspace_id}"


def query(workspace_id: UUID, key: str) -> str:
    """Return the name of a query image. Raises UnsafePath."""
    return f"{queries(workspace_id)}/{plain_name(key)}"


def plain_name(name: str) -> str:
    """Return the name if it is a plain file name. Raises UnsafePath."""
    if not _PLAIN_NAME.fullmatch(name) or name.startswith("."):
        raise UnsafePath(name)
    return name


def _shard(some_id: UUID) -> str:
    return some_id.hex[:2]
