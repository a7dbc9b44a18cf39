from uuid import UUID

import pytest

from dashboard.files.errors import UnsafePath
from dashboard.files.store import paths

SPACE = UUID("11111111-1111-4111-8111-111111111111")
THING = UUID("ab345678-1234-4234-8234-123456789abc")


def test_it_works():
    assert paths.workspace(SPACE) == str(SPACE)
    assert paths.image(SPACE, THING, "png") == f"{SPACE}/images/ab/{THING}.png"
    assert paths.thumbnail(SPACE, THING) == f"{SPACE}/thumbnails/ab/{THING}.jpg"
    assert paths.upload(SPACE, THING) == f"{SPACE}/uploads/ab/{THING}"
    assert paths.upload_part(SPACE, THING, "a b.zip") == f"{SPACE}/uploads/ab/{THING}/a b.zip"
    assert paths.version(SPACE, THING, 3) == f"{SPACE}/versions/{THING}/3"


@pytest.mark.parametrize(
    "name", ["", ".", "..", "a/b", "/a", "a\\b", "a\x00", "a\n", ".hidden", "x" * 201]
)
def test_a_name_that_is_more_than_a_name_is_refused(name):
    with pytest.raises(UnsafePath):
        paths.upload_part(SPACE, THING, name)


@pytest.mark.parametrize("extension", ["", "JPG", "jpg/..", "../x", "j.pg"])
def test_an_odd_extension_is_refused(extension):
    with pytest.raises(UnsafePath):
        paths.image(SPACE, THING, extension)
