"""Test a graph in a separate process, whose memory is released when it ends.

A graph may be two gigabytes, and a damaged one may end the process that loads it: neither should
happen to a web server. Its memory has a limit, and so has its time.

`python -m dashboard.engine.custom.isolated FILE` reads what is stated of the graph as JSON from its
input, and writes its results as JSON.
"""

import json
import os
import resource
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from dashboard.engine.custom.graph import Graph
from dashboard.engine.custom.preprocessing import Preprocessing, read_preprocessing
from dashboard.engine.custom.trial import LONGEST_SECONDS, PICTURES, Trial, try_graph
from dashboard.engine.errors import UnfitEncoder

ROOT = Path(__file__).parents[3]  # where `dashboard` is, wherever the program was started
LONGEST_TRIAL = 2 * PICTURES * LONGEST_SECONDS
# For what a graph computes for one image; ViT-L/14 at 336 pixels takes less than half of it.
MOST_MEMORY = 2 << 30
# Loading holds the file's bytes, their parsed form, and the weights laid out for the computation.
LOADING = 3
_NO_MEMORY = ("bad_alloc", "bad allocation", "Failed to allocate", "Unable to allocate")


@dataclass(frozen=True)
class Tried:
    """A usable graph, its preprocessing, and the results of the trial."""

    preprocessing: Preprocessing
    trial: Trial


def try_isolated(file: Path, stated: dict[str, Any], *, output: str, pooling: str) -> Tried:
    """Load a graph from a file and test it in a separate process. Raises `UnfitEncoder`."""
    memory = MOST_MEMORY + LOADING * file.stat().st_size
    said = json.dumps({"stated": stated, "output": output, "pooling": pooling, "memory": memory})
    try:
        done = subprocess.run(  # noqa: S603  the command is ours
            [sys.executable, "-m", __name__, str(file)],
            input=said,
            capture_output=True,
            text=True,
            timeout=LONGEST_TRIAL,
            check=False,
            env=os.environ | {"PYTHONPATH": str(ROOT)},
        )
    except subprocess.TimeoutExpired as error:
        raise UnfitEncoder("The trial did not end. Use a smaller encoder.") from error
    if done.returncode:
        raise UnfitEncoder(
            f"The process that loaded the graph ended at once ({done.returncode}): the file is "
            "damaged, or too large for this machine's memory."
        )
    found = json.loads(done.stdout)
    if "refusal" in found:
        raise UnfitEncoder(found["refusal"])
    said_again = found["preprocessing"]
    colours = {name: tuple(said_again[name]) for name in ("mean", "std")}
    return Tried(Preprocessing(**said_again | colours), Trial(**found["trial"]))


def main(file: Path, said: dict[str, Any]) -> dict[str, Any]:
    """Load, test, and return the results to write."""
    _limit(said["memory"])
    try:
        graph = Graph(file, output=said["output"], pooling=said["pooling"])
        preprocessing = read_preprocessing(said["stated"], graph.input)
        trial = try_graph(graph, preprocessing)
    except MemoryError:
        return {"refusal": _too_much(said["memory"])}
    except UnfitEncoder as error:
        is_memory = any(words in str(error) for words in _NO_MEMORY)
        return {"refusal": _too_much(said["memory"]) if is_memory else str(error)}
    found = {"dimension": trial.dimension, "seconds": trial.seconds}
    return {"preprocessing": preprocessing.as_json(), "trial": found}


def _limit(memory: int) -> None:
    """Limit this process to `memory` bytes more than it has.

    RLIMIT_DATA counts writable memory, so neither the libraries nor what onnxruntime reserves
    without using it; RLIMIT_AS would count all of it, gigabytes with each thread.
    """
    status = Path("/proc/self/status")
    if not status.exists():
        return  # not Linux
    lines = status.read_text().splitlines()
    has = next((int(line.split()[1]) << 10 for line in lines if line.startswith("VmData:")), 0)
    resource.setrlimit(resource.RLIMIT_DATA, (has + memory, has + memory))


def _too_much(memory: int) -> str:
    return (
        f"The graph needs more than {memory / 1e9:.1f} GB of memory for one image. Use a "
        "smaller encoder."
    )


if __name__ == "__main__":
    json.dump(main(Path(sys.argv[1]), json.load(sys.stdin)), sys.stdout)
