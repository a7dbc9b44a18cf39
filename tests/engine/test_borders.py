"""The engine stays a library of its own, and its worked examples stay true."""

import doctest
import importlib
import pkgutil
import subprocess
import sys

import pytest

import dashboard.engine

MODULES = [
    module.name
    for module in pkgutil.walk_packages(dashboard.engine.__path__, "dashboard.engine.")
    if not module.name.endswith("__main__")
]
SHIPPED = [name for name in MODULES if ".build" not in name]
FOREIGN = ["django", "celery", "rest_framework", "sklearn", "scipy", "skimage", "onnx", "requests"]


@pytest.mark.parametrize("name", MODULES)
def test_worked_examples_hold(name):
    assert doctest.testmod(importlib.import_module(name)).failed == 0


def test_it_imports_nothing_of_the_web_and_nothing_of_its_own_making():
    program = (
        f"import sys, {', '.join(SHIPPED)}\n"
        f"print(sorted(set(sys.modules) & set({FOREIGN})))"
    )  # fmt: skip
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )

    assert done.stdout.strip() == "[]"
