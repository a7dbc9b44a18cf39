"""`python -m tests.upgrade.landed`: write down the migrations that are about to land on main.

What is written down is never changed: an installation that applied it will not apply it again.
"""

import json
import sys
from hashlib import sha256
from pathlib import Path

ROOT = Path(__file__).parents[2]
LANDED = Path(__file__).with_name("landed_migrations.json")


def migrations() -> dict[str, str]:
    """Return the path and the SHA-256 of every migration that is here."""
    found = sorted(ROOT.glob("*/migrations/[0-9]*.py"))
    return {
        path.relative_to(ROOT).as_posix(): sha256(path.read_bytes()).hexdigest() for path in found
    }


def landed() -> dict[str, str]:
    """Return those that are written down."""
    return dict(json.loads(LANDED.read_text()))


def changed() -> list[str]:
    """Return the landed migrations that are changed, renamed or gone."""
    here = migrations()
    return [path for path, digest in landed().items() if here.get(path) != digest]


def main() -> int:
    """Add those that are new; return 1, and add nothing, if a landed one is not what it was."""
    if wrong := changed():
        print("These have landed and must stay as they were:", *wrong, sep="\n  ")
        return 1
    LANDED.write_text(json.dumps(migrations(), indent=2) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
