"""The addresses of the API, each with and without a slash at its end, so that none redirects."""

from collections.abc import Callable
from typing import Any

from django.http import HttpResponseBase
from django.urls import URLPattern, path, re_path, register_converter
from django.urls.converters import UUIDConverter
from rest_framework.exceptions import NotFound
from rest_framework.request import Request

from dashboard.api import (
    async_requests,
    descriptors,
    groups,
    images,
    similarity_types,
    tasks,
    users,
    versions,
    workspaces,
)
from dashboard.api.base import ApiView

SIMILARITY = "similarity/training/v2/"
RECOGNITION = "recognition/v2/"
ACCOUNT = "account/v2/"

View = Callable[..., HttpResponseBase]


class AnyCaseUUID(UUIDConverter):
    """An id, also one that somebody wrote in capitals."""

    regex = UUIDConverter.regex.replace("a-f", "a-fA-F")


register_converter(AnyCaseUUID, "id")


class Unknown(ApiView):
    """Whatever else is asked for under the API's addresses."""

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        """Say in JSON that it is not here, whatever the method."""
        super().initial(request, *args, **kwargs)
        raise NotFound("This call is not part of Likewise.")


def call(address: str, view: View, name: str) -> list[URLPattern]:
    """Make a route of two spellings: `reverse` gives the first, without the slash."""
    return [
        path(f"{address}/", view, name=f"api-{name}"),
        path(address, view, name=f"api-{name}"),
    ]


def both(address: str, view: View, name: str) -> list[URLPattern]:
    """Make the two routes of what the hosted service answers at two places."""
    return [
        *call(SIMILARITY + address, view, name),
        *call(RECOGNITION + address, view, f"{name}-alias"),
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
    *both("group/<id:group_id>/add-images", groups.GroupImages.as_view(), "group-add-images"),
    *both(
        "group/<id:group_id>/remove-images",
        groups.GroupImages.as_view(adds=False),
        "group-remove-images",
    ),
    *call(SIMILARITY + "descriptor", descriptors.Descriptors.as_view(), "descriptor"),
    *call(RECOGNITION + "training-image", images.Images.as_view(), "images"),
    *call(RECOGNITION + "training-image/<id:image_id>", images.OneImage.as_view(), "image"),
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
    *call("authorization/v2/authorize", users.Authorization.as_view(), "authorize"),
    re_path(
        "^(similarity|recognition|detection|annotate|authorization|account/v2)(/|$)",
        Unknown.as_view(),
        name="api-unknown",
    ),
]
