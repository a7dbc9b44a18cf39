"""Run the tests of the pages' scripts in `tests/scripts` with Node's test runner."""

import json
import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from tests import words

ROOT = Path(__file__).parent.parent
TABLES = {"counted": words.COUNTED, "percent": words.PERCENT, "size": words.SIZES}


@pytest.mark.skipif(not shutil.which("node"), reason="needs node, version 18 or newer")
@pytest.mark.parametrize("file", sorted(ROOT.glob("tests/scripts/*.test.js")), ids=lambda f: f.stem)
def test_the_scripts_do_what_they_should(file: Path) -> None:
    done = subprocess.run(
        ["node", "--test", "--test-reporter", "tap", file],
        cwd=ROOT,
        env=os.environ | {"LIKEWISE_WORDS": json.dumps(TABLES)},
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    counts = dict(re.findall(r"^# (tests|pass|skipped) (\d+)$", done.stdout, re.MULTILINE))
    assert counts["tests"] == counts["pass"] != "0", done.stdout
    assert counts["skipped"] == "0", "words were not handed over"
