import numpy as np
import pytest
from django.core.management import CommandError, call_command

from dashboard import runtime
from dashboard.engine.build.drawing.pictures import Amounts
from dashboard.engine.custom import preparing
from dashboard.engine.prior import BOTH, BUILTIN
from dashboard.files.store import paths, storage
from dashboard.jobs.runner import run_job
from dashboard.models import Encoder, Feature, Job, RegionFeature, Version
from dashboard.queries.training.encoders import choices, default_key, encoders, keys_in_use
from dashboard.services.errors import EncoderExists, EncoderInUse, EncoderRefused
from dashboard.services.jobs.subject_end import cancel_job
from dashboard.services.library.groups import add_images
from dashboard.services.search.search import search_by_image
from dashboard.services.training.describing import start_describing
from dashboard.services.training.descriptors import describe
from dashboard.services.training.encoder_files import use_backbone
from dashboard.services.training.encoders import (
    NewEncoder,
    delete_encoder,
    prepare_again,
    register_at_once,
    register_encoder,
    set_default,
)
from dashboard.services.training.features import ensure_features
from dashboard.services.training.tasks import add_type, change_task, create_task
from dashboard.services.training.training import start_training
from tests.engine.custom import graphs
from tests.factories import drawn_jpeg, make_group, make_image, make_region, make_task, make_type

FEW = Amounts(
    things=12, thing_views=3, forms=6, palettes=6, finishes=6, signs=24, skeletons=6, hands=4,
    fields=6, regions=2, region_views=2,
)  # fmt: skip


@pytest.fixture(autouse=True)
def _quick(monkeypatch):
    """Show the graph a hundred drawn pictures instead of three thousand."""
    monkeypatch.setattr(preparing, "AMOUNTS", FEW)


@pytest.fixture
def brought(tmp_path):
    """Give what somebody brings: a graph on the disk, and what is said of it."""

    def brought(data, stated=None, name="Small net"):
        file = tmp_path / f"{name}.onnx"
        file.write_bytes(data)
        return NewEncoder(name, file, stated or {})

    return brought


@pytest.fixture
def resnet(brought):
    def resnet(name="Small net", side=64):
        return brought(graphs.resnet_like(side), {"height": side, "width": side}, name)

    return resnet


@pytest.fixture
def encoder(db, resnet):
    return register_at_once(new=resnet())


@pytest.fixture
def task(cast):
    kind = make_type(cast.workspace)
    for number in range(3):
        group = make_group(kind, f"Group {number}")
        images = [make_image(cast.workspace, seed=10 * number + i) for i in range(3)]
        add_images(group=group, ids=[image.id for image in images], actor=cast.bob)
    made = make_task(cast.workspace)
    add_type(task=made, similarity_type=kind, actor=cast.bob)
    return made


def trained(task, cast):
    version, job = start_training(task=task, actor=cast.bob)
    run_job(str(job.id))
    version.refresh_from_db()
    assert version.status == Version.Status.TRAINED, version.detail
    return version


def test_it_works(cast, resnet):
    row, job = register_encoder(new=resnet(), workspace=cast.workspace, actor=cast.alice)
    assert (row.state, row.dimension) == (Encoder.State.PREPARING, 48)
    assert row.key not in dict(choices())
    run_job(str(job.pk))
    row.refresh_from_db()
    job.refresh_from_db()
    assert (row.state, job.state) == (Encoder.State.READY, Job.State.DONE)
    assert dict(choices())[row.key] == "Small net"
    assert runtime.encoder(row.key).dimension == 48


def test_a_task_learns_on_the_encoder_that_it_chose(cast, task, encoder):
    change_task(task=task, changes={"encoder": encoder.key}, actor=cast.bob)
    version = trained(task, cast)
    assert version.encoder == encoder.key
    assert set(Feature.objects.values_list("encoder", flat=True)) == {encoder.key}
    (row, width, height), *_ = describe(version=version, pictures_bytes=[drawn_jpeg(1)])  # type: ignore[misc]
    assert (width, height) == (64, 48)
    assert np.isclose(np.linalg.norm(row), 1, atol=1e-5)


def test_two_encoders_live_side_by_side(cast, task, encoder):
    first = trained(task, cast)
    change_task(task=task, changes={"encoder": encoder.key}, actor=cast.bob)
    second = trained(task, cast)
    assert (first.encoder, second.encoder) == (BOTH, encoder.key)
    image = make_image(cast.workspace, seed=99)
    assert keys_in_use(cast.workspace) == [BOTH, encoder.key]
    assert start_describing(workspace=cast.workspace, actor=cast.bob) is None, "the choice did so"
    run_job(str(Job.objects.get(kind=Job.Kind.DESCRIBE).id))
    by = Feature.objects.filter(image=image).values_list("encoder", flat=True)
    assert sorted(by) == sorted([BOTH, encoder.key])
    for version in (first, second):
        assert len(search_by_image(image=image, version=version, k=9)) == 9


def test_the_default_is_for_new_versions(cast, task, encoder):
    set_default(encoder=encoder)
    assert default_key() == encoder.key
    assert trained(task, cast).encoder == encoder.key
    set_default(encoder=None)
    assert trained(task, cast).encoder == BOTH


def test_features_of_another_side_are_taken_from_enough_pixels(cast, encoder, resnet):
    """An encoder of 224 pixels must not see a picture that was decoded for one of 128."""
    big = register_at_once(new=resnet("Big", side=224))
    image = make_image(cast.workspace, seed=3)
    ensure_features(images=[image], encoder_key=big.key)
    assert runtime.encoder(big.key).size >= 224
    assert Feature.objects.get(image=image).encoder == big.key


