"""A workspace on another server, played from lists that a test may change, with faults."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from tests.factories import drawn_jpeg
from tests.remote.stand_in import Asked, Reply, StandIn, says

WORKSPACE = "ws-7"
PATHS = {
    "detection/v2/label": "labels",
    "similarity/training/v2/type": "types",
    "similarity/training/v2/group": "groups",
    "recognition/v2/training-image": "images",
    "detection/v2/object": "regions",
    "similarity/training/v2/task": "tasks",
    "similarity/training/v2/model": "versions",
}


@dataclass
class World:
    """The rows by list, the bytes by link, and faults by path: each is played once."""

    url: str
    rows: dict[str, list[dict[str, Any]]] = field(
        default_factory=lambda: {name: [] for name in PATHS.values()}
    )
    members: dict[str, list[str]] = field(default_factory=dict)  # images of groups
    files: dict[str, bytes] = field(default_factory=dict)
    faults: dict[str, list[Reply | None]] = field(default_factory=dict)
    before: Callable[[Asked], None] = lambda _: None
    workspaces: list[str] = field(default_factory=lambda: [WORKSPACE])

    def __call__(self, asked: Asked) -> Reply | None:
        """Answer a request."""
        path = asked.path.strip("/")
        self.before(asked)
        if self.faults.get(path):
            return self.faults[path].pop(0)
        if path == "account/v2/user":
            listed = [{"id": one, "name": one, "role": "editor"} for one in self.workspaces]
            return says({"id": "u1", "workspaces": listed})
        if path in self.files:
            return Reply(200, self.files[path], {"Content-Type": "image/jpeg"})
        if path in PATHS:
            return self._page(PATHS[path], asked.query)
        return self._one(path)

    def _page(self, name: str, query: dict[str, str]) -> Reply:
        rows = self.rows[name]
        if "group" in query:
            rows = [row for row in rows if row["id"] in self.members.get(query["group"], [])]
        if "task" in query:
            rows = [row for row in rows if row["task"] == query["task"]]
        size, number = int(query["page_size"]), int(query.get("page", 1))
        start = (number - 1) * size
        following = f"{self.url}/x?page={number + 1}" if start + size < len(rows) else None
        results = rows[start : start + size]
        return says({"count": len(rows), "next": following, "previous": None, "results": results})

    def _one(self, path: str) -> Reply:
        parent, _, key = path.rpartition("/")
        for row in self.rows.get(PATHS.get(parent, ""), []):
            if row["id"] == key:
                return says(row | {"images": [], "detection_objects": [], "groups": []})
        return says({"detail": "Not found."}, 404)

    def add(self, name: str, /, **row: Any) -> dict[str, Any]:
        """Put a row at the beginning of a list."""
        self.rows[name].insert(0, row)
        return row

    def add_image(self, key: str, data: bytes | None = None, **row: Any) -> dict[str, Any]:
        """Put an image with its bytes at the beginning of the list."""
        self.files[f"files/{key}"] = drawn_jpeg(len(self.files)) if data is None else data
        link = f"{self.url}/files/{key}"
        return self.add("images", **{"id": key, "img_path": link, "meta_data": {}} | row)


def playing(stand_in: StandIn) -> World:
    """Let the stand-in play a world."""
    world = World(stand_in.url)
    stand_in.player = world
    return world
