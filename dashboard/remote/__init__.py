"""Call a server with the API of Likewise or of the hosted service.

This is a standalone library: it imports neither Django nor Celery nor any model.

    from dashboard.remote import Server

    with Server("https://likewise.example", token) as server:
        for group in server.iterate_groups():
            print(group.name, group.images_count)
"""

from dashboard.remote.accounts import Account, AccountWorkspace, Workspace
from dashboard.remote.calls import Changed
from dashboard.remote.collections import Collection
from dashboard.remote.descriptors import Descriptor, Source
from dashboard.remote.downloads import Downloaded
from dashboard.remote.errors import (
    BadAnswer,
    Forbidden,
    ForbiddenAddress,
    NotFound,
    OutcomeUnknown,
    RateLimited,
    Refused,
    RemoteError,
    TooLarge,
    Unauthorized,
    Unavailable,
)
from dashboard.remote.groups import Group, GroupMembers
from dashboard.remote.images import Image, ImageGroup, Uploaded
from dashboard.remote.labels import Label
from dashboard.remote.limits import Limits
from dashboard.remote.regions import Box, Region
from dashboard.remote.server import Server
from dashboard.remote.similarity_types import SimilarityType
from dashboard.remote.tasks import Task
from dashboard.remote.versions import Version

__all__ = [
    "Account",
    "AccountWorkspace",
    "BadAnswer",
    "Box",
    "Changed",
    "Collection",
    "Descriptor",
    "Downloaded",
    "Forbidden",
    "ForbiddenAddress",
    "Group",
    "GroupMembers",
    "Image",
    "ImageGroup",
    "Label",
    "Limits",
    "NotFound",
    "OutcomeUnknown",
    "RateLimited",
    "Refused",
    "Region",
    "RemoteError",
    "Server",
    "SimilarityType",
    "Source",
    "Task",
    "TooLarge",
    "Unauthorized",
    "Unavailable",
    "Uploaded",
    "Version",
    "Workspace",
]
