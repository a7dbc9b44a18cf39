"""Collect the inverses that undo changes, from the sub-rooms that define them."""

from dashboard.services.journal.inverses import Inverse
from dashboard.services.uploads.inverses import UPLOAD

INVERSES: dict[str, Inverse] = {entry.name: entry for entry in (UPLOAD,)}
