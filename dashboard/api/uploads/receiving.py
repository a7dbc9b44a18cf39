"""Serve `/account/v2/upload`: resumable uploads by tus; our addition to the contract."""

from typing import Any
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from rest_framework import serializers
from rest_framework.exceptions import ValidationError
from rest_framework.parsers import BaseParser
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.models import Workspace
from dashboard import tus
from dashboard.api.base import ApiView
from dashboard.api.fields import Flag, Id, OptionalText
from dashboard.api.permissions import allow, workspace_for
from dashboard.models import SimilarityType, Upload, UploadPart
from dashboard.queries.library.similarity_types import types_in
from dashboard.queries.uploads.receiving import action_of, expires, find_receiving, get_part, totals
from dashboard.queries.uploads.uploads import counts
from dashboard.services.uploads.receiving import discard_upload, open_upload
from dashboard.services.uploads.receiving_end import finish_upload
from dashboard.services.uploads.uploads import commit_upload

Json = dict[str, Any]


class UploadFields(serializers.Serializer[Any]):
    """A new upload."""

    name = serializers.CharField(max_length=255)
    type = Id(required=False)
    new_type = OptionalText(max_length=255)
    auto_commit = Flag(required=False)


class FinishFields(serializers.Serializer[Any]):
    """What to do with incomplete files."""

    leave_out = Flag(required=False)


class Uploads(ApiView):
    """The uploads of a workspace."""

    def post(self, request: Request) -> Response:
        """Begin one; its files are sent to `part`."""
        workspace = workspace_for(request, "images.add")
        values = self.read(UploadFields)
        similarity_type = _type_in(workspace, values.get("type"))
        if similarity_type and values.get("new_type"):
            raise ValidationError({"new_type": ["Send type or new_type, not both."]})
        upload = open_upload(
            workspace=workspace,
            name=values["name"],
            similarity_type=similarity_type,
            new_type_name=values.get("new_type") or "",
            auto_commit=bool(values.get("auto_commit")),
            actor=self.user,
        )
        return Response(upload_json(upload), status=201)


class UploadView(ApiView):
    """A call about one upload."""

    def upload(self, upload_id: UUID, action: str = "") -> Upload:
        """Return it if the token's user may do the action, by default that of sending to it."""
        found = self.find(Upload, find_receiving, upload_id, "workspace.view")
        # Found with the lowest permission, then checked again: what sending needs depends on the
        # purpose.
        allow(self.request, found.workspace_id, action or action_of(found))
        return found


class OneUpload(UploadView):
    """One upload."""

    def get(self, request: Request, upload_id: UUID) -> Response:  # noqa: ARG002
        """Return its progress."""
        return Response(upload_json(self.upload(upload_id, "workspace.view")))

    def delete(self, request: Request, upload_id: UUID) -> Response:  # noqa: ARG002
        """Discard it with its files."""
        discard_upload(upload=self.upload(upload_id), actor=self.user)
        return Response(status=204)


class UploadFinish(UploadView):
    """The end of an upload."""

    def post(self, request: Request, upload_id: UUID) -> Response:  # noqa: ARG002
        """Start its dry run, or the import if it was begun with `auto_commit`."""
        upload = self.upload(upload_id)
        leave_out = bool(self.read(FinishFields).get("leave_out"))
        finish_upload(upload=upload, leave_out=leave_out, actor=self.user)
        # The service may have moved it to a stage that this object does not have.
        upload.refresh_from_db()
        return Response(upload_json(upload), status=202)


class UploadCommit(UploadView):
    """The call that imports an upload after its dry run."""

    def post(self, request: Request, upload_id: UUID) -> Response:  # noqa: ARG002
        """Import it."""
        upload = self.upload(upload_id, "images.add")
        commit_upload(upload=upload, actor=self.user)
        upload.refresh_from_db()
        return Response(upload_json(upload), status=202)


class Unread(BaseParser):
    """Leaves a body unread: tus reads it, after all other checks."""

    media_type = "*/*"

    def parse(self, stream: Any, media_type: Any = None, parser_context: Any = None) -> Json:  # noqa: ARG002
        """Return an empty object."""
        return {}


class TusView(UploadView):
    """A call of the tus protocol, whose clients need no schema."""

    parser_classes = [Unread]
    body_limit = None  # it is that of a part

    def options(self, *_: Any, **__: Any) -> HttpResponse:  # type: ignore[override]
        """Answer with the supported protocol."""
        return tus.options()

    def spoken(self) -> HttpRequest:
        """Return the request as tus reads it."""
        return self.request._request


class UploadParts(TusView):
    """The files of an upload."""

    def post(self, request: Request, upload_id: UUID) -> HttpResponse:  # noqa: ARG002
        """Register one."""
        upload = self.upload(upload_id)

        def address(part: UploadPart) -> str:
            return self.spoken().build_absolute_uri(
                reverse("api-upload-part", args=[upload.id, part.pk])
            )

        return tus.create(self.spoken(), upload=upload, actor=self.user, address=address)


class OneUploadPart(TusView):
    """One file of an upload."""

    def head(self, request: Request, upload_id: UUID, part_id: int) -> HttpResponse:  # noqa: ARG002
        """Return its offset, receive more of it, or remove it."""
        part = get_part(self.upload(upload_id), part_id)
        return tus.resource(self.spoken(), part=part, actor=self.user)

    patch = delete = post = head


def upload_json(upload: Upload) -> Json:
    """Return an upload as JSON: what is received, and the outcome of its files."""
    here = totals(upload)
    return {
        "id": upload.id,
        "name": upload.name,
        "stage": upload.stage,
        "type": upload.similarity_type_id,
        "new_type": upload.new_type_name,
        "auto_commit": upload.auto_commit,
        "parts": {
            "total": here["files"],
            "known": here["known_files"],
            "missing": here["missing_files"],
        },
        "bytes": {"total": here["bytes"] - here["known_bytes"], "received": here["received_bytes"]},
        "files": counts(upload),
        "workspace": upload.workspace_id,
        "created": upload.created,
        "expires": expires(upload),
    }


def _type_in(workspace: Workspace, type_id: UUID | None) -> SimilarityType | None:
    if type_id is None:
        return None
    found: SimilarityType | None = types_in(workspace).filter(pk=type_id).first()
    if found is None:
        raise ValidationError({"type": ["This workspace has no such type."]})
    return found