def test_an_unfit_one_keeps_nothing(cast, brought):
    unfit = brought(graphs.constant())
    with pytest.raises(EncoderRefused, match="nearly equal"):
        register_encoder(new=unfit, workspace=cast.workspace, actor=cast.alice)
    assert not Encoder.objects.exists()
    assert not Job.objects.exists()
    assert not [*storage.names("encoders")]


def test_the_same_one_twice_is_refused(cast, encoder, resnet):
    with pytest.raises(EncoderExists, match="Small net"):
        register_encoder(new=resnet("Again"), workspace=cast.workspace, actor=cast.alice)


def test_one_that_is_not_ready_cannot_be_chosen(cast, resnet):
    row, _ = register_encoder(new=resnet(), workspace=cast.workspace, actor=cast.alice)
    with pytest.raises(EncoderRefused):
        create_task(workspace=cast.workspace, name="Shoes", encoder=row.key, actor=cast.bob)
    with pytest.raises(EncoderRefused, match="not ready"):
        set_default(encoder=row)
    assert default_key() == BOTH


def test_a_cancelled_preparation_can_be_tried_again(cast, resnet):
    row, job = register_encoder(new=resnet(), workspace=cast.workspace, actor=cast.alice)
    cancel_job(job=job, actor=cast.alice)
    row.refresh_from_db()
    assert row.state == Encoder.State.FAILED
    again = prepare_again(encoder=row, workspace=cast.workspace, actor=cast.alice)
    assert prepare_again(encoder=row, workspace=cast.workspace, actor=cast.alice) is None
    run_job(str(again.pk))
    row.refresh_from_db()
    assert row.state == Encoder.State.READY


def test_one_that_is_needed_stays(cast, task, encoder):
    change_task(task=task, changes={"encoder": encoder.key}, actor=cast.bob)
    with pytest.raises(EncoderInUse, match="1 task, 0 versions"):
        delete_encoder(encoder=encoder)
    assert storage.exists(f"{paths.encoder(encoder.key)}/graph.onnx")


def test_deleting_takes_everything(cast, encoder):
    image = make_image(cast.workspace, seed=3)
    regions = [make_region(image)]
    ensure_features(images=[image], regions=regions, encoder_key=encoder.key)
    assert (Feature.objects.count(), RegionFeature.objects.count()) == (1, 1)
    delete_encoder(encoder=encoder)
    assert not encoders().exists()
    assert not Feature.objects.exists()
    assert not RegionFeature.objects.exists()
    assert not [*storage.names("encoders")]


@pytest.fixture
def backbone(tmp_path):
    file = tmp_path / "net.onnx"
    file.write_bytes(graphs.resnet_like())
    (tmp_path / "preprocessor_config.json").write_text('{"size": {"height": 64, "width": 64}}')
    return file


def test_the_encoder_of_the_settings_becomes_the_default(db, backbone):
    first = use_backbone(backbone)
    again = use_backbone(backbone)
    assert first == again == Encoder.objects.get(is_default=True)
    assert (first.name, first.stated["fit"], default_key()) == ("net", "stretch", first.key)


def test_what_broke_off_is_done_again(db, resnet):
    class Dying:
        def report(self, done, total, step=""):
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        register_at_once(new=resnet(), progress=Dying())
    again = register_at_once(new=resnet())
    assert encoders().get() == again
    assert again.state == Encoder.State.READY
    with pytest.raises(EncoderExists):
        register_at_once(new=resnet())


def test_the_command_registers(db, backbone, capsys):
    call_command("encoder", "register", str(backbone), "--name", "Mine", "--default")
    assert "“Mine” is ready: 48 dimensions" in capsys.readouterr().out
    call_command("encoder", "list")
    assert "\nMine\tready\town-" in capsys.readouterr().out
    assert default_key() == encoders().get().key


@pytest.mark.parametrize(
    ("beside", "sentence"), [("nonsense", "is not valid JSON"), ("[]", "not a JSON object")]
)
def test_the_command_refuses_in_one_sentence(db, backbone, beside, sentence):
    backbone.with_name("net.json").write_text(beside)
    with pytest.raises(CommandError, match=sentence):
        call_command("encoder", "register", str(backbone))
    assert not Encoder.objects.exists()


def test_the_command_chooses_the_default(db, capsys):
    call_command("encoder", "default", "Built in, fast")
    assert default_key() == BUILTIN
    assert "“Built in, fast” is now the default." in capsys.readouterr().out
    call_command("encoder", "list")
    assert "Built in, fast\tready\tbuiltin-1\tdefault" in capsys.readouterr().out
    call_command("encoder", "default", BOTH)
    assert default_key() == BOTH


def test_the_command_knows_its_own_by_name(db, encoder):
    call_command("encoder", "default", "Small net")
    assert default_key() == encoder.key


def test_the_command_refuses_as_default(cast, encoder, resnet):
    with pytest.raises(CommandError, match="No encoder is named “nothing”"):
        call_command("encoder", "default", "nothing")
    register_encoder(new=resnet("Small net", side=96), workspace=cast.workspace, actor=cast.alice)
    with pytest.raises(CommandError, match="Several encoders are named “Small net”"):
        call_command("encoder", "default", "Small net")
    unready = encoders().get(state=Encoder.State.PREPARING)
    with pytest.raises(CommandError, match="not ready"):
        call_command("encoder", "default", unready.key)
    assert default_key() == BOTH


def test_registering_measures_beside_the_shipped_ones(encoder):
    rows = list(Encoder.objects.filter(measured__isnull=False))
    assert {row.key for row in rows} == {BOTH, BUILTIN, encoder.key}
    assert len({row.measured for row in rows}) == 1
