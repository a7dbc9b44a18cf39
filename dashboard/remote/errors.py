"""Define the errors of calls to another server, each with a sentence for people.

No error holds the token, a header or an exception of a library that does: errors are raised without
cause and context.
"""

from collections.abc import Mapping
from typing import Any

Json = dict[str, Any]


class RemoteError(Exception):
    """Base of all errors of this library.

    `reason` is the sentence, `call` names the call, `status` is the HTTP status if there was an
    answer, `details` is the answer as JSON if it was an object. `repeated` is set if an earlier
    attempt of the call may have reached the server without its outcome being known.
    """

    def __init__(
        self,
        reason: str,
        *,
        call: str = "",
        status: int | None = None,
        details: Mapping[str, Any] | None = None,
    ) -> None:
        super().__init__(reason)
        self.reason, self.call, self.status = reason, call, status
        self.details: Mapping[str, Any] = details or {}
        self.repeated = False


class Unauthorized(RemoteError):
    """The token is wrong, was revoked or has expired."""


class Forbidden(RemoteError):
    """The token's owner may not do this, or a link has expired."""


class NotFound(RemoteError):
    """The object does not exist there, or the token cannot see it."""


class Refused(RemoteError):
    """The server refuses the request; `reason` is its own sentence."""


class RateLimited(RemoteError):
    """The server accepts no more requests for now; `retry_after` is in seconds, if it said so."""

    def __init__(self, reason: str, *, retry_after: float | None = None, **about: Any) -> None:
        super().__init__(reason, **about)
        self.retry_after = retry_after


class Unavailable(RemoteError):
    """The server did not answer, or answered that it cannot for now.

    The call may be retried: either it was not done, or doing it twice is safe.
    """


class ForbiddenAddress(RemoteError):
    """The host is in a private network that was not allowed; nothing was sent to it."""


class BadAnswer(RemoteError):
    """The answer is not one of this call: it comes from another program, or is damaged."""


class TooLarge(BadAnswer):
    """The body is larger than the caller allows."""


class OutcomeUnknown(RemoteError):
    """It is unknown whether an object was created: check before creating it again.

    `finished` is set if the server has finished the request, so that an object that cannot be found
    now will not appear later.
    """

    def __init__(self, reason: str, *, finished: bool = False, **about: Any) -> None:
        super().__init__(reason, **about)
        self.finished = finished
