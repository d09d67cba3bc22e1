"""The modelling language, loaded without the statistics of scipy that it would load beside itself.

Pyomo loads ``scipy.stats`` when it finds scipy in use already, or as soon as it needs sparse
matrices: more work than loading all the rest of it, and nothing here asks for statistics. So scipy
is out of its sight while it looks, and handed to it afterwards.
"""

from __future__ import annotations

import sys

import scipy.sparse


def _load() -> None:
    if "pyomo" in sys.modules:
        return
    seen = sys.modules.pop("scipy")
    try:
        from pyomo.common import dependencies
    finally:
        sys.modules["scipy"] = seen
    dependencies.scipy = scipy


_load()

import pyomo.environ as pyo  # noqa: E402 - these have to come after the above
from pyomo.common.gc_manager import PauseGC  # noqa: E402
from pyomo.core.expr import LinearExpression  # noqa: E402

__all__ = ["LinearExpression", "PauseGC", "pyo"]
