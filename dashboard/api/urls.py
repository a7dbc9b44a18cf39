"""List the URLs of the API, each with and without a trailing slash, so that none redirects."""

from collections.abc import Callable

from django.http import HttpResponseBase
from django.urls import URLPattern, path, re_path, register_converter
from django.urls.converters import UUIDConverter

from dashboard.api import absent, documents
from dashboard.api.base import ApiView
from dashboard.api.library import groups, images, labels, regions, similarity_types, verifications
from dashboard.api.requests import async_requests
from dashboard.api.search import collections, record_search, records, search
from dashboard.api.training import descriptors, tasks, versions
from dashboard.api.uploads import receiving
from dashboard.api.workspaces import users, workspaces

SIMILARITY = "similarity/training/v2/"
RECOGNITION = "recognition/v2/"
DETECTION = "detection/v2/"
ANNOTATE = "annotate/v2/"
CUSTOM = "similarity/custom/v2/"
ACCOUNT = "account/v2/"

View = Callable[..., HttpResponseBase]


class AnyCaseUUID(UUIDConverter):
    """An id in lower or upper case."""

    # Django's own accepts only lower case, and some languages write ids in upper case.
    regex = UUIDConverter.regex.replace("a-f", "a-fA-F")


register_converter(AnyCaseUUID, "id")


def call(address: str, view: View, name: str) -> list[URLPattern]:
    """Return a route with two spellings: `reverse` returns the one without the slash."""
    return [
        path(f"{address}/", view, name=f"api-{name}"),
        path(address, view, name=f"api-{name}"),
    ]


def both(address: str, view: View, name: str) -> list[URLPattern]:
    """Return the two routes of a call that the hosted service has at two paths."""
    return [
        *call(SIMILARITY + address, view, name),
        *call(RECOGNITION + address, view, f"{name}-alias"),
    ]


def members(of: str, view: type[ApiView]) -> list[URLPattern]:
    """Return the routes that add members to a group and remove them."""
    address = "group/<id:group_id>"
    return [
        *both(f"{address}/add-{of}", view.as_view(), f"group-add-{of}"),
        *both(f"{address}/remove-{of}", view.as_view(adds=False), f"group-remove-{of}"),
    ]


