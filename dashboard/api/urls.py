"""The addresses of the API, each with and without a slash at its end."""

from typing import Any

from django.urls import URLPattern, re_path
from rest_framework.exceptions import NotFound
from rest_framework.request import Request
from rest_framework.response import Response

from dashboard.api import descriptors, groups, images, similarity_types, tasks, versions
from dashboard.api.base import ApiView

SIMILARITY = "similarity/training/v2/"
RECOGNITION = "recognition/v2/"


class Unknown(ApiView):
    """Whatever else is asked for under the API's addresses."""

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        """Say in JSON that it is not here, whatever the method."""
        super().initial(request, *args, **kwargs)
        raise NotFound("This call is not part of Likewise.")

    def get(self, request: Request) -> Response:  # noqa: ARG002
        """Never reached: `initial` has refused."""
        return Response()


def call(address: str, view: Any, name: str) -> URLPattern:
    """Make a route; `<x_id>` in the address stands for a UUID, the last slash may be missing."""
    pattern = address.replace("<", "(?P<").replace(">", ">[0-9a-fA-F-]{36})")
    return re_path(f"^{pattern}/?$", view, name=f"api-{name}")


def both(address: str, view: Any, name: str) -> list[URLPattern]:
    """Make the two routes of what the hosted service answers at two places."""
    return [
        call(SIMILARITY + address, view, name),
        call(RECOGNITION + address, view, f"{name}-alias"),
    ]


urlpatterns = [
    call(SIMILARITY + "type", similarity_types.Types.as_view(), "types"),
    call(SIMILARITY + "type/<type_id>", similarity_types.Type.as_view(), "type"),
    call(SIMILARITY + "task", tasks.Tasks.as_view(), "tasks"),
    call(SIMILARITY + "task/<task_id>", tasks.OneTask.as_view(), "task"),
    call(SIMILARITY + "task/<task_id>/add-type", tasks.TaskTypes.as_view(), "task-add-type"),
    call(
        SIMILARITY + "task/<task_id>/remove-type",
        tasks.TaskTypes.as_view(adds=False),
        "task-remove-type",
    ),
    call(SIMILARITY + "task/<task_id>/train", tasks.TaskTraining.as_view(), "task-train"),
    *both("model", versions.Versions.as_view(), "versions"),
    *both("model/<version_id>", versions.OneVersion.as_view(), "version"),
    *both("group", groups.Groups.as_view(), "groups"),
    *both("group/<group_id>", groups.OneGroup.as_view(), "group"),
    *both("group/<group_id>/add-images", groups.GroupImages.as_view(), "group-add-images"),
    *both(
        "group/<group_id>/remove-images",
        groups.GroupImages.as_view(adds=False),
        "group-remove-images",
    ),
    call(SIMILARITY + "descriptor", descriptors.Descriptors.as_view(), "descriptor"),
    call(RECOGNITION + "training-image", images.Images.as_view(), "images"),
    call(RECOGNITION + "training-image/<image_id>", images.OneImage.as_view(), "image"),
    re_path("^(similarity|recognition|detection|annotate|authorization)/", Unknown.as_view()),
    re_path("^account/v2/", Unknown.as_view()),
]
