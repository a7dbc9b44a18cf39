"""Add the id of the request or job to each log line, and remove secrets."""

import contextvars
import logging
import re
from typing import Any
from uuid import UUID

current_request_id: contextvars.ContextVar[str] = contextvars.ContextVar("request_id", default="-")

HIDDEN = "…"
# URLs that a secret follows; `test_log_secrets` compares them with the routes.
SECRET_PATHS = (
    "/invitations/",
    "/password/reset/key/",
    "/confirm-email/",
    "/account/email/confirm/",
)
# Bounded repetitions: log lines contain text of strangers, on which `\w*` twice would be quadratic.
_NAMES = (
    r"(?:\w{0,30}(?:password|passwd|secret|signature|token|csrf|credential)\w{0,30}|key|sig|code|"
    r"sessionid|authorization|X-Amz-[\w-]+)"
)
_RULES: tuple[tuple[re.Pattern[str], str], ...] = (
    # gunicorn repeats a line of a request that it cannot parse, whatever header it is.
    (re.compile(r"(Invalid request from ip=\S*: [^:'\"]*).*", re.DOTALL), rf"\1{HIDDEN}"),
    # The whole query: a log line only needs the path of a URL.
    (re.compile(r"(?<=\S)\?[^\s'\"<>]+"), f"?{HIDDEN}"),
    (re.compile(rf"({'|'.join(SECRET_PATHS)})[^\s'\"<>?]+"), rf"\1{HIDDEN}"),
    (re.compile(r"\b(lw_[\w-]{8})[\w-]+"), rf"\1{HIDDEN}"),  # the beginning identifies the token
    (re.compile(r"\b(Token|Bearer|Basic) [^\s'\",]{16,}"), rf"\1 {HIDDEN}"),
    (re.compile(r"(://[^\s/:@]*):[^\s/@]+@"), rf"\1:{HIDDEN}@"),
    (
        re.compile(rf"\b({_NAMES})=(?:(['\"])[^'\"]*\2|[^\s&;,'\"]+)", re.IGNORECASE),
        rf"\1={HIDDEN}",
    ),
    (
        re.compile(rf"(['\"]{_NAMES}['\"]: ?\[?)(['\"])[^'\"]*\2", re.IGNORECASE),
        rf"\1\2{HIDDEN}\2",
    ),
)
# In unknown paths: a link that was copied with a typing error still has its secret.
_SEGMENT = re.compile(r"[^/\s]{20,}")
# They log the path of a request unchanged, even if it has no route.
_WRITE_PATHS = ("django.request", "django.security", "gunicorn.error")


class RequestIdFilter(logging.Filter):
    """Sets the current request's id on each log record."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Set `record.request_id` and keep the record."""
        record.request_id = current_request_id.get()
        return True


def without_secrets(text: str) -> str:
    """Return the text with its tokens, passwords, queries and secret links hidden."""
    for pattern, instead in _RULES:
        text = pattern.sub(instead, text)
    return text


def without_long_parts(path: str) -> str:
    """Return a path with those parts hidden that might be a secret: long, and not an id."""
    return _SEGMENT.sub(lambda part: part[0] if _is_id(part[0]) else HIDDEN, path)


def keep_secrets_out() -> None:
    """Remove secrets from all log records of this process, whatever their logger and handler.

    Django, gunicorn and Celery log URLs and exceptions with their own loggers, and handlers that
    are added later have no filter. All records are created by this one factory.
    """
    if not isinstance(logging.getLogRecordFactory(), _Factory):
        logging.setLogRecordFactory(_Factory())


class _Factory:
    def __call__(self, *args: Any, **options: Any) -> logging.LogRecord:
        record = logging.LogRecord(*args, **options)
        try:
            message = record.getMessage()
        except (TypeError, ValueError, KeyError):
            return record  # the handler reports the format that does not fit
        hidden = without_secrets(message)
        if str(record.name).startswith(_WRITE_PATHS):
            hidden = without_long_parts(hidden)
        if hidden != message:
            # The finished message: the arguments would be formatted again, with the secrets.
            record.msg, record.args = hidden, ()
        if record.exc_info and record.exc_info[0] is not None:
            # Formatters use this text if it is set, instead of formatting the exception.
            record.exc_text = without_secrets(_PLAIN.formatException(record.exc_info))
        return record


_PLAIN = logging.Formatter()


def _is_id(text: str) -> bool:
    try:
        return bool(UUID(text.partition(".")[0]))
    except ValueError:
        return False
