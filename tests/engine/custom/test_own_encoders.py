import hashlib
import subprocess
import sys
from dataclasses import dataclass
from functools import cache
from pathlib import PurePath

import numpy as np
import pytest
from PIL import Image

from dashboard.engine.build.drawing.pictures import Amounts, pictures
from dashboard.engine.custom import artifact, isolated
from dashboard.engine.custom.graph import Graph
from dashboard.engine.custom.isolated import try_isolated
from dashboard.engine.custom.preparing import Prepared, prepare
from dashboard.engine.custom.preprocessing import Preprocessing, read_preprocessing
from dashboard.engine.custom.trial import try_graph
from dashboard.engine.errors import BrokenArtifact, ForeignArtifact, UnfitEncoder
from dashboard.engine.heads import unit_rows
from tests.engine.custom import graphs

WHERE = PurePath("encoder")
FEW = Amounts(
    things=12, thing_views=3, forms=6, palettes=6, finishes=6, signs=24, skeletons=6, hands=4,
    fields=6, regions=2, region_views=2,
)  # fmt: skip
SHAPES = {
    "resnet": (graphs.resnet_like(), {}),
    "vit": (graphs.vit_like(), {"size": {"shortest_edge": 72}, "crop_size": 64, "resample": 3}),
    "dynamic": (graphs.dynamic(), {"height": 80, "width": 96, "fit": "stretch"}),
}


class Counted:
    def report(self, done: int, total: int, step: str = "") -> None:
        assert 0 < done <= total


@dataclass(frozen=True)
class Shape:
    data: bytes
    graph: Graph
    preprocessing: Preprocessing
    prepared: Prepared


@cache
def made(name):
    data, stated = SHAPES[name]
    graph = Graph(data)
    preprocessing = read_preprocessing(stated, graph.input)
    key = artifact.key_of(sha256(data), preprocessing)
    prepared = prepare(key, graph, preprocessing, amounts=FEW, progress=Counted())
    return Shape(data, graph, preprocessing, prepared)


def sha256(data):
    return hashlib.sha256(data).hexdigest()


def packed(shape):
    files = artifact.packed(shape.prepared, sha256(shape.data))
    return {artifact.GRAPH: shape.data} | files


@cache
def drawn():
    return [picture.image for picture in pictures(FEW)][:8]


@pytest.fixture(params=SHAPES)
def shape(request):
    return made(request.param)


def test_it_works(shape):
    trial = try_graph(shape.graph, shape.preprocessing)
    assert trial.dimension in (48, 32, 40)
    assert trial.seconds > 0
    encoder, prior = shape.prepared
    features = encoder.features(np.stack([encoder.prepare(image) for image in drawn()]))
    assert features.shape == (8, encoder.dimension)
    rows = prior.untrained.describe(features)
    assert np.allclose(np.linalg.norm(rows, axis=1), 1, atol=1e-5)


def test_a_trial_in_a_program_of_its_own_finds_the_same(shape, tmp_path):
    file = tmp_path / "graph.onnx"
    file.write_bytes(shape.data)
    stated = next(said for data, said in SHAPES.values() if data == shape.data)
    tried = try_isolated(file, stated, output="", pooling="")
    assert tried.preprocessing == shape.preprocessing
    assert tried.trial.dimension == try_graph(shape.graph, shape.preprocessing).dimension


def test_a_trial_that_does_not_come_back_is_a_refusal(tmp_path, monkeypatch):
    file = tmp_path / "graph.onnx"
    file.write_bytes(graphs.resnet_like())
    monkeypatch.setattr(isolated, "LONGEST_TRIAL", 0.01)
    with pytest.raises(UnfitEncoder, match="did not end"):
        try_isolated(file, {}, output="", pooling="")
    monkeypatch.setattr(isolated, "LONGEST_TRIAL", 60)
    monkeypatch.setattr(isolated, "ROOT", tmp_path)  # where there is no such program
    monkeypatch.chdir(tmp_path)
    with pytest.raises(UnfitEncoder, match="ended at once"):
        try_isolated(file, {}, output="", pooling="")


