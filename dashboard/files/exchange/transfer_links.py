"""Check the references of an archive: targets come before references, and nothing is duplicated.

The exporter skips rows that do not fit, since people change the workspace meanwhile; the importer
refuses an archive that has any.
"""

from typing import Final

from dashboard.files.exchange.transfer_rows import Row, unpacked
from dashboard.files.store.scratch import Seen

# The nouns that a row's fields refer to.
_REFERS: Final[dict[str, dict[str, str]]] = {
    "features": {"image": "images"},
    "region_features": {"image": "images"},
    "regions": {"image": "images", "label": "labels"},
    "groups": {"type": "types"},
    "members": {"group": "groups", "image": "images", "region": "regions"},
    "nestings": {"parent": "groups", "child": "groups"},
    "verifications": {"group": "groups", "image": "images"},
    "versions": {"task": "tasks"},
    "collections": {"task": "tasks", "version": "versions"},
    "records": {"collection": "collections"},
}


class Links:
    """Checks rows one after another; `seen` stores those that fit."""

    def __init__(self, seen: Seen) -> None:
        self.seen = seen

    def fits(self, noun: str, row: Row) -> bool:
        """Return whether a row may follow the earlier ones, and store it if so."""
        for name, other in _REFERS.get(noun, {}).items():
            if row[name] is not None and not self.seen.has(other, row[name]):
                return False
        judge = getattr(self, f"_{noun}", None)
        return bool(judge(row)) if judge else self.seen.add(noun, row["id"])

    def _types(self, row: Row) -> bool:
        return self.seen.add("types", row["id"], "exclusive" if row["exclusive"] else "")

    def _images(self, row: Row) -> bool:
        about = f"{row['width']} {row['height']}"
        # Equal bytes are one image in a workspace, so a second row with the same content does not
        # fit.
        return self.seen.add("contents", row["sha256"]) and self.seen.add(
            "images", row["id"], about
        )

    def _features(self, row: Row) -> bool:
        return self.seen.add(f"features by {row['encoder']}", row["image"])

    def _region_features(self, row: Row) -> bool:
        box = " ".join(str(row[side]) for side in ("left", "top", "right", "bottom"))
        return self._is_inside(row) and self.seen.add(
            f"features by {row['encoder']}", f"{row['image']} {box}"
        )

    def _regions(self, row: Row) -> bool:
        return self._is_inside(row) and self.seen.add("regions", row["id"])

    def _is_inside(self, row: Row) -> bool:
        width, height = map(int, (self.seen.find("images", row["image"]) or "0 0").split())
        is_inside: bool = (
            row["left"] < row["right"] <= width and row["top"] < row["bottom"] <= height
        )
        return is_inside

    def _groups(self, row: Row) -> bool:
        # The scope in which a member may occur once: the group, or the whole exclusive type.
        is_exclusive = self.seen.find("types", row["type"]) == "exclusive"
        return self.seen.add("groups", row["id"], row["type"] if is_exclusive else row["id"])

    def _members(self, row: Row) -> bool:
        member = row["image"] or row["region"]
        if bool(row["image"]) == bool(row["region"]) or self.seen.has("parents", row["group"]):
            return False
        scope = self.seen.find("groups", row["group"])
        # The scope is the type if it is exclusive: a second group of it is then a duplicate.
        if not self.seen.add(f"in {scope}", member):
            return False
        self.seen.add("holders", row["group"])
        return True

    def _nestings(self, row: Row) -> bool:
        parent, child = row["parent"], row["child"]
        if self.seen.has("holders", parent) or not self.seen.add(f"in {parent}", child):
            return False
        self.seen.add("parents", parent)
        self.seen.add_edge(parent, child)
        return True

    def _verifications(self, row: Row) -> bool:
        if bool(row["group"]) == bool(row["image"]):
            return False
        return self.seen.add(f"verified by {row['email']}", row["group"] or row["image"])

    def _encoders(self, row: Row) -> bool:
        return self.seen.add("encoders", row["key"])

    def _tasks(self, row: Row) -> bool:
        has_types = all(self.seen.has("types", key) for key in row["types"])
        return has_types and self.seen.add("tasks", row["id"])

    def _versions(self, row: Row) -> bool:
        is_trained = row["status"] == "TRAINED"
        if is_trained and (row["dimension"] is None or row["trained"] is None):
            return False
        about = f"{row['task']} {row['dimension']}" if is_trained else ""
        return self.seen.add(f"numbers of {row['task']}", str(row["number"])) and self.seen.add(
            "versions", row["id"], about
        )

    def _collections(self, row: Row) -> bool:
        # An untrained version has no data, so no collection fits it.
        task, _, dimension = (self.seen.find("versions", row["version"]) or "").partition(" ")
        return task == row["task"] and self.seen.add("collections", row["id"], dimension)

    def _records(self, row: Row) -> bool:
        dimension = int(self.seen.find("collections", row["collection"]) or 0)
        is_whole = len(unpacked(row["vector"])) == 4 * dimension
        return is_whole and self.seen.add(f"in {row['collection']}", row["key"])
