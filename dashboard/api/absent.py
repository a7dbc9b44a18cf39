"""Answer calls of the official client that Likewise does not have, with a helpful sentence."""

import re
from typing import Any

from rest_framework.exceptions import NotFound
from rest_framework.request import Request

from dashboard.api.base import ApiView

NO_LABELS = (
    "Recognition labels are not part of Likewise: put images into groups of a similarity type."
)
NO_TASKS = (
    "Recognition tasks are not part of Likewise: its tasks learn similarity, see "
    "/similarity/training/v2/task."
)
NO_POINTS = (
    "Points are not part of Likewise: mark a place on an image with an object, see "
    "/detection/v2/object."
)
NO_DETECTION = (
    "Detection tasks are not part of Likewise: it stores the objects that you draw and detects "
    "none, see /detection/v2/object."
)
NOT_HERE = "This call is not part of Likewise."
# The first pattern that matches the beginning of the path counts.
SENTENCES = (
    (
        r"/(recognition/v2/training-image|detection/v2/object)/[^/]+/(add|update|remove)-label",
        NO_LABELS,
    ),
    (r"/recognition/v2/label", NO_LABELS),
    (r"/recognition/v2/(task|classify)", NO_TASKS),
    (r"/detection/v2/label/[^/]+/(add|remove)-task", NO_TASKS),
    (r"/detection/v2/(task|detect)", NO_DETECTION),
    (r"/annotate/v2/point", NO_POINTS),
)


class Absent(ApiView):
    """All other URLs under those of the API."""

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        """Answer 404 as JSON, whatever the method."""
        # Token and rate limit first: without a token nobody learns which URLs exist.
        super().initial(request, *args, **kwargs)
        raise NotFound(sentence_for(request.path))


def sentence_for(path: str) -> str:
    """Return the sentence for this path."""
    for pattern, sentence in SENTENCES:
        if re.match(rf"{pattern}(/|$)", path):
            return sentence
    return NOT_HERE
