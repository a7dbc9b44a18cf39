"""The id of the request, or of the job, that a log line belongs to."""

import contextvars
import logging

current_request_id: contextvars.ContextVar[str] = contextvars.ContextVar("request_id", default="-")


class RequestIdFilter(logging.Filter):
    """Put the current request's id on each log record."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Set `record.request_id` and keep the record."""
        record.request_id = current_request_id.get()
        return True
