import hashlib
import json

import numpy as np
import pytest

from dashboard.engine import artifacts
from dashboard.engine.errors import BrokenArtifact, ForeignArtifact
from dashboard.engine.training import TrainingSet, fit


@pytest.fixture(scope="module")
def model(make, prior):
    types = (make.type_data(groups=20), make.type_data(key="farbe/größe", seed=2))
    return fit(
        TrainingSet("toy-1", types),
        prior=prior,
    )


@pytest.fixture
def folder(model, tmp_path):
    artifacts.save(model, tmp_path / "versions" / "7")
    return tmp_path / "versions" / "7"


def change(path, **fields):
    path.write_text(json.dumps({**json.loads(path.read_text()), **fields}))


def test_it_works(model, folder, make):
    loaded = artifacts.load(folder, encoder="toy-1")
    features = make.type_data().features

    assert loaded.report() == model.report()
    assert loaded.made == model.made
    assert len(loaded.made["data"]) == 64
    assert [part.key for part in loaded.heads] == ["product", "farbe/größe"]
    assert loaded.describe(features).tobytes() == model.describe(features).tobytes()


def test_only_the_two_files_are_there(folder):
    assert sorted(path.name for path in folder.iterdir()) == ["heads.npz", "manifest.json"]
    assert [path.name for path in folder.parent.iterdir()] == ["7"]


def test_a_folder_that_is_there_is_never_written_over(model, folder):
    before = (folder / "heads.npz").read_bytes()

    with pytest.raises(FileExistsError):
        artifacts.save(model, folder)
    assert (folder / "heads.npz").read_bytes() == before


def test_a_failure_leaves_nothing_behind(model, tmp_path, monkeypatch):
    def full(*_):
        raise OSError("No space left on device")

    monkeypatch.setattr(artifacts.os, "fsync", full)

    with pytest.raises(OSError, match="No space"):
        artifacts.save(model, tmp_path / "7")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", ["heads.npz", "manifest.json"])
def test_a_missing_file_is_refused(folder, name):
    (folder / name).unlink()

    with pytest.raises(BrokenArtifact, match=name):
        artifacts.load(folder)


@pytest.mark.parametrize("at", [0, 200, -30])
def test_one_wrong_bit_is_refused(folder, at):
    data = bytearray((folder / "heads.npz").read_bytes())
    data[at] ^= 4
    (folder / "heads.npz").write_bytes(data)

    with pytest.raises(BrokenArtifact, match="checksum"):
        artifacts.load(folder)


def test_half_a_file_is_refused(folder):
    data = (folder / "heads.npz").read_bytes()
    (folder / "heads.npz").write_bytes(data[: len(data) // 2])

    with pytest.raises(BrokenArtifact, match="Train again"):
        artifacts.load(folder)


@pytest.mark.parametrize("text", ["", "{", "\xff", "[]", "{}", '{"kind": "cake"}'])
def test_a_manifest_that_is_none_is_refused(folder, text):
    (folder / "manifest.json").write_text(text)

    with pytest.raises((BrokenArtifact, ForeignArtifact), match=r"manifest.json cannot be used"):
        artifacts.load(folder)


def test_an_unknown_format_is_refused(folder):
    change(folder / "manifest.json", format=3)

    with pytest.raises(ForeignArtifact, match="format is 3, not 1 or 2"):
        artifacts.load(folder)


def test_a_model_for_another_encoder_is_refused(folder):
    with pytest.raises(ForeignArtifact, match="encoder toy-1, not toy-2"):
        artifacts.load(folder, encoder="toy-2")


def test_a_manifest_of_more_types_than_arrays_is_refused(folder):
    manifest = json.loads((folder / "manifest.json").read_text())
    change(folder / "manifest.json", types=manifest["types"] * 2)

    with pytest.raises(BrokenArtifact, match="do not fit"):
        artifacts.load(folder)


def test_pickles_are_never_read(folder):
    np.savez(folder / "heads.npz", mean_0=np.array([{"a": 1}]), directions_0=np.ones(1))
    checksum = hashlib.sha256((folder / "heads.npz").read_bytes()).hexdigest()
    change(folder / "manifest.json", sha256=checksum)

    with pytest.raises(BrokenArtifact, match="do not fit"):
        artifacts.load(folder)
