"""Run the engine's command: `python -m dashboard.engine bench` measures it on known groups."""

import argparse
import importlib
import sys
from pathlib import Path
from types import ModuleType

from dashboard.engine import bench, gate_bench
from dashboard.engine.encoder import Encoder, PairEncoder, PictureEncoder
from dashboard.engine.prior import BOTH, BUILTIN

DRAWN_HERE = "tests.data"  # in a checkout; an installation has none


def main(arguments: list[str]) -> int:
    """Run the command; return 0, or 2 for invalid arguments."""
    options = _parser().parse_args(arguments)
    try:
        module = _module(options.sets)
    except ImportError as error:
        print(f"The sets of {options.sets} cannot be loaded ({error}): run this in a checkout, "
              "with the tools installed, or name a module by --sets.", file=sys.stderr)  # fmt: skip
        return 2
    sets, curves = getattr(module, "SETS", {}), getattr(module, "CURVES", {})
    known = [*sets, *curves]
    if unknown := sorted(set(options.names) - set(known)):
        print(f"There is no set {', '.join(unknown)}: choose from {', '.join(known)}.",
              file=sys.stderr)  # fmt: skip
        return 2
    chosen = set(options.names or known)
    asked = {name: sets[name] for name in sets if name in chosen}
    encoder: PictureEncoder = (
        PairEncoder.shipped() if options.encoder == BOTH else Encoder.builtin()
    )
    if options.gate:
        gate_bench.run(asked, options.seed, encoder, sys.stdout)
        return 0
    for seed in options.seed:
        curves_asked = {name: curves[name] for name in curves if name in chosen}
        bench.run(asked, curves_asked, seed, encoder, sys.stdout)
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m dashboard.engine")
    command = parser.add_subparsers(required=True).add_parser(
        "bench", help="print Recall@1 / MAP@R on groups that were not trained on"
    )
    command.add_argument("names", nargs="*", help="sets to measure; all, if none is named")
    command.add_argument("--sets", default=DRAWN_HERE, help="module with SETS and CURVES")
    command.add_argument(
        "--seed", type=int, nargs="+", default=[0], help="seeds that the sets are drawn with"
    )
    command.add_argument(
        "--encoder", choices=(BOTH, BUILTIN), default=BOTH, help="whose features to measure"
    )
    command.add_argument(
        "--gate", action="store_true", help="count instead how often the gate is wrong"
    )
    return parser


def _module(name: str) -> ModuleType:
    """Import the sets by name: the engine must not know who draws them."""
    sys.path.insert(0, str(Path.cwd()))
    return importlib.import_module(name)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