MEASURED_TRIAL = """
import resource, sys
from pathlib import Path
from dashboard.engine.errors import UnfitEncoder
from dashboard.engine.custom.isolated import try_isolated
try:
    try_isolated(Path(sys.argv[1]), {}, output="", pooling="")
except UnfitEncoder as refusal:
    print(refusal)
print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)
"""


@pytest.mark.parametrize("gigabytes", [4, 64])
def test_a_trial_that_takes_all_memory_is_a_refusal(tmp_path, gigabytes):
    """A kilobyte that asks for gigabytes; its program has a limit, so this one goes on."""
    file = tmp_path / "graph.onnx"
    file.write_bytes(graphs.gluttonous(gigabytes))
    assert file.stat().st_size < 2000
    # In a program that waits for no other: the peak is that of the largest it has waited for.
    done = subprocess.run(
        [sys.executable, "-c", MEASURED_TRIAL, str(file)],
        capture_output=True,
        check=True,
        text=True,
    )
    refusal, kilobytes = done.stdout.splitlines()
    assert "needs more than 2.1 GB of memory" in refusal
    assert int(kilobytes) < 3_000_000


def test_the_limit_on_memory_grows_with_the_file(tmp_path, monkeypatch):
    file = tmp_path / "graph.onnx"
    file.write_bytes(graphs.resnet_like())
    monkeypatch.setattr(isolated, "MOST_MEMORY", 1 << 20)
    with pytest.raises(UnfitEncoder, match="memory"):
        try_isolated(file, {}, output="", pooling="")
    monkeypatch.setattr(isolated, "LOADING", 1 << 14)
    assert try_isolated(file, {}, output="", pooling="").trial.dimension == 48


def test_the_basis_keeps_the_angles(shape):
    """With as many axes as the graph has numbers, a projection only turns."""
    encoder, graph = shape.prepared.encoder, shape.graph
    pixels = [encoder.prepare(image) for image in drawn()]
    raw = np.stack([graph.answer(shape.preprocessing.values(one, graph.input)) for one in pixels])
    unit = unit_rows(raw.astype(np.float64)) - encoder.basis.mean
    features = encoder.features(np.stack(pixels)).astype(np.float64)
    assert np.allclose(features @ features.T, unit @ unit.T, atol=5e-3)


def test_an_encoder_comes_back_from_its_files(shape):
    files = packed(shape)
    assert list(files)[-1] == artifact.MANIFEST
    again = artifact.unpacked(files, WHERE)
    encoder = shape.prepared.encoder
    pixels = np.stack([encoder.prepare(image) for image in drawn()])
    assert np.array_equal(again.encoder.features(pixels), encoder.features(pixels))
    assert np.allclose(again.prior.within, shape.prepared.prior.within, atol=1e-6)
    assert again.encoder.key == again.prior.encoder == encoder.key


@pytest.mark.parametrize("name", [artifact.GRAPH, artifact.ARRAYS])
def test_a_damaged_file_is_refused(name):
    files = packed(made("resnet"))
    with pytest.raises(BrokenArtifact, match=name):
        artifact.unpacked(files | {name: files[name][:-1] + b"x"}, WHERE)


@pytest.mark.parametrize("manifest", [b"", b"[]", b"{}"])
def test_a_damaged_manifest_is_refused(manifest):
    with pytest.raises(BrokenArtifact, match="damaged"):
        artifact.unpacked({artifact.MANIFEST: manifest}, WHERE)


def test_a_foreign_manifest_is_refused():
    with pytest.raises(ForeignArtifact, match="likewise-encoder 1"):
        artifact.unpacked({artifact.MANIFEST: b'{"kind": "other", "format": 7}'}, WHERE)


@pytest.mark.parametrize(
    ("data", "sentence"),
    [
        (b"no graph", "cannot load the file"),
        (graphs.two_inputs(), "has 2 inputs"),
    ],
)
def test_what_is_no_encoder_is_refused(data, sentence):
    with pytest.raises(UnfitEncoder, match=sentence):
        Graph(data)


