"""The body of an answer, read as it comes: never more than is wanted, never longer than allowed."""

import time
from collections.abc import Callable, Iterator
from typing import Final

import requests

from dashboard.remote.errors import TooLarge

_CHUNK: Final = 256 * 1024


class TooSlow(OSError):
    """The body had not ended when the time was up."""


def chunks(
    response: requests.Response,
    *,
    call: str,
    most_bytes: int,
    seconds: float,
    clock: Callable[[], float] = time.monotonic,
) -> Iterator[bytes]:
    """Yield the unpacked body. Raises `TooLarge`, `TooSlow`, OSError, urllib3's `HTTPError`.

    What is packed counts as what it unpacks to. A body that is cut off before the length that was
    announced is an error of urllib3.
    """
    ends, read = clock() + seconds, 0
    # `read1` gives what is there: a server that sends a byte a second does not hold it.
    while chunk := response.raw.read1(_CHUNK, decode_content=True):
        read += len(chunk)
        if read > most_bytes:
            raise TooLarge(f"The server's answer to “{call}” is larger than accepted.", call=call)
        if clock() > ends:
            raise TooSlow(call)
        yield chunk


def read_body(response: requests.Response, *, call: str, most_bytes: int, seconds: float) -> bytes:
    """Return the whole body; see `chunks`."""
    return b"".join(chunks(response, call=call, most_bytes=most_bytes, seconds=seconds))
