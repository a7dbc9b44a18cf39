"""An installation with a row of every kind in it, as commit b3b30e7 left it, database and files.

`python -m tests.upgrade.filled FILE` makes one with the code that is here, from SQLite; run again
with a server of PostgreSQL in DATABASE_URL, it adds the same rows as that dumps them. What FILE
holds is never made anew: an installation of that day cannot be either.
"""

import io
import json
import os
import shutil
import sys
import tarfile
import tempfile
from contextlib import redirect_stdout
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import django

if TYPE_CHECKING:
    from accounts.models import User
    from dashboard.models import Upload, Version
    from tests.factories import Cast

FILLED = Path(__file__).with_name("filled.tar.xz")
APPS = ("accounts", "dashboard", "account", "sessions")


@cache
def told() -> dict[str, Any]:
    """Return what is known of it: a key, paths of things, descriptors."""
    return dict(json.loads(read("told.json")))


def read(name: str) -> str:
    """Return one of its texts."""
    with tarfile.open(FILLED) as archive:
        file = archive.extractfile(name)
        assert file is not None
        return file.read().decode()


def unpack_files(folder: Path) -> None:
    """Put its files into a data folder."""
    with tarfile.open(FILLED) as archive:
        archive.extractall(
            folder, [one for one in archive if one.name.startswith("files/")], filter="data"
        )


def main(path: Path) -> None:
    """Make the archive from SQLite; add the rows of PostgreSQL to one that is there."""
    from django.core.management import call_command
    from django.db import connection

    from tests.upgrade.databases import another, migrate_as
    from tests.upgrade.history import dump

    folder = Path(os.environ["LIKEWISE_DATA"])
    with another(folder):
        migrate_as()
        if connection.vendor == "sqlite":
            (folder / "told.json").write_text(json.dumps(fill()))
            with redirect_stdout(io.StringIO()) as rows:
                call_command("dumpdata", *APPS, format="jsonl")
            (folder / "rows.jsonl").write_text(rows.getvalue())
        else:
            with tarfile.open(path) as archive:
                archive.extractall(folder, filter="data")
            call_command("loaddata", str(folder / "rows.jsonl"), verbosity=0)
            (folder / "rows.jsonl").unlink()
        (folder / f"{connection.vendor}.sql").write_text(dump())
    names = ("told.json", "rows.jsonl", "sqlite.sql", "postgresql.sql", "files")
    with tarfile.open(path, "w:xz", preset=9) as archive:
        for name in names:
            if (folder / name).exists():
                archive.add(folder / name, name)


def fill() -> dict[str, Any]:
    """Make a row of every kind, through the services; return what to hold it against."""
    from accounts.models import Scope
    from accounts.team import invite_member
    from dashboard.models import Group, Image, Label
    from dashboard.services.library.images import delete_images
    from dashboard.services.training.descriptors import describe
    from tests import factories, transfers

    cast = factories.make_cast()
    workspace, alice = cast.workspace, cast.alice
    version = transfers.fill(workspace, cast.bob, cast.vera)
    invite_member(workspace=workspace, email="dora@example.org", role="editor", actor=alice)
    key = factories.make_key(alice, workspace, name="shop", scope=Scope.READ)
    gone = factories.make_image(workspace, seed=90)
    delete_images(workspace=workspace, ids=[gone.id], actor=alice)
    paths = _uploads(cast) | _results(version, alice)
    nested = Group.objects.in_workspace(workspace).get(name="Family")
    first = Image.objects.in_workspace(workspace).present().order_by("created").first()
    assert first is not None
    group = Group.objects.in_workspace(workspace).get(name="Product 0")
    [described] = describe(version=version, pictures_bytes=[factories.drawn_jpeg(7)])
    assert isinstance(described, tuple)
    return {
        "key": key,
        "email": alice.email,
        "version": str(version.pk),
        "images": Image.objects.in_workspace(workspace).present().count(),
        "labels": Label.objects.in_workspace(workspace).count(),
        "descriptor": described[0].tolist(),
        "paths": paths
        | {
            "image": f"/images/{first.pk}",
            "type": f"/types/{group.similarity_type_id}",
            "group": f"/groups/{group.pk}",
            "nested": f"/groups/{nested.pk}",
            "task": f"/tasks/{version.task_id}",
            "version": f"/versions/{version.pk}",
        },
    }


