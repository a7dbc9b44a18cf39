"""Export and import a small workspace with a little of everything, and check the copies."""

from base64 import b64encode
from collections import Counter, deque
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any
from urllib.parse import urljoin
from uuid import UUID

import requests

from dashboard.files.errors import FileRefused
from dashboard.files.exchange.transfer_reading import TransferReader
from tests.faults.installation import Installation
from tests.faults.verdict import Verdict
from tests.live import csrf_of
from tests.pictures import packed_files, photos
from tests.sending import Sender, post_form

EMAIL, PASSWORD = "source@example.org", "correct horse battery"
PICTURES, GROUPS, RECORDS = 160, 8, 20
SIZE = (240, 180)
API = "similarity/training/v2"
SETTINGS = "settings/transfers"

# Everything that an archive holds of a workspace, with names and contents for ids.
TOLD = {
    "images": "SELECT sha256, stored_sha256, file_name, extension, width, height, created"
    " FROM dashboard_image WHERE deleted IS NULL AND workspace_id = {w}",
    "features": "SELECT i.sha256, f.encoder, f.vector FROM dashboard_feature f"
    " JOIN dashboard_image i ON i.id = f.image_id WHERE f.workspace_id = {w}",
    "types": "SELECT name, exclusive, groups_count, created FROM dashboard_similaritytype"
    " WHERE workspace_id = {w}",
    "regions": 'SELECT i.sha256, r."left", r.top, r."right", r.bottom, r.created'
    " FROM dashboard_region r"
    " JOIN dashboard_image i ON i.id = r.image_id WHERE r.workspace_id = {w}",
    "region_features": 'SELECT i.sha256, f.encoder, f."left", f.top, f."right", f.bottom, f.vector'
    " FROM dashboard_regionfeature f"
    " JOIN dashboard_image i ON i.id = f.image_id WHERE f.workspace_id = {w}",
    "groups": "SELECT t.name, g.name, g.images_count, g.regions_count, g.groups_count, g.created"
    " FROM dashboard_group g JOIN dashboard_similaritytype t ON t.id = g.similarity_type_id"
    " WHERE g.workspace_id = {w}",
    "members": "SELECT g.name, i.sha256 FROM dashboard_groupimage m"
    " JOIN dashboard_group g ON g.id = m.group_id JOIN dashboard_image i ON i.id = m.image_id"
    " WHERE g.workspace_id = {w} UNION ALL"
    " SELECT g.name, i.sha256 FROM dashboard_groupregion m"
    " JOIN dashboard_group g ON g.id = m.group_id JOIN dashboard_region r ON r.id = m.region_id"
    " JOIN dashboard_image i ON i.id = r.image_id WHERE g.workspace_id = {w}",
    "tasks": "SELECT k.name, k.versions_count, v.number FROM dashboard_task k"
    " LEFT JOIN dashboard_version v ON v.id = k.production_version_id WHERE k.workspace_id = {w}",
    "versions": "SELECT number, status, encoder, seed, dimension, trained FROM dashboard_version"
    " WHERE workspace_id = {w}",
    "collections": "SELECT name, records_count FROM dashboard_collection WHERE workspace_id = {w}",
    "records": "SELECT r.key, r.vector FROM dashboard_record r"
    " JOIN dashboard_collection c ON c.id = r.collection_id WHERE c.workspace_id = {w}",
}


