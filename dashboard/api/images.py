"""`/recognition/v2/training-image`."""

import base64
import binascii
from typing import Any
from uuid import UUID

from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.response import Response

from dashboard.api.base import ApiView
from dashboard.api.permissions import workspace_for
from dashboard.api.shapes import NewImageFields, images_json
from dashboard.files.fetch import fetch_image
from dashboard.models import Image
from dashboard.queries.images import images_in
from dashboard.services.images import add_image


class Images(ApiView):
    """The images of a workspace."""

    def get(self, request: Request) -> Response:
        """List them."""
        rows = images_in(workspace_for(request, "workspace.view"))
        return self.answer_list(rows, lambda page: images_json(page, request))

    def post(self, request: Request) -> Response:
        """Add one, as base64, by its address, or as a file."""
        workspace = workspace_for(request, "images.add")
        values = self.read(NewImageFields)
        data, file_name = _bytes(values)
        image = add_image(
            workspace=workspace,
            data=data,
            file_name=file_name,
            meta_data=values.get("meta_data"),
            test_image=values["test_image"],
            real=values["real"],
            resize=not values["noresize"],
            actor=self.user,
        )
        return Response(images_json([image], request)[0], status=201)


class OneImage(ApiView):
    """One image."""

    def get(self, request: Request, image_id: UUID) -> Response:
        """Read it."""
        row = self.find(Image.objects.all().present(), image_id, "workspace.view")
        return Response(images_json([row], request)[0])


def _bytes(values: dict[str, Any]) -> tuple[bytes, str]:
    """Return the picture's bytes and the file's name, whichever way it was sent."""
    if values.get("img_path") is not None:
        file = values["img_path"]
        return file.read(), file.name
    if values.get("base64"):
        return decode_base64(values["base64"]), ""
    if values.get("url"):
        return fetch_image(values["url"]), values["url"].split("?")[0].rsplit("/", 1)[-1]
    raise ValidationError({"detail": "Send the image as base64, url, or a file named img_path."})


def decode_base64(text: str) -> bytes:
    """Decode base64, bare or with a `data:image/…;base64,` head. Raises `ValidationError`."""
    if text.startswith("data:"):
        text = text.partition(",")[2]
    try:
        return base64.b64decode("".join(text.split()), validate=True)
    except (binascii.Error, ValueError) as error:
        raise ValidationError({"base64": ["This is not valid base64."]}) from error
