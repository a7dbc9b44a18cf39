"""What the official client can ask for and Likewise has not says so, and says what to do."""

import pytest

from tests.api.calls import NOBODYS
from tests.factories import Cast, api_client

LABELS, TASKS = "Recognition labels are not part", "Recognition tasks are not part"
POINTS, DETECTION = "Points are not part", "Detection tasks are not part"


@pytest.mark.parametrize(
    ("path", "sentence"),
    [
        ("/recognition/v2/label/", LABELS),
        (f"/recognition/v2/label/{NOBODYS}", LABELS),
        (f"/recognition/v2/label/{NOBODYS}/wipe", LABELS),
        (f"/recognition/v2/label/{NOBODYS}/add-task/", LABELS),
        (f"/recognition/v2/training-image/{NOBODYS}/add-label/", LABELS),
        (f"/recognition/v2/training-image/{NOBODYS}/remove-label", LABELS),
        (f"/detection/v2/object/{NOBODYS}/add-label/", LABELS),
        (f"/detection/v2/object/{NOBODYS}/update-label/", LABELS),
        ("/recognition/v2/task", TASKS),
        (f"/recognition/v2/task/{NOBODYS}/train/", TASKS),
        ("/recognition/v2/classify/", TASKS),
        (f"/detection/v2/label/{NOBODYS}/add-task/", TASKS),
        ("/detection/v2/task/", DETECTION),
        (f"/detection/v2/task/{NOBODYS}/add-image/", DETECTION),
        ("/detection/v2/detect/", DETECTION),
        ("/annotate/v2/point/", POINTS),
        ("/annotate/v2/points/", "This call is not part of Likewise."),
        ("/recognition/v2/labels", "This call is not part of Likewise."),
        ("/similarity/nonsense", "This call is not part of Likewise."),
    ],
)
@pytest.mark.parametrize("method", ["get", "post", "put", "patch", "delete"])
def test_it_works(cast: Cast, path: str, sentence: str, method: str) -> None:
    answer = getattr(api_client(cast.bob), method)(path)
    assert answer.status_code == 404
    assert answer.json()["detail"].startswith(sentence)
    assert getattr(api_client(None), method)(path).status_code == 401
