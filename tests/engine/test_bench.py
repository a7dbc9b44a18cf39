import io

import numpy as np
import pytest
from PIL import Image

from dashboard.engine import bench
from dashboard.engine.__main__ import main
from dashboard.engine.baselines import colour_histogram, difference_hash
from tests.engine.tiny_sets import tiny

TINY = ["--sets", "tests.engine.tiny_sets"]


def test_it_works(capsys):
    assert main(["bench", "tiny", *TINY]) == 0
    lines = capsys.readouterr().out.splitlines()

    assert (
        lines[0] == "| | hash | colours | features | untrained | trained | delivered | the gate |"
    )
    assert [line.split(" | ")[0] for line in lines[2:6]] == [
        "| tiny: product", "| tiny: brand", "| tiny: vessel", "| mean",
    ]  # fmt: skip
    assert lines[2].endswith("| kept |")
    assert lines[4].endswith("| too few groups |")


def test_what_the_gate_keeps_is_the_untrained_head(encoder):
    row = next(bench.measure("tiny", tiny(0), encoder))

    assert row.cells["delivered"] == row.cells["untrained"]
    assert row.cells["trained"] != row.cells["untrained"]


def test_a_curve_has_a_row_for_every_size_that_there_is(encoder, monkeypatch):
    monkeypatch.setattr(bench, "CURVE", ((4, 2), (9, 3), (13, 2)))
    monkeypatch.setattr(bench, "DRAWS", 1)
    out = io.StringIO()
    bench.run({}, {"many": ("product", tiny)}, 0, encoder, out)

    names = [line.split(" | ")[0] for line in out.getvalue().splitlines()]
    assert names[2:] == ["| many: 4 x 2", "| many: 9 x 3"]


def test_a_draw_keeps_all_that_is_held_out_and_what_was_asked_for(make):
    data = make.type_data(groups=12, images=5, held_out=3)
    few = bench.drawn(data, 4, 2, seed=1)

    assert few.held_out.sum() == 15
    sizes = np.unique(few.groups[~few.held_out], return_counts=True)[1]
    assert sizes.tolist() == [2, 2, 2, 2]


def test_the_seed_draws_other_pictures(capsys):
    tables = []
    for seed in ("0", "1", "1"):
        main(["bench", "narrow", *TINY, "--seed", seed])
        tables.append(capsys.readouterr().out)

    assert tables[0] != tables[1] == tables[2]


def test_a_set_that_is_not_there_is_refused(capsys):
    assert main(["bench", "cakes", *TINY]) == 2
    assert capsys.readouterr().err == (
        "There is no set cakes: choose from tiny, narrow, many.\n"
    )  # fmt: skip


def test_a_module_that_is_not_there_is_refused(capsys):
    assert main(["bench", "--sets", "nowhere.at.all"]) == 2
    assert "run this in a checkout" in capsys.readouterr().err


def test_without_a_command_it_says_how():
    with pytest.raises(SystemExit, match="2"):
        main([])


def test_the_hash_compares_neighbours():
    rising = Image.fromarray(np.tile(np.arange(0, 252, 28, dtype=np.uint8), (8, 1)))
    falling = rising.transpose(Image.Transpose.FLIP_LEFT_RIGHT)

    assert difference_hash(rising).tolist() == [1 / 8] * 64
    assert difference_hash(rising) @ difference_hash(falling) == -1


def test_the_histogram_counts_colours():
    image = Image.new("RGB", (4, 4), (0, 0, 0))
    image.paste((255, 0, 31), (0, 0, 4, 1))
    histogram = colour_histogram(image)

    assert histogram @ histogram == pytest.approx(1)
    assert histogram[0] == np.sqrt(12 / 16)
    assert histogram[7 * 64] == np.sqrt(4 / 16)  # 31 is still in blue's lowest eighth
