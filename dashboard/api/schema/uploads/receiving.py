"""Describe calls about resumable uploads."""

from typing import Any

from rest_framework import serializers

from dashboard.api.schema import examples
from dashboard.api.schema.calls import ACCOUNT, Call, Noun
from dashboard.api.uploads.receiving import FinishFields, UploadFields
from dashboard.models import Upload, UploadFile

# Calls that have no row here, with the reason.
LEFT_OUT = {
    "api-upload-parts": "tus says it all in headers, and its clients know it without a schema",
    "api-upload-part": "tus says it all in headers, and its clients know it without a schema",
}


class UploadPartsAnswer(serializers.Serializer[Any]):
    """The uploaded files: all, those that the workspace had, and the incomplete ones."""

    total = serializers.IntegerField(min_value=0)
    known = serializers.IntegerField(min_value=0)
    missing = serializers.IntegerField(min_value=0)


class UploadBytesAnswer(serializers.Serializer[Any]):
    """The bytes to upload, and those received."""

    total = serializers.IntegerField(min_value=0)
    received = serializers.IntegerField(min_value=0)


class UploadFilesAnswer(serializers.Serializer[Any]):
    """The images of the upload by their outcome."""

    def get_fields(self) -> dict[str, Any]:
        """Return a number for each status."""
        return {name: serializers.IntegerField(min_value=0) for name in UploadFile.Status.values}


class UploadAnswer(serializers.Serializer[Any]):
    """An upload."""

    id = serializers.UUIDField()
    name = serializers.CharField()
    stage = serializers.ChoiceField(Upload.Stage.choices)
    type = serializers.UUIDField(allow_null=True)
    new_type = serializers.CharField(allow_blank=True)
    auto_commit = serializers.BooleanField()
    parts = UploadPartsAnswer()
    bytes = UploadBytesAnswer()
    files = UploadFilesAnswer()
    workspace = serializers.UUIDField()
    created = serializers.DateTimeField()
    expires = serializers.DateTimeField(
        allow_null=True, help_text="When it is deleted unless it is continued."
    )


EXAMPLE = {
    "id": examples.UPLOAD,
    "name": "Spring",
    "stage": "receiving",
    "type": examples.TYPE,
    "new_type": "",
    "auto_commit": False,
    "parts": {"total": 1, "known": 1, "missing": 0},
    "bytes": {"total": 0, "received": 0},
    "files": dict.fromkeys(UploadFile.Status.values, 0),
    "workspace": examples.WORKSPACE,
    "created": examples.CREATED,
    "expires": examples.MODIFIED,
}
BEGUN = {"parts": {"total": 0, "known": 0, "missing": 0}}
ASKS = {"name": "Spring", "type": examples.TYPE}
ADDRESS = f"{ACCOUNT}/upload/{{upload_id}}"

NOUN = Noun(
    "Uploads",
    (
        "Upload files of any size and number in pieces, and resume after interruptions; an "
        "addition to the hosted service's calls. Create an upload, then send each file with the "
        "tus protocol 1.0 to `/account/v2/upload/{upload_id}/part`, with the token as for any "
        "call. Supported extensions: creation, creation-with-upload, termination, expiration and "
        "checksum. Upload-Metadata: `filename` or `relativePath`, whose folder becomes a group, "
        "and `sha256` (64 hex characters). A file that the workspace already has is complete at "
        "once, as Upload-Offset says, and need not be sent. With `sha256`, a file may be created "
        "again if the response was lost: it is the same file as long as none of its bytes were "
        "sent."
    ),
    {
        f"{ACCOUNT}/upload/": {
            "POST": Call(
                "uploads_create",
                "Create an upload",
                UploadAnswer,
                status=201,
                body=UploadFields,
                text=(
                    "Folders become groups of `type`, or of a type named `new_type`. With "
                    "`auto_commit`, the import starts without a review once all files are "
                    "uploaded."
                ),
                asks=ASKS,
                says=EXAMPLE | BEGUN,
            ),
        },
        ADDRESS: {
            "GET": Call(
                "uploads_read", "Read the progress of an upload", UploadAnswer, says=EXAMPLE
            ),
            "DELETE": Call(
                "uploads_discard",
                "Discard an upload",
                status=204,
                refuses=[409],
                text=(
                    "Also deletes the uploaded files. An imported upload cannot be discarded: 409."
                ),
            ),
        },
        f"{ADDRESS}/finish": {
            "POST": Call(
                "uploads_finish",
                "Finish an upload",
                UploadAnswer,
                status=202,
                body=FinishFields,
                refuses=[409],
                text=(
                    "Starts the dry run, or the import with `auto_commit`. 409 while a file is "
                    "incomplete, unless `leave_out` removes such files. Call it again if the "
                    "response was lost: nothing happens twice."
                ),
                asks={"leave_out": True},
                says=EXAMPLE | {"stage": "planning", "expires": None},
            ),
        },
        f"{ADDRESS}/commit": {
            "POST": Call(
                "uploads_commit",
                "Import an upload after the dry run",
                UploadAnswer,
                status=202,
                refuses=[409],
                says=EXAMPLE | {"stage": "committed", "expires": None},
            ),
        },
    },
)