def test_an_output_that_is_not_there_is_refused():
    with pytest.raises(UnfitEncoder, match="its outputs are embedding"):
        Graph(graphs.resnet_like(), output="logits")


def test_a_pooling_that_does_not_fit_is_refused():
    with pytest.raises(UnfitEncoder, match="cannot be pooled"):
        Graph(graphs.resnet_like(), pooling="cls")


@pytest.mark.parametrize(
    ("value", "sentence"), [(1.0, "nearly equal embeddings"), (float("nan"), "not finite")]
)
def test_a_graph_that_tells_nothing_apart_is_refused(value, sentence):
    graph = Graph(graphs.constant(value=value))
    with pytest.raises(UnfitEncoder, match=sentence):
        try_graph(graph, read_preprocessing({}, graph.input))


def test_tokens_are_pooled_as_asked():
    first, mean = Graph(graphs.vit_like()), Graph(graphs.vit_like(), pooling="mean")
    picture = np.random.default_rng(0).normal(size=(3, 64, 64)).astype(np.float32)
    assert first.output.pooling == "cls"
    assert not np.allclose(first.answer(picture), mean.answer(picture))


@pytest.mark.parametrize(
    ("stated", "expected"),
    [
        (
            {"size": {"shortest_edge": 256}, "crop_size": {"height": 224, "width": 224},
             "do_center_crop": True, "resample": 2,
             "image_mean": [0.5] * 3, "image_std": [0.5] * 3},
            Preprocessing(224, 224, "crop", 256, "bilinear", (0.5,) * 3, (0.5,) * 3),
        ),
        (
            {"size": {"height": 224, "width": 224}, "do_center_crop": None,
             "image_mean": [0.5] * 3, "image_std": [0.5] * 3},
            Preprocessing(224, 224, "stretch", 224, "bicubic", (0.5,) * 3, (0.5,) * 3),
        ),
        (
            {"pretrained_cfg": {"input_size": [3, 224, 224], "crop_pct": 0.875,
                                "interpolation": "bicubic", "mean": [0.1] * 3, "std": [0.2] * 3}},
            Preprocessing(224, 224, "crop", 256, "bicubic", (0.1,) * 3, (0.2,) * 3),
        ),
    ],
)  # fmt: skip
def test_the_usual_files_are_understood(stated, expected):
    graph = Graph(graphs.dynamic())
    assert read_preprocessing(stated, graph.input) == expected


@pytest.mark.parametrize(
    ("stated", "sentence"),
    [
        ({"height": 32, "width": 32}, "the graph takes 64"),
        ({"mean": [0.5, 0.5]}, "three numbers"),
        ({"std": [0, 1, 1]}, "above zero"),
        ({"fit": "squeeze"}, "letterbox, crop or stretch"),
        ({"resampling": "magic"}, "not one of"),
        ({"mean": "dark"}, "is not valid"),
        ({"size": {"side": 3}}, "is not valid"),
        ({"height": "many"}, "is not valid"),
    ],
)
def test_a_bad_preprocessing_is_refused(stated, sentence):
    graph = Graph(graphs.resnet_like())
    with pytest.raises(UnfitEncoder, match=sentence):
        read_preprocessing(stated, graph.input)


@pytest.mark.parametrize("size", [(1, 1), (1, 300), (300, 1), (640, 480)])
@pytest.mark.parametrize("fit", ["crop", "stretch", "letterbox"])
def test_any_picture_fits(fit, size):
    how = Preprocessing(64, 64, fit, 72)
    assert how.pixels(Image.new("RGB", size)).shape == (64, 64, 3)


def test_another_preprocessing_is_another_encoder():
    one, other = Preprocessing(), Preprocessing(mean=(0.5, 0.5, 0.5))
    assert artifact.key_of("ab", one) == artifact.key_of("ab", one)
    assert artifact.key_of("ab", one) != artifact.key_of("ab", other)
    assert artifact.key_of("ab", one) != artifact.key_of("cd", one)