@dataclass
class Transfers:
    """The workspace that is exported and imported, and the transfers that were requested."""

    installation: Installation
    exports: int = 0
    imports: list[UUID] = field(default_factory=list)  # the workspaces of the imports

    # The work itself; each method returns when it was accepted

    def export(self) -> str:
        """Start an export of the workspace."""
        self._begin_export()
        return "export"

    def bring_in(self) -> str:
        """Upload the archive to an empty workspace; a job imports it."""
        archive = self._archive
        session = self._session
        name = f"zz {len(self.imports) + 1}"  # the first by name stays the source
        post_form(self.installation, session, "settings/workspace/new", {"name": name})
        address = self._post(session, f"{SETTINGS}/import").rstrip("/")
        upload = str(UUID(address.split("/")[-2]))
        self.imports.append(self._workspace(f"name = '{name}'"))
        self._sender.send_into(upload, "workspace.zip", archive)
        return "import"

    def _begin_export(self) -> UUID:
        session = self._signed_in  # continues in the workspace that has all data
        self.exports += 1
        return UUID(self._post(session, f"{SETTINGS}/export").rstrip("/").split("/")[-1])

    def _post(self, session: requests.Session, page: str) -> str:
        """Press a button of the page of transfers; return the URL that it leads to."""
        address = urljoin(self.installation.url, SETTINGS)
        token = csrf_of(session.get(address, timeout=60).text)
        answer = session.post(
            urljoin(self.installation.url, page), {"csrfmiddlewaretoken": token}, timeout=60
        )
        answer.raise_for_status()
        return answer.url

    # The workspace, made once

    @cached_property
    def source(self) -> UUID:
        """Make the workspace, with an account that owns it, and fill it."""
        self.installation.manage("user", "create", "--email", EMAIL, "--password", PASSWORD)
        files = photos(PICTURES, SIZE, seed=4711)
        named = {f"all/Group {at % GROUPS}/{at:03}.jpg": data for at, data in enumerate(files)}
        self._sender.send("all.zip", packed_files(named), new_type="Same photo")
        self._wait("upload")
        task = self._train()
        self._collect(task, files[:RECORDS])
        return self._workspace(
            "id = (SELECT workspace_id FROM accounts_membership m JOIN accounts_user u"
            f" ON u.id = m.user_id WHERE u.email = '{EMAIL}')"
        )

    def _train(self) -> str:
        """Train on the groups and on a region of an image that is in one."""
        json = self._sender.json
        [kind] = json("GET", f"{API}/type")["results"]
        [group, *_] = json("GET", f"{API}/group")["results"]
        [image, *_] = json("GET", "recognition/v2/training-image")["results"]
        [label] = json("GET", "detection/v2/label")["results"]
        box = {"image": image["id"], "detection_label": label["id"], "data": [10, 10, 90, 80]}
        region = json("POST", "detection/v2/object", box)["id"]
        json("POST", f"{API}/group/{group['id']}/add-objects", {"objects": [region]})
        task = str(json("POST", f"{API}/task", {"name": "Photos"})["id"])
        json("POST", f"{API}/task/{task}/add-type", {"type_id": kind["id"]})
        json("POST", "account/v2/request/", {"type": "train", "task_id": task})
        self._wait("train")
        return task

    def _collect(self, task: str, pictures: list[bytes]) -> None:
        made = self._sender.json("POST", "account/v2/collection", {"name": "Shop", "task": task})
        records = [
            {"_id": str(at), "_base64": b64encode(data).decode(), "price": at}
            for at, data in enumerate(pictures)
        ]
        self._sender.call(
            "POST",
            "similarity/custom/v2/insert",
            json={"records": records},
            headers={"collection-id": str(made["id"])},
        )
        self._wait("describe")

    def _wait(self, kind: str) -> None:
        job = self.installation.rows.wait(kind, patience=240)
        assert job["state"] == "done", job

    @cached_property
    def _archive(self) -> bytes:
        transfer = self._begin_export()
        self._wait("export")
        address = urljoin(self.installation.url, f"{SETTINGS}/{transfer}/file")
        answer = self._signed_in.get(address, timeout=60)
        answer.raise_for_status()
        return answer.content

    @cached_property
    def _sender(self) -> Sender:
        manage = self.installation.manage
        return Sender(
            self.installation, manage("token", "create", "--email", EMAIL, "--name", "faults")
        )

    @cached_property
    def _signed_in(self) -> requests.Session:
        assert self.source
        return self.installation.signed_in(EMAIL, PASSWORD)

    @cached_property
    def _session(self) -> requests.Session:
        """Return a session that moves from one new workspace to the next."""
        return self.installation.signed_in(EMAIL, PASSWORD)

    def _workspace(self, condition: str) -> UUID:
        found = self.installation.rows.one(f"SELECT id FROM accounts_workspace WHERE {condition}")
        return found if isinstance(found, UUID) else UUID(found)

    # The conditions that must hold

    def look(self) -> int:
        """Return the number of offered archives that are incomplete, while work continues."""
        return sum(not self._is_whole(path) for path in self._paths() if path)

    def judge(self) -> Verdict:
        """Compare archives and copies with the workspace."""
        if not (self.exports or self.imports):
            return Verdict()
        paths = self._paths()
        lost = max(0, self.exports - len(paths)) + sum(not self._is_whole(path) for path in paths)
        verdict = Verdict(lost, doubled=max(0, len(paths) - self.exports))
        wanted = self._told(self.source)
        for copy in self.imports:
            verdict += _compared(wanted, self._told(copy))
            told = self._count("accounts_change", f"{_is_of(copy)} AND verb = 'imported'")
            verdict += Verdict(lost=int(not told), doubled=max(0, told - 1))
        return verdict

    def _paths(self) -> list[str]:
        rows = self.installation.rows.all(
            "SELECT path FROM dashboard_transfer WHERE direction = 'export'"
        )
        return [path for (path,) in rows]

    def _is_whole(self, path: str) -> bool:
        """Return whether an archive has all data of the workspace and correct checksums."""
        file = Path(self.installation.folder, "files", path)
        if not path or not file.is_file():
            return False
        with file.open("rb") as stream:
            try:
                archive = TransferReader(stream)
                deque(archive.check_sums(), maxlen=0)
            except FileRefused:
                return False
        return {noun: archive.counts.get(noun, 0) for noun in TOLD} == self._counts

    @cached_property
    def _counts(self) -> dict[str, int]:
        counts = {noun: rows.total() for noun, rows in self._told(self.source).items()}
        assert all(counts.values()), f"there is nothing to lose: {counts}"
        return counts

    def _told(self, workspace: UUID) -> dict[str, Counter[Any]]:
        return {
            noun: Counter(
                tuple(bytes(v) if isinstance(v, memoryview) else v for v in row)
                for row in self.installation.rows.all(sql.format(w=f"'{workspace.hex}'"))
            )
            for noun, sql in TOLD.items()
        }

    def _count(self, table: str, condition: str) -> int:
        found: int = self.installation.rows.one(f"SELECT count(*) FROM {table} WHERE {condition}")
        return found


def _is_of(workspace: UUID) -> str:
    return f"workspace_id = '{workspace.hex}'"


def _compared(wanted: dict[str, Counter[Any]], there: dict[str, Counter[Any]]) -> Verdict:
    verdict = Verdict()
    for noun, rows in wanted.items():
        lost, doubled = (rows - there[noun]).total(), (there[noun] - rows).total()
        verdict += Verdict(lost, doubled, (f"{noun}: {lost} lost",) if lost or doubled else ())
    return verdict
