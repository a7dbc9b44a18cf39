"""Keep space for small writes when the disk is full: to sign in, to delete, to discard."""

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse

from dashboard.files.store import room

_SAFE = ("GET", "HEAD", "OPTIONS")


def ballast(get_response: Callable[[HttpRequest], HttpResponse]) -> Callable[..., HttpResponse]:
    """Delete the ballast before a request that writes finds the disk full.

    Requests that would fill the disk again are refused before that: see `LIKEWISE_RESERVE_DISK`.
    """

    def middleware(request: HttpRequest) -> HttpResponse:
        # Reading needs no space, and would cost a system call for each image of a page.
        if request.method not in _SAFE:
            room.release_if_full()
        return get_response(request)

    return middleware
