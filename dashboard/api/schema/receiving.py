"""Uploads piece by piece."""

from typing import Any

from rest_framework import serializers

from dashboard.api.schema import examples
from dashboard.api.schema.calls import ACCOUNT, Call, Noun
from dashboard.api.uploads.receiving import FinishFields, UploadFields
from dashboard.models import Upload, UploadFile

# Calls that have no row here, and why that is right.
LEFT_OUT = {
    "api-upload-parts": "tus says it all in headers, and its clients know it without a schema",
    "api-upload-part": "tus says it all in headers, and its clients know it without a schema",
}


class UploadPartsAnswer(serializers.Serializer[Any]):
    """The files as sent: all, those that the workspace had, and those that are not whole yet."""

    total = serializers.IntegerField(min_value=0)
    known = serializers.IntegerField(min_value=0)
    missing = serializers.IntegerField(min_value=0)


class UploadBytesAnswer(serializers.Serializer[Any]):
    """How many bytes are to be sent, and how many are here."""

    total = serializers.IntegerField(min_value=0)
    received = serializers.IntegerField(min_value=0)


class UploadFilesAnswer(serializers.Serializer[Any]):
    """The pictures in it by what became of them."""

    def get_fields(self) -> dict[str, Any]:
        """Have a number for each status."""
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
        allow_null=True, help_text="When it is forgotten unless somebody goes on with it."
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
    "Send files of any size and number piece by piece, and go on after whatever happened; an "
    "addition to the hosted service's calls. Begin an upload, then send each file by the tus "
    "protocol 1.0 to `/account/v2/upload/{upload_id}/part`, to which the token goes as to any "
    "call: creation, creation-with-upload, termination, expiration and checksum are spoken. Of "
    "Upload-Metadata `filename` or `relativePath` count, whose folder becomes a group, and "
    "`sha256` (64 digits of 0-9 and a-f): a file that the workspace has is whole at once, as "
    "Upload-Offset tells, and need not be sent. With it, a file may be named again if the answer "
    "was lost: it is the same one while nothing of it was sent.",
    {
        f"{ACCOUNT}/upload/": {
            "POST": Call(
                "uploads_create",
                "Begin an upload",
                UploadAnswer,
                status=201,
                body=UploadFields,
                text="Folders become groups of `type`, or of a type of the name `new_type`. With "
                "`auto_commit` nobody is asked when all is here.",
                asks=ASKS,
                says=EXAMPLE | BEGUN,
            ),
        },
        ADDRESS: {
            "GET": Call("uploads_read", "Read how far an upload is", UploadAnswer, says=EXAMPLE),
            "DELETE": Call(
                "uploads_discard",
                "Give up an upload",
                status=204,
                refuses=[409],
                text="What was sent goes too. One that was brought in stays: 409.",
            ),
        },
        f"{ADDRESS}/finish": {
            "POST": Call(
                "uploads_finish",
                "Say that all files are here",
                UploadAnswer,
                status=202,
                body=FinishFields,
                refuses=[409],
                text="It is looked through, or brought in with `auto_commit`; 409 while a file is "
                "not whole, unless such files are taken out with `leave_out`. Whoever got no "
                "answer calls it again: nothing happens twice.",
                asks={"leave_out": True},
                says=EXAMPLE | {"stage": "planning", "expires": None},
            ),
        },
        f"{ADDRESS}/commit": {
            "POST": Call(
                "uploads_commit",
                "Bring in what was looked through",
                UploadAnswer,
                status=202,
                refuses=[409],
                says=EXAMPLE | {"stage": "committed", "expires": None},
            ),
        },
    },
)
