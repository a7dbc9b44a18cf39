"""What the walks with the official client share: the client itself, and pictures that it takes."""

import base64
from typing import Any

from ximilar.client import CustomSimilarityClient

from tests.factories import drawn_jpeg


def client_of(
    key: str, endpoint: str, kind: type[Any] = CustomSimilarityClient, **options: Any
) -> Any:
    """Make a client that talks to this server alone: see `resource_name` in docs/api.md."""
    return kind(key, endpoint=endpoint, resource_name=None, **options)


def records(number: int, **fields: Any) -> list[dict[str, Any]]:
    """Return what `upload_images` takes: base64 as bytes, and not scaled by the client."""
    return [
        {"_base64": base64.b64encode(drawn_jpeg(seed, (320, 240))), "noresize": True} | fields
        for seed in range(number)
    ]
