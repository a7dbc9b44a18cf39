"""Try a graph in a program of its own, which takes its memory along when it ends.

A graph may be two gigabytes, and one that is damaged may end the program that loads it: neither
should happen to a web server. `python -m dashboard.engine.own.apart FILE` reads what is said of
the graph as JSON from its input, and writes what it found as JSON.
"""

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from dashboard.engine.errors import UnfitEncoder
from dashboard.engine.own.graph import Graph
from dashboard.engine.own.preprocessing import Preprocessing, read_preprocessing
from dashboard.engine.own.trial import LONGEST_SECONDS, PICTURES, Trial, try_graph

ROOT = Path(__file__).parents[3]  # where `dashboard` is, wherever the program was started
LONGEST_TRIAL = 2 * PICTURES * LONGEST_SECONDS


@dataclass(frozen=True)
class Tried:
    """A graph that is fit, how its pictures are prepared, and what the trial found."""

    preprocessing: Preprocessing
    trial: Trial


def try_apart(file: Path, stated: dict[str, Any], *, output: str, pooling: str) -> Tried:
    """Load a graph from a file and try it, elsewhere. Raises `UnfitEncoder` with a sentence."""
    said = json.dumps({"stated": stated, "output": output, "pooling": pooling})
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
        raise UnfitEncoder("The trial did not end: use a smaller encoder.") from error
    if done.returncode:
        raise UnfitEncoder(
            f"The program that loaded the graph ended at once ({done.returncode}): the file is "
            "damaged, or too large for this machine's memory."
        )
    found = json.loads(done.stdout)
    if "refusal" in found:
        raise UnfitEncoder(found["refusal"])
    said_again = found["preprocessing"]
    colours = {name: tuple(said_again[name]) for name in ("mean", "std")}
    return Tried(Preprocessing(**said_again | colours), Trial(**found["trial"]))


def main(file: Path, said: dict[str, Any]) -> dict[str, Any]:
    """Load, try, and return what is to be written."""
    try:
        graph = Graph(file, output=said["output"], pooling=said["pooling"])
        preprocessing = read_preprocessing(said["stated"], graph.input)
        trial = try_graph(graph, preprocessing)
    except UnfitEncoder as error:
        return {"refusal": str(error)}
    found = {"dimension": trial.dimension, "seconds": trial.seconds}
    return {"preprocessing": preprocessing.as_json(), "trial": found}


if __name__ == "__main__":
    json.dump(main(Path(sys.argv[1]), json.load(sys.stdin)), sys.stdout)
