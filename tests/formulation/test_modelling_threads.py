"""The modelling language is loaded while other threads load scipy, as on workers."""

from __future__ import annotations

import subprocess
import sys

RACE = """
import importlib, sys, threading, scipy.sparse
failed, before = [], sys.modules["scipy"]

def load():
    try:
        for name in ("scipy.linalg", "scipy.stats", "scipy.optimize"):
            importlib.import_module(name)
        assert sys.modules["scipy"] is before and scipy.stats.norm.cdf(0.0) == 0.5
    except BaseException as error:
        failed.append(repr(error))

other = threading.Thread(target=load)

def watch(event, args):
    if event == "import" and args[0] == "pyomo.common.dependencies" and other.ident is None:
        other.start()
        other.join()  # all of it happens amid the loading

sys.addaudithook(watch)
from optimiser.formulation.modelling import pyo
assert other.ident is not None and not failed, failed
assert sys.modules["scipy"] is before
pyo.ConcreteModel()
"""


def test_another_thread_may_load_scipy_meanwhile() -> None:
    """It finds the same scipy, statistics included, and nobody fails."""
    done = subprocess.run(
        [sys.executable, "-c", RACE], check=False, capture_output=True, text=True, timeout=120
    )
    assert done.returncode == 0, done.stderr
