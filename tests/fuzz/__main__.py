"""`make fuzz MINUTES=10`: fuzz with one seed after another until the time is up."""

import os
import secrets
import subprocess
import sys
import time

EXAMPLES = "60"


def main(minutes: float) -> int:
    """Return the first exit status that is not 0; the round that is under way goes to its end."""
    end = time.monotonic() + 60 * minutes
    while time.monotonic() < end:
        seed = {
            "LIKEWISE_TEST_SEED": str(secrets.randbelow(1 << 32)),
            "LIKEWISE_TEST_EXAMPLES": EXAMPLES,
        }
        print(" ".join(f"{name}={value}" for name, value in seed.items()), flush=True)
        command = [sys.executable, "-m", "pytest", "-q", "tests/fuzz"]
        done = subprocess.run(command, env=os.environ | seed, check=False)
        if done.returncode:
            return done.returncode
    return 0


if __name__ == "__main__":
    sys.exit(main(float(sys.argv[1] if len(sys.argv) > 1 else 10)))
