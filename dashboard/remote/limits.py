"""Define the limits of a connection: times, sizes and rates."""

from dataclasses import dataclass
from typing import Final

from urllib3.util.retry import RequestHistory, Retry

PASSING: Final = frozenset({429, 500, 502, 503, 504})
MEMBERS: Final = 10_000  # ids that one call takes
MAX_PAGE_SIZE: Final = 1000


@dataclass(frozen=True)
class Limits:
    """Limits of every call; times in seconds, sizes in bytes.

    `read_seconds` limits each pause within an answer, `answer_seconds` the whole answer.
    `requests_per_second` counts calls of the API, not downloads; None means no limit. The
    connection does not wait for a Retry-After above `retry_after_most`: it raises `RateLimited` or
    `Unavailable`.
    """

    connect_seconds: float = 10
    read_seconds: float = 60
    answer_seconds: float = 300
    answer_bytes: int = 64 * 1024 * 1024
    download_seconds: float = 600
    download_bytes: int = 100 * 1024 * 1024
    retries: int = 4
    backoff_seconds: float = 0.5
    backoff_most: float = 30
    retry_after_most: float = 60
    requests_per_second: float | None = 10
    page_size: int = 200

    def __post_init__(self) -> None:
        """Check the page size against the API's limits. Raises ValueError."""
        if not 1 <= self.page_size <= MAX_PAGE_SIZE:
            raise ValueError(f"page_size is from 1 to {MAX_PAGE_SIZE}")

    def retry(self) -> Retry:
        """Return the counter of one call's attempts, which also gives the pauses between them."""
        return Retry(
            total=self.retries,
            backoff_factor=self.backoff_seconds,
            backoff_max=self.backoff_most,
            backoff_jitter=self.backoff_seconds,
            # urllib3 caps the value that it parses; one second above our limit shows that it
            # exceeded it.
            retry_after_max=int(self.retry_after_most) + 1,
            # Without a history urllib3 would make the first repetition without a pause.
            history=(RequestHistory(None, None, None, None, None),),
        )