urlpatterns = [
    *call(SIMILARITY + "type", similarity_types.Types.as_view(), "types"),
    *call(SIMILARITY + "type/<id:type_id>", similarity_types.OneType.as_view(), "type"),
    *call(SIMILARITY + "task", tasks.Tasks.as_view(), "tasks"),
    *call(SIMILARITY + "task/<id:task_id>", tasks.OneTask.as_view(), "task"),
    *call(SIMILARITY + "task/<id:task_id>/add-type", tasks.TaskTypes.as_view(), "task-add-type"),
    *call(
        SIMILARITY + "task/<id:task_id>/remove-type",
        tasks.TaskTypes.as_view(adds=False),
        "task-remove-type",
    ),
    *call(SIMILARITY + "task/<id:task_id>/train", tasks.TaskTraining.as_view(), "task-train"),
    *both("model", versions.Versions.as_view(), "versions"),
    *both("model/<id:version_id>", versions.OneVersion.as_view(), "version"),
    *both("group", groups.Groups.as_view(), "groups"),
    *both("group/<id:group_id>", groups.OneGroup.as_view(), "group"),
    *both("group/update", groups.GroupsMarks.as_view(), "groups-update"),
    *members("images", groups.GroupImages),
    *members("objects", groups.GroupRegions),
    *members("groups", groups.GroupGroups),
    *call(SIMILARITY + "descriptor", descriptors.Descriptors.as_view(), "descriptor"),
    *call(SIMILARITY + "search", search.ImageSearch.as_view(), "search"),
    *call(RECOGNITION + "training-image", images.Images.as_view(), "images"),
    *call(RECOGNITION + "training-image/<id:image_id>", images.OneImage.as_view(), "image"),
    *call(RECOGNITION + "training-image/update", images.ImagesMarks.as_view(), "images-update"),
    *call(DETECTION + "label", labels.Labels.as_view(), "labels"),
    *call(DETECTION + "label/<id:label_id>", labels.OneLabel.as_view(), "label"),
    *call(DETECTION + "object", regions.Regions.as_view(), "objects"),
    *call(DETECTION + "object/<id:region_id>", regions.OneRegion.as_view(), "object"),
    *call(
        ANNOTATE + "similarity-verification",
        verifications.GroupVerifications.as_view(),
        "group-verifications",
    ),
    *call(
        ANNOTATE + "similarity-verification/<id:verification_id>",
        verifications.OneGroupVerification.as_view(),
        "group-verification",
    ),
    *call(
        ANNOTATE + "verification", verifications.ImageVerifications.as_view(), "image-verifications"
    ),
    *call(
        ANNOTATE + "verification/<id:verification_id>",
        verifications.OneImageVerification.as_view(),
        "image-verification",
    ),
    *call(ACCOUNT + "user", users.CurrentUser.as_view(), "user"),
    *call(ACCOUNT + "workspace", workspaces.Workspaces.as_view(), "workspaces"),
    *call(ACCOUNT + "workspace/<id:workspace_id>", workspaces.OneWorkspace.as_view(), "workspace"),
    *call(ACCOUNT + "request", async_requests.AsyncRequests.as_view(), "requests"),
    *call(ACCOUNT + "request/<id:request_id>", async_requests.OneAsyncRequest.as_view(), "request"),
    *call(
        ACCOUNT + "request/<id:request_id>/status",
        async_requests.AsyncRequestStatus.as_view(),
        "request-status",
    ),
    *call(ACCOUNT + "upload", receiving.Uploads.as_view(), "uploads"),
    *call(ACCOUNT + "upload/<id:upload_id>", receiving.OneUpload.as_view(), "upload"),
    *call(ACCOUNT + "upload/<id:upload_id>/part", receiving.UploadParts.as_view(), "upload-parts"),
    *call(
        ACCOUNT + "upload/<id:upload_id>/part/<int:part_id>",
        receiving.OneUploadPart.as_view(),
        "upload-part",
    ),
    *call(
        ACCOUNT + "upload/<id:upload_id>/finish", receiving.UploadFinish.as_view(), "upload-finish"
    ),
    *call(
        ACCOUNT + "upload/<id:upload_id>/commit", receiving.UploadCommit.as_view(), "upload-commit"
    ),
    *call("authorization/v2/authorize", users.Authorization.as_view(), "authorize"),
    *call(ACCOUNT + "collection", collections.Collections.as_view(), "collections"),
    *call(
        ACCOUNT + "collection/<id:collection_id>",
        collections.OneCollection.as_view(),
        "collection",
    ),
    *call(CUSTOM + "insert", records.Insert.as_view(), "records-insert"),
    *call(CUSTOM + "get", records.Get.as_view(), "records-get"),
    *call(CUSTOM + "update", records.Update.as_view(), "records-update"),
    *call(CUSTOM + "delete", records.Delete.as_view(), "records-delete"),
    *call(CUSTOM + "deleteByFilter", records.DeleteByFilter.as_view(), "records-delete-by-filter"),
    *call(CUSTOM + "allRecords", records.AllRecords.as_view(), "records-all"),
    *call(CUSTOM + "random", records.Random.as_view(), "records-random"),
    *call(CUSTOM + "ping", records.Ping.as_view(), "records-ping"),
    *call(CUSTOM + "visualKNN", record_search.VisualKNN.as_view(), "records-visual-knn"),
    *call(CUSTOM + "visualRange", record_search.VisualRange.as_view(), "records-visual-range"),
    *call(CUSTOM + "visualRankRecords", record_search.VisualRank.as_view(), "records-visual-rank"),
    path("api/schema", documents.Schema.as_view(), name="schema"),
    re_path(
        # Last: any URL without a route above, as JSON and not as the page of the dashboard.
        "^(similarity|recognition|detection|annotate|authorization|account/v2)(/|$)",
        absent.Absent.as_view(),
        name="api-unknown",
    ),
]
