"""Every way in which changes are undone, from the rooms whose work it is."""

from dashboard.services.journal.inverses import Inverse
from dashboard.services.uploads.inverses import UPLOAD

INVERSES: dict[str, Inverse] = {entry.name: entry for entry in (UPLOAD,)}
