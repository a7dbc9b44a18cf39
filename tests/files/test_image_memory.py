"""What decoding takes is what the budget counts, and ten of the worst at once take no more."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from dashboard.files.errors import TooHeavy
from dashboard.files.images import images, reading
from dashboard.files.limits import ImageLimits
from tests.files import heavy

ROOT = Path(__file__).parents[2]
MB = 1_000_000
SMALL = (3000, 2000)
LARGE = (10_000, 10_000)  # the most pixels that are taken
# Of each format that is quick to write at full size, the heaviest.
WORST = (
    *("WebP, lossless", "WebP, lossless of many colours", "WebP, animated"),
    *("PNG, 16-bit RGBA", "TIFF, one strip", "TIFF, float", "JPEG, CMYK progressive"),
    *("JPEG, progressive", "BMP, packed", "GIF, transparent"),
)


def weighed(threads: int, *files: Path) -> dict[str, Any]:
    done = subprocess.run(
        [sys.executable, "-m", "tests.files.heavy", str(threads), *map(str, files)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    answer: dict[str, Any] = json.loads(done.stdout)
    return answer


@pytest.mark.parametrize("name", heavy.FORMATS)
def test_the_budget_counts_what_a_format_takes(name: str, tmp_path: Path) -> None:
    file = tmp_path / "image"
    file.write_bytes(heavy.FORMATS[name](SMALL))
    found = weighed(1, file)
    assert found["peak"] <= found["reserved"]
    assert found["rest"] < 24 * MB  # the allocator keeps 16
    # Nor is so much reserved that others would wait for nothing.
    assert found["reserved"] < 3 * found["peak"] + 32 * MB


def test_ten_of_the_worst_at_once(tmp_path: Path) -> None:
    """A file of 38 bytes claims 100 megapixels; before there was a budget ten took 12 GB."""
    file = tmp_path / "image"
    file.write_bytes(heavy.FORMATS["WebP, lossless"](LARGE))
    assert file.stat().st_size < 100
    found = weighed(10, *[file] * 10)
    assert found["made"] == 10
    assert found["peak"] < 1000 * MB
    assert found["rest"] < 60 * MB


def test_what_alone_would_take_far_more_than_the_budget_is_refused() -> None:
    data = heavy.FORMATS["TIFF, 16-bit RGBA"](LARGE)
    with pytest.raises(TooHeavy, match=r"10000 × 10000 pixels in a format that needs 1\.2 GB"):
        images.prepare(data)
    image = reading.open_image(heavy.FORMATS["TIFF, 16-bit RGBA"]((8000, 8000)), ImageLimits())
    with reading.room_for(image, 600):
        pass


def test_ten_different_ones_at_once(tmp_path: Path) -> None:
    files = []
    for number, name in enumerate(WORST):
        files.append(tmp_path / str(number))
        files[-1].write_bytes(heavy.FORMATS[name](LARGE))
    found = weighed(10, *files)
    assert found["made"] == len(WORST) == 10
    assert found["peak"] < 1000 * MB
    assert found["rest"] < 60 * MB
