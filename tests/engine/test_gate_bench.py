import io

import pytest

from dashboard.engine import gate_bench
from dashboard.engine.__main__ import main
from dashboard.engine.gate_bench import Draw, count, draws_of, show


def test_it_works(capsys):
    assert main(["bench", "tiny", "--sets", "tests.engine.tiny_sets", "--gate"]) == 0
    lines = capsys.readouterr().out.splitlines()

    assert lines[0].startswith("| | draws | passed | true gain of these | lose MAP@R |")
    assert lines[2].startswith("| tiny: product | ")
    assert [line for line in lines if line.startswith("| all | ")]


def test_every_number_of_groups_is_drawn_that_there_is(make, prior):
    data = make.type_data(groups=26, images=4, held_out=4, apart=1.2, glare=2.0)

    assert len([*draws_of(data, prior, seed=1)]) == 4  # 10, 15, 20 and all 22


def test_too_few_groups_are_no_draw(make, prior):
    assert [*draws_of(make.type_data(groups=12, held_out=3), prior, seed=1)] == []


def test_a_gain_is_what_the_held_out_groups_say(make, prior):
    clear = make.type_data(groups=60, images=5, held_out=20, apart=1.2, glare=2.0)
    last = [*draws_of(clear, prior, seed=1)][-1]

    assert last.passed
    assert last.gain > 0.02


def test_a_false_pass_loses_either_way():
    draws = [
        Draw(passed=True, gain=0.1, recall=0.0),
        Draw(passed=True, gain=0.1, recall=-0.02),
        Draw(passed=True, gain=-0.01, recall=-0.02),
        Draw(passed=False, gain=-0.2, recall=-0.2),
        Draw(passed=False, gain=0.1, recall=-0.2),
    ]
    found = count(draws)

    assert (found.lose_precision, found.lose_recall, found.false, found.missed) == (1, 2, 2, 0)
    assert found.gain == pytest.approx(0.19 / 3)


def test_the_sum_is_written_last():
    out = io.StringIO()
    total = show({"a": [Draw(True, 0.1, 0.0)], "b": [], "c": [Draw(False, 0.1, 0.0)]}, out)

    assert total.draws == 2
    assert out.getvalue().splitlines()[2:] == [
        "| a | 1 | 1 | +10.0 | 0 | 0 | 0 |",
        "| c | 1 | 0 |  | 0 | 0 | 1 |",
        "| all | 2 | 1 | +10.0 | 0 | 0 | 1 |",
        "",
        "False passes, by either loss: 0 of 1, 0.0%.",
    ]


def test_nothing_that_passed_is_no_share():
    out = io.StringIO()
    gate_bench.show({"a": [Draw(False, 0.0, 0.0)]}, out)

    assert "False passes" not in out.getvalue()
