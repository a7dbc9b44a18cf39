"""Make extractions of two images without a job."""

from pathlib import Path
from typing import Any

import numpy as np

from dashboard.files.store import paths, storage
from dashboard.files.tables.tables import Described, Header, write_table
from dashboard.models import Extraction, Version


def make_extraction(version: Version, kind: str = "csv", **fields: Any) -> Extraction:
    return Extraction.objects.create(
        workspace=version.workspace, version=version, format=kind, **fields
    )


def finished(version: Version, kind: str, folder: Path) -> Extraction:
    """Make an extraction of two images, with its file."""
    extraction = make_extraction(version, kind)
    path = paths.extraction(version.workspace_id, extraction.pk, kind)
    header = Header(str(version.task_id), "Shoes", 1, 3, "builtin-1", 2)
    rows = [
        Described(f"{number}", f"Schuh {number}.jpg", ["Rot"], np.eye(3, dtype=np.float32)[number])
        for number in range(2)
    ]
    write_table(folder / "aside", kind, header, rows)
    storage.write(path, (folder / "aside").read_bytes())
    extraction.path, extraction.size, extraction.count = path, storage.size(path), 2
    extraction.save()
    return extraction