def _uploads(cast: "Cast") -> dict[str, str]:
    """Bring an upload in, undo one, look one through, send the half of one."""
    from dashboard.services.uploads.receiving import append, open_upload, register_part
    from tests.factories import drawn_jpeg
    from tests.services.uploads.uploaded import SHOES, committed, planned, received, undone, zipped

    def sent(files: dict[str, bytes]) -> "Upload":
        upload = received(cast, {"shoes.zip": zipped(files)}, new_type_name="Same shoe")
        planned(upload)
        return upload

    kept = sent(SHOES | {"shoes/red/notes.txt": b"These are the red ones."})
    committed(kept)
    back = sent({"boots/brown/1.jpg": drawn_jpeg(80)})
    committed(back)
    undone(back)
    looked_through = sent({"hats/green/1.jpg": drawn_jpeg(81)})
    half = open_upload(workspace=cast.workspace, name="Spring", actor=cast.bob)
    part = register_part(upload=half, name="red/1.jpg", size=20, actor=cast.bob)
    append(part=part, stream=io.BytesIO(b"ten bytes!"), start=0, length=10)
    return {
        "upload": f"/uploads/{kept.pk}",
        "planned": f"/uploads/{looked_through.pk}",
        "sending": f"/uploads/{half.pk}/files",
    }


def _results(version: "Version", actor: "User") -> dict[str, str]:
    """Fill a collection, extract, export, import, register an encoder, ask for descriptors."""
    from accounts.models import Workspace
    from dashboard.engine.custom import preparing
    from dashboard.models import Collection
    from dashboard.services.extractions.extractions import start_extraction
    from dashboard.services.requests.async_requests import SentRecord, start_descriptors
    from dashboard.services.search.fills import start_fill
    from dashboard.services.training.encoders import NewEncoder, register_encoder
    from dashboard.services.workspaces.workspaces import open_workspace
    from tests import transfers
    from tests.engine.custom import graphs
    from tests.factories import drawn_png
    from tests.services.training.test_encoders import FEW
    from tests.services.uploads.uploaded import ran

    workspace: Workspace = version.workspace
    collection = Collection.objects.in_workspace(workspace).get()
    ran(start_fill(collection=collection, actor=actor))
    extraction, job = start_extraction(
        workspace=workspace, version=version, file_format="jsonl", actor=actor
    )
    ran(job)
    transfer, data = transfers.export(workspace, actor)
    transfers.bring(open_workspace(name="A copy", actor=actor), data, actor)
    request = start_descriptors(
        version=version, records=[SentRecord(b'{"_id":"1"}', drawn_png(82))], actor=actor
    )
    ran(request.job)
    preparing.AMOUNTS = FEW
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, "net.onnx")
        file.write_bytes(graphs.resnet_like(32))
        new = NewEncoder("Small net", file, {"height": 32, "width": 32})
        _, job = register_encoder(new=new, workspace=workspace, actor=actor)
    ran(job)
    return {
        "collection": f"/collections/{collection.pk}",
        "extraction": f"/extractions/{extraction.pk}",
        "job": f"/jobs/{job.pk}",
        "transfer": f"/settings/transfers/{transfer.pk}",
    }


if __name__ == "__main__":
    made = tempfile.mkdtemp(prefix="likewise-filled-")
    os.environ |= {
        "DJANGO_SETTINGS_MODULE": "dashboard.settings",
        "LIKEWISE_ENV": os.devnull,
        "LIKEWISE_DATA": made,
        "REDIS_URL": "",
    }
    django.setup()
    main(Path(sys.argv[1]))
    shutil.rmtree(made)
