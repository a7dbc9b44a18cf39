"""Images that were stored before colour profiles were applied."""

import io
from collections.abc import Iterator
from typing import Any

import pytest
from django.core.management import call_command
from PIL import Image as Pillow

from dashboard.files.images import colours
from dashboard.models import Image
from tests.factories import Cast, drawn_jpeg, make_image, make_type
from tests.files import profiles
from tests.services.doctor.examined import everything
from tests.services.uploads.test_upload_import import loose, packed, sent

pytestmark = pytest.mark.usefixtures("worker")


def with_profile(size: tuple[int, int] = (40, 30), profile: bytes | None = None) -> bytes:
    stream = io.BytesIO()
    image = Pillow.new("RGB", size, (200, 40, 40))
    image.save(stream, "PNG", icc_profile=profile or profiles.of_screen())
    return stream.getvalue()


@pytest.fixture
def before(monkeypatch: pytest.MonkeyPatch) -> Iterator[pytest.MonkeyPatch]:
    """Store as earlier versions did, which knew no profiles."""
    with monkeypatch.context() as patched:
        patched.setattr(colours, "_MODES", {})
        yield patched


def sent_with_a_failure(cast: Cast) -> None:
    files = {
        "red/wide.png": with_profile(),
        "red/same.png": with_profile(profile=profiles.of_grey(1.0)),
        "red/plain.jpg": drawn_jpeg(1),
        "red/no.jpg": b"no picture",
    }
    _, job = sent(cast, packed(files), similarity_type=make_type(cast.workspace))
    assert job.message == "3 added, 1 failed."


def test_it_works(cast: Cast, before: pytest.MonkeyPatch, capsys: Any) -> None:
    sent_with_a_failure(cast)
    before.undo()
    wrong = Image.objects.get(file_name="wide.png")
    (finding,) = everything()
    assert (finding.noun, finding.name) == ("image", f"{wrong.id} wide.png")
    assert "upload the file again" in finding.sentence
    make_image(cast.workspace, 7)
    with pytest.raises(SystemExit):
        call_command("doctor", "--older-than", "0")
    told = capsys.readouterr()
    assert told.out.startswith(f"image: {wrong.id} wide.png: Its colour profile was dropped")
    assert told.err.startswith("Not checked: the colours of 1 image, whose original file")


def test_what_is_stored_with_its_profile_is_right(cast: Cast) -> None:
    sent_with_a_failure(cast)
    assert everything() == []


def test_bytes_that_are_gone_are_not_judged(cast: Cast, before: pytest.MonkeyPatch) -> None:
    sent(cast, loose("wide.png", with_profile()), similarity_type=make_type(cast.workspace))
    before.undo()
    assert everything() == []
    call_command("doctor", "--older-than", "0")
