"""Stream the body of an answer within limits of size and time."""

import time
from collections.abc import Callable, Iterator
from typing import Final

import requests

from dashboard.remote.errors import TooLarge

_CHUNK: Final = 256 * 1024


class TooSlow(OSError):
    """Raised when the body has not ended within the time limit."""


def chunks(
    response: requests.Response,
    *,
    call: str,
    most_bytes: int,
    seconds: float,
    clock: Callable[[], float] = time.monotonic,
) -> Iterator[bytes]:
    """Yield the decompressed body in chunks.

    Compressed data counts with its decompressed size. A body that ends before its announced length
    is an error of urllib3. Raises `TooLarge`, `TooSlow`, OSError, urllib3's `HTTPError`.
    """
    ends, read = clock() + seconds, 0
    # `read1` returns the bytes that are available: a server that sends a byte a second does not
    # block it beyond the time limit.
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
