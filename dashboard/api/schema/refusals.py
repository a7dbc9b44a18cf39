"""Describe the refusals of the API, which all calls share."""

from collections.abc import Iterator
from typing import Any

Json = dict[str, Any]

# Authentication and limits are the same for all calls, so any of them may answer these.
COMMON = {
    400: "The body or a parameter is invalid; nothing was changed.",
    401: "The API token is missing, unknown, revoked or expired.",
    404: "It does not exist, or is in a workspace that you are not a member of.",
    406: "The header Accept asks for something other than JSON.",
    411: "The body was sent chunked, without a Content-Length.",
    413: "The body, the number of its values, or an image is over the limit.",
    415: "The body is neither JSON nor a form.",
    429: "Too many requests with this token, or too many large bodies at once.",
}
OTHERS = {
    403: "Your role, the token's scope or the network of a URL does not allow this.",
    409: "The current state does not allow this; nothing was changed.",
}
# Temporary problems of the server: any call may answer these, too.
TROUBLES = {
    503: (
        "The database or the file storage does not answer, or too many large images were sent at "
        "once; nothing was changed."
    ),
    507: (
        "The disk of the server is full, or has less free space than it must keep; nothing was "
        "changed."
    ),
}
TEXTS = COMMON | OTHERS | TROUBLES
EXAMPLES: dict[int, Json] = {
    400: {"name": ["This field is required."]},
    401: {"detail": "Send an API token in the header “Authorization: Token …”."},
    403: {"detail": "This API token is read-only. Create one with the scope “write”."},
    404: {"detail": "Not found."},
    406: {"detail": "Could not satisfy the request Accept header."},
    409: {"detail": "This task has no trained version yet. Train it first."},
    411: {"detail": "Send the body with a Content-Length instead of chunked."},
    413: {"detail": "The body is over 128 MB. Send less at once."},
    415: {"detail": "Unsupported media type “text/plain” in request."},
    429: {"detail": "Request was throttled. Expected available in 1 second."},
    503: {
        "detail": "The database does not answer. Nothing was changed: try again in a moment. Tell "
        "the admin this request id: 5f0c7a1e9d2b4c38.",
        "request_id": "5f0c7a1e9d2b4c38",
    },
    507: {
        "detail": "The disk of this server is full. Nothing was changed: make room on it, then try "
        "again. Tell the admin this request id: 5f0c7a1e9d2b4c38.",
        "request_id": "5f0c7a1e9d2b4c38",
    },
}

_SENTENCES: Json = {"type": "array", "items": {"type": "string"}, "minItems": 1}
_DETAIL: Json = {"type": "string", "description": "What happened, and what to do about it."}
_STATUS: Json = {
    "type": "object",
    "required": ["code", "text", "request_id"],
    "additionalProperties": False,
    "properties": {
        "code": {"type": "integer", "description": "Equal to the HTTP status."},
        "text": {"type": "string"},
        "request_id": {"type": "string"},
    },
}
SCHEMAS: Json = {
    "Refusal": {
        "type": "object",
        "description": "Why, in one sentence.",
        "required": ["detail"],
        "additionalProperties": False,
        "properties": {"detail": _DETAIL},
    },
    "FieldErrors": {
        "type": "object",
        "description": "Why, for each field.",
        "minProperties": 1,
        "additionalProperties": _SENTENCES,
    },
    "Conflict": {
        "type": "object",
        "description": "Why, in one sentence; with the model that is in the way, if there is one.",
        "required": ["detail"],
        "additionalProperties": False,
        "properties": {"detail": _DETAIL, "model": {"type": "string", "format": "uuid"}},
    },
    "Trouble": {
        "type": "object",
        "description": "What the server lacks, in one sentence.",
        "required": ["detail", "request_id"],
        "additionalProperties": False,
        "properties": {"detail": _DETAIL, "request_id": {"type": "string"}},
    },
    "RefusalWithStatus": {
        "type": "object",
        "description": "Why, in one sentence, with the status that clients read.",
        "required": ["detail", "status"],
        "properties": {"detail": _DETAIL, "status": _STATUS},
        "additionalProperties": _SENTENCES,
    },
}

REQUEST_ID: Json = {
    "description": "The request id, to find the request in the server's log.",
    "required": True,
    "schema": {"type": "string"},
}
_RETRY_AFTER: Json = {
    "Retry-After": {
        "description": "Seconds to wait.",
        "required": True,
        "schema": {"type": "integer", "minimum": 1},
    }
}
_HEADERS: dict[int, Json] = {
    401: {
        "WWW-Authenticate": {
            "description": "The scheme: Token.",
            "required": True,
            "schema": {"type": "string", "enum": ["Token"]},
        }
    },
    429: _RETRY_AFTER,
    503: _RETRY_AFTER,
}


def name(status: int, *, with_status: bool) -> str:
    """Return the component name of a refusal; problems of the server have one for all calls."""
    differs = with_status and status not in TROUBLES
    return f"Refused{status}{'WithStatus' if differs else ''}"


def responses() -> Json:
    """Return every refusal as a response that calls refer to."""
    return dict(_responses())


def _responses() -> Iterator[tuple[str, Json]]:
    for status, text in TEXTS.items():
        for with_status in (False,) if status in TROUBLES else (False, True):
            example = EXAMPLES[status]
            if with_status:
                example = _with_status(status, example)
            content = {"schema": _schema(status, with_status=with_status), "example": example}
            yield (
                name(status, with_status=with_status),
                {
                    "description": text,
                    "headers": {"X-Request-ID": REQUEST_ID} | _HEADERS.get(status, {}),
                    "content": {"application/json": content},
                },
            )


def _with_status(status: int, example: Json) -> Json:
    text = example.get("detail") or "name: This field is required."
    block = {"code": status, "text": text, "request_id": "5f0c7a1e9d2b4c38"}
    return {"detail": text} | example | {"status": block}


def _schema(status: int, *, with_status: bool) -> Json:
    if status in TROUBLES:
        return _ref("Trouble")
    if with_status:  # if every record failed, the response has the form of a success
        also = ("Descriptors", "Records") if status == 400 else ()
        return {"anyOf": [_ref(shape) for shape in ("RefusalWithStatus", *also)]}
    if status == 400:
        return {"anyOf": [_ref("Refusal"), _ref("FieldErrors")]}
    return _ref("Conflict" if status == 409 else "Refusal")


def _ref(component: str) -> Json:
    return {"$ref": f"#/components/schemas/{component}"}
