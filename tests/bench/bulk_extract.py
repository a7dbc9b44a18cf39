"""An extraction of 2,000 stored images, over the engine alone on the same threads.

`python -m tests.bench.bulk_extract` measures it by itself.
"""

import os
import statistics
import tempfile

from tests.bench.figures import ROUNDS, at_least, seconds

PICTURES = 2000


def main() -> None:
    """Print `bulk.extract`."""
    folder = tempfile.mkdtemp(prefix="likewise-bench-")
    os.environ |= {"LIKEWISE_DATA": folder, "LIKEWISE_ENV": os.devnull}
    os.environ["DJANGO_SETTINGS_MODULE"] = "dashboard.settings"

    from tests.bench.filled import ready

    ready()

    from tests.bench.extracted import Extracted

    images = Extracted(PICTURES)
    pairs = [(seconds(images.engine_alone), images.job_seconds()) for _ in range(ROUNDS + 1)][1:]
    alone, ours = (statistics.median(times) for times in zip(*pairs, strict=True))
    at_least("bulk.extract", alone / ours, 0.85)
    print(f"  {PICTURES / ours:.0f} images/s, the engine alone {PICTURES / alone:.0f}")


if __name__ == "__main__":
    main()
