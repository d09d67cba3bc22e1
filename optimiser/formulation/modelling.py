"""The modelling language, loaded without the statistics of scipy that it would load beside itself.

Pyomo loads ``scipy.stats`` when it finds scipy in use already, or as soon as it needs sparse
matrices: more work than loading all the rest of it, and nothing here asks for statistics. So the
statistics are not to be had while it looks, for the thread that loads it and nobody else, and scipy
is handed to it afterwards.
"""

from __future__ import annotations

import sys
import threading
from importlib.abc import MetaPathFinder
from typing import Any

import scipy.sparse


class _NoStatistics(MetaPathFinder):
    """Refuses ``scipy.stats`` to the thread that made it."""

    def __init__(self) -> None:
        self.thread = threading.get_ident()

    def find_spec(self, fullname: str, path: Any = None, target: Any = None) -> None:
        """Raise for that module and leave every other one to the next finder."""
        if fullname == "scipy.stats" and threading.get_ident() == self.thread:
            raise ModuleNotFoundError("statistics are not needed here", name=fullname)


def _load() -> None:
    if "pyomo" in sys.modules or "scipy.stats" in sys.modules:
        return
    refusal = _NoStatistics()
    sys.meta_path.insert(0, refusal)
    try:
        from pyomo.common import dependencies
    finally:
        sys.meta_path.remove(refusal)
    dependencies.scipy, dependencies.scipy_available = scipy, True


_load()

import pyomo.environ as pyo  # noqa: E402 - these have to come after the above
from pyomo.common.gc_manager import PauseGC  # noqa: E402
from pyomo.core.expr import LinearExpression  # noqa: E402

__all__ = ["LinearExpression", "PauseGC", "pyo"]
