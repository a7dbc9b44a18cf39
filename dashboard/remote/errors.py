"""What can go wrong with another server, each with a sentence for people.

No error holds the token, a header or the exception of a library that does: what is raised here has
neither cause nor context.
"""

from collections.abc import Mapping
from typing import Any

Json = dict[str, Any]


class RemoteError(Exception):
    """Stand for everything that this library raises.

    `reason` is the sentence, `call` names what was asked, `status` is the HTTP status if there was
    an answer, `details` is the answer as JSON if it was an object. `repeated` says that the call
    had been sent before without anybody knowing what came of that.
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
    """It does not exist there, or not for this token."""


class Refused(RemoteError):
    """The other side refuses the request as it is; `reason` is its own sentence."""


class RateLimited(RemoteError):
    """The other side takes no more requests for now; `retry_after` is in seconds if it said so."""

    def __init__(self, reason: str, *, retry_after: float | None = None, **about: Any) -> None:
        super().__init__(reason, **about)
        self.retry_after = retry_after


class Unavailable(RemoteError):
    """The other side did not answer, or said that it cannot; later it may.

    What was asked can be asked again: it is either undone or may be done twice.
    """


class ForbiddenAddress(RemoteError):
    """The host is in a private network that was not allowed; nothing was sent to it."""


class BadAnswer(RemoteError):
    """The answer is not what this call answers: another program, or damaged on its way."""


class TooLarge(BadAnswer):
    """There are more bytes than the caller takes."""


class OutcomeUnknown(RemoteError):
    """Something was to be created and nobody knows whether it was: look before asking again.

    `finished` says that the other side is done with the request, so that what cannot be found now
    will not appear later.
    """

    def __init__(self, reason: str, *, finished: bool = False, **about: Any) -> None:
        super().__init__(reason, **about)
        self.finished = finished
