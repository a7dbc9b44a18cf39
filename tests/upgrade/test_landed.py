"""A migration that has landed is never changed, renamed or removed."""

import json
from pathlib import Path

import pytest

from tests.upgrade import landed


def test_no_landed_migration_was_changed_renamed_or_removed() -> None:
    assert landed.changed() == [], "add a migration instead: see “A migration” in CONTRIBUTING"


def test_every_migration_is_written_down() -> None:
    new = landed.migrations().keys() - landed.landed().keys()
    assert not new, "run `python -m tests.upgrade.landed` once their numbers are final"


@pytest.mark.parametrize("fault", ["changed", "renamed", "removed"])
def test_a_rewritten_migration_is_found_and_not_written_down(
    fault: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "accounts/migrations"
    folder.mkdir(parents=True)
    (file := folder / "0001_initial.py").write_text("one")
    monkeypatch.setattr(landed, "ROOT", tmp_path)
    monkeypatch.setattr(landed, "LANDED", tmp_path / "landed.json")
    landed.LANDED.write_text("{}")
    assert landed.main() == 0
    (folder / "0002_more.py").write_text("two")
    assert landed.main() == 0
    written = landed.LANDED.read_text()
    assert [*json.loads(written)] == [
        "accounts/migrations/0001_initial.py",
        "accounts/migrations/0002_more.py",
    ]
    match fault:
        case "changed":
            file.write_text("one and a half")
        case "renamed":
            file.rename(folder / "0003_initial.py")
        case "removed":
            file.unlink()
    assert landed.changed() == ["accounts/migrations/0001_initial.py"]
    assert landed.main() == 1
    assert landed.LANDED.read_text() == written
