"""Serve `/recognition/v2/training-image`."""

from collections.abc import Callable
from functools import partial
from typing import Any
from uuid import UUID

from rest_framework.exceptions import NotFound, ValidationError
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.models import Workspace
from dashboard.api.absent import NO_LABELS
from dashboard.api.base import ApiView
from dashboard.api.bodies import RECORDS, body_of
from dashboard.api.lists import Listing
from dashboard.api.parameters import an_id, asked, conditions, flag, number
from dashboard.api.permissions import workspace_for
from dashboard.api.shapes import ImageFields, ImageMarks, NewImageFields, images_json
from dashboard.files.fetch.fetch import fetch_image, last_segment
from dashboard.models import Image
from dashboard.models.images import ImageQuerySet
from dashboard.queries.library.groups import count_in_group
from dashboard.queries.library.image_tiles import without_group
from dashboard.queries.library.images import get_image, images_in, images_of_type, images_with_label
from dashboard.queries.library.similarity_types import types_in
from dashboard.services.library.images import add_image, change_image, delete_images, mark_images

FACTS = ("meta_data", "test_image", "real")
FILTERS = {
    "test": (flag, "test_image"),
    "real": (flag, "real"),
    "group": (an_id, "group_rows__group"),
    "verified": (number, "verify_count__gte"),
}
FILTERS_OF_THEIR_OWN = ("type", "ungrouped", "detection_labels", "labels")


class Images(ApiView):
    """The images of a workspace."""

    needs_room = True
    body_limit = RECORDS

    def get(self, request: Request) -> Response:
        """List those that match the query."""
        workspace = workspace_for(request, "workspace.view")
        rows = _asked_for(request, workspace)
        listing = Listing(
            rows,
            lambda page: images_json(page, request),
            name="file_name",
            counter=_counter(request, workspace),
        )
        return Response(listing.answer(request))

    def post(self, request: Request) -> Response:
        """Add one, as base64, by its URL, or as a file."""
        workspace = workspace_for(request, "images.add")
        values = self.read(NewImageFields)
        data, file_name = _bytes(values)
        facts = {name: values[name] for name in FACTS if name in values}
        image = add_image(
            workspace=workspace,
            data=data,
            file_name=file_name,
            resize=not values["noresize"],
            **facts,
            actor=self.user,
        )
        return Response(images_json([image], request)[0], status=201)


class ImagesMarks(ApiView):
    """The marks of many images at once."""

    def post(self, request: Request) -> Response:
        """Set or remove marks, of all or of none."""
        workspace = workspace_for(request, "images.change")
        # A change or choice by labels must not seem to have worked.
        body = body_of(request)
        # The whole call is refused, though its other parts could be done: it was meant as one
        # change.
        if any(body.get(name) for name in ("labels", "labels-add", "labels-remove")):
            raise NotFound(NO_LABELS)
        values = self.read(ImageMarks)
        updated = mark_images(
            workspace=workspace, ids=values["images"], marks=values["marks"], actor=self.user
        )
        return Response({"updated": updated})


class OneImage(ApiView):
    """One image."""

    def get(self, request: Request, image_id: UUID) -> Response:
        """Return it."""
        return Response(images_json([self._find(image_id, "workspace.view")], request)[0])

    def patch(self, request: Request, image_id: UUID) -> Response:
        """Change the given fields."""
        image = self._find(image_id, "images.change")
        if changes := self.read(ImageFields, partial=True):
            image = change_image(image=image, changes=changes, actor=self.user)
        return Response(images_json([image], request)[0])

    put = patch

    def delete(self, request: Request, image_id: UUID) -> Response:  # noqa: ARG002
        """Delete it; an upload of the same bytes restores it."""
        image = self._find(image_id, "images.delete")
        delete_images(workspace=image.workspace, ids=[image.id], actor=self.user)
        return Response(status=204)

    def _find(self, image_id: UUID, action: str) -> Image:
        return self.find(Image, get_image, image_id, action)


def _asked_for(request: Request, workspace: Workspace) -> ImageQuerySet:
    rows = images_in(workspace).filter(conditions(request, FILTERS))
    if (type_id := an_id(request, "type")) is not None:
        rows = images_of_type(rows, type_id)
    if (type_id := an_id(request, "ungrouped")) is not None:
        kind = types_in(workspace).filter(pk=type_id).first()
        rows = rows.none() if kind is None else without_group(rows, kind)
    if (label_id := an_id(request, "detection_labels")) is not None:
        rows = images_with_label(rows, label_id)
    # No image has a recognition label, so none has the requested one.
    return rows if an_id(request, "labels") is None else rows.none()


def _counter(request: Request, workspace: Workspace) -> Callable[[], int] | None:
    """Return the counter that has the number of matching images, or None."""
    given = asked(request, (*FILTERS, *FILTERS_OF_THEIR_OWN))
    # A group's counter covers only its images; with any other filter they must be counted.
    if given.keys() != {"group"}:
        return None
    return partial(count_in_group, workspace, UUID(given["group"]), "images_count")


def _bytes(values: dict[str, Any]) -> tuple[bytes, str]:
    """Return the image's bytes and the file's name, however it was sent."""
    if (file := values.get("img_path")) is not None:
        return file.read(), file.name
    if values.get("base64"):
        return values["base64"], ""
    if url := values.get("url"):
        return fetch_image(url), last_segment(url)
    raise ValidationError({"detail": "Send the image as base64, url, or a file named img_path."})
