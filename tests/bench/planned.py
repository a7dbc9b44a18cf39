"""Uploads of many files, looked through in this process; each function prints the seconds."""

import io
import zipfile

import django
from django.core.management import call_command

django.setup()

from accounts.models import User  # noqa: E402
from accounts.services import create_user  # noqa: E402
from dashboard.jobs.runner import run_job  # noqa: E402
from dashboard.models import Job, Upload  # noqa: E402
from dashboard.services.uploads.receiving import append, open_upload, register_part  # noqa: E402
from dashboard.services.uploads.receiving_end import finish_receiving  # noqa: E402
from dashboard.services.workspaces.workspaces import open_workspace  # noqa: E402
from tests.bench.figures import seconds  # noqa: E402
from tests.factories import drawn_jpeg  # noqa: E402

IN_A_GROUP = 10


def zip(files: int) -> None:  # noqa: A001  named as the figure names it
    """Plan an archive of pictures in folders: the same drawing, each with an end of its own."""
    drawing, stream = drawn_jpeg(1), io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        for number in range(files):
            name = f"shop/{number // IN_A_GROUP}/{number}.jpg"
            archive.writestr(name, drawing + b"%d" % number)
    _plan(
        "shop.zip", stream.getvalue(), f"{files:,} new, 0 already in the workspace, 0 with errors."
    )


def csv(files: int) -> None:
    """Plan a manifest of files of which none was sent, each in a group of its own."""
    rows = "".join(f"{number}.jpg,{number}\n" for number in range(files))
    data = f"file,group\n{rows}".encode()
    _plan("shop.csv", data, f"0 new, 0 already in the workspace, {files:,} with errors.")


def _plan(name: str, data: bytes, outcome: str) -> None:
    call_command("migrate", verbosity=0)
    actor = create_user(email="bench@example.org", password="correct horse battery", name="Bench")
    upload = _sent(actor, name, data)
    job = finish_receiving(upload=upload, actor=actor)
    took = seconds(lambda: run_job(str(job.pk)))
    job = Job.objects.get(pk=job.pk)
    if job.message != outcome:
        raise SystemExit(f"It was not looked through: {job.message}")
    print(took)


def _sent(actor: User, name: str, data: bytes) -> Upload:
    workspace = open_workspace(name="Bench", actor=actor)
    upload = open_upload(workspace=workspace, name=name, new_type_name="Group", actor=actor)
    part = register_part(upload=upload, name=name, size=len(data), actor=actor)
    append(part=part, stream=io.BytesIO(data), start=0, length=len(data))
    return upload
