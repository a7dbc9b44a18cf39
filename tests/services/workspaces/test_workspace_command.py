"""`manage.py workspace` writes a workspace into a file, and sends one."""

import io
import uuid
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from dashboard.jobs.runner import run_job
from dashboard.models import Job, Upload
from tests.factories import Cast, make_group, make_image, make_type
from tests.transfers import told


def told_by(*arguments: object) -> str:
    stream = io.StringIO()
    call_command("workspace", *map(str, arguments), stdout=stream)
    return stream.getvalue()


def test_it_works(cast: Cast, tmp_path: Path) -> None:
    make_image(cast.workspace)
    make_group(make_type(cast.workspace))
    file = tmp_path / "shop.zip"
    said = told_by("export", "--workspace", cast.workspace.pk, file)
    assert said.startswith("1 image and 1 group, ")
    assert [path.name for path in tmp_path.iterdir() if "shop" in path.name] == ["shop.zip"]
    said = told_by(
        "import", "--workspace", cast.elsewhere.pk, "--email", "charlie@example.org", file
    )
    job = Job.objects.get(kind=Job.Kind.IMPORT)
    assert str(job.pk) in said
    run_job(str(job.pk))
    assert told(cast.elsewhere) == told(cast.workspace)


def test_who_is_no_admin(cast: Cast, tmp_path: Path) -> None:
    for name in ("bob", "charlie"):
        with pytest.raises(CommandError, match="is not an admin of Alice’s shop"):
            told_by(
                *("import", "--workspace", cast.workspace.pk),
                *("--email", f"{name}@example.org", tmp_path / "x.zip"),
            )


def test_what_is_not_there(cast: Cast, tmp_path: Path) -> None:
    with pytest.raises(CommandError, match="No workspace"):
        told_by("export", "--workspace", uuid.uuid4(), tmp_path / "x.zip")
    with pytest.raises(CommandError, match="No such file"):
        told_by(
            *("import", "--workspace", cast.workspace.pk),
            *("--email", "ann@example.org", tmp_path / "x.zip"),
        )
    assert not Upload.objects.exists()
