"""Define the tables of the platform, one file per noun."""

from dashboard.models.async_requests import AsyncRecord, AsyncRequest
from dashboard.models.collections import Collection, Fill, Record
from dashboard.models.connections import Connection, ConnectionToken
from dashboard.models.encoders import Encoder
from dashboard.models.extractions import Extraction, SentFeature
from dashboard.models.features import Feature, RegionFeature
from dashboard.models.groups import Group, GroupImage, GroupNesting, GroupRegion
from dashboard.models.images import Image
from dashboard.models.jobs import Job, WorkerSign
from dashboard.models.labels import DEFAULT_LABEL, Label
from dashboard.models.links import Link, Outgoing, Twin, TwinMember
from dashboard.models.regions import Region
from dashboard.models.similarity_types import SimilarityType
from dashboard.models.tasks import Task, TaskType
from dashboard.models.transfers import Imported, Transfer
from dashboard.models.uploads import (
    Upload,
    UploadChunk,
    UploadFile,
    UploadGroup,
    UploadPart,
    UploadType,
)
from dashboard.models.usage import Usage
from dashboard.models.verifications import Verification
from dashboard.models.versions import Version
from dashboard.models.webhooks import Delivery, Webhook

__all__ = [
    "DEFAULT_LABEL",
    "AsyncRecord",
    "AsyncRequest",
    "Collection",
    "Connection",
    "ConnectionToken",
    "Delivery",
    "Encoder",
    "Extraction",
    "Feature",
    "Fill",
    "Group",
    "GroupImage",
    "GroupNesting",
    "GroupRegion",
    "Image",
    "Imported",
    "Job",
    "Label",
    "Link",
    "Outgoing",
    "Record",
    "Region",
    "RegionFeature",
    "SentFeature",
    "SimilarityType",
    "Task",
    "TaskType",
    "Transfer",
    "Twin",
    "TwinMember",
    "Upload",
    "UploadChunk",
    "UploadFile",
    "UploadGroup",
    "UploadPart",
    "UploadType",
    "Usage",
    "Verification",
    "Version",
    "Webhook",
    "WorkerSign",
]
