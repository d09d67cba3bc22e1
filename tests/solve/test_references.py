"""Bundles of arrays as compiled code sees them: made by code from disk, never of other fields."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

from instances.tiny import tiny

import optimiser
from optimiser.schema.study import Weights
from optimiser.solve import references
from optimiser.solve.problem import lower
from optimiser.solve.search import Searcher

HOME = Path(optimiser.__file__).parents[1]
SCRIPT = """
from instances.tiny import tiny
from optimiser.schema.study import Weights
from optimiser.solve import references
from optimiser.solve.problem import lower
from optimiser.solve.search import Searcher
_, twin, rules = tiny()
Searcher(lower(twin, rules, Weights()))
print(sum(references._new_data.stats.cache_misses.values()))
"""


def test_a_second_process_compiles_no_constructor() -> None:
    """What one process has compiled the next one reads."""
    paths = f"{HOME}:{HOME / 'tests'}"
    for _ in range(2):
        done = subprocess.run(
            [sys.executable, "-c", SCRIPT],
            env={"PYTHONPATH": paths, "PATH": "/usr/bin:/bin", "HOME": str(Path.home())},
            capture_output=True, text=True, check=True,
        )  # fmt: skip
    assert done.stdout.strip() == "0"


def test_a_constructor_of_other_fields_is_not_used() -> None:
    """Code on disk that was made before fields changed is noticed, and numba's own takes over."""
    _, twin, rules = tiny()
    data = Searcher(lower(twin, rules, Weights())).data

    def stale(*fields: object) -> SimpleNamespace:
        turned = dict.fromkeys(reversed(type(data)._fields))
        return SimpleNamespace(_type=SimpleNamespace(field_dict=turned))

    place = references.PlaceDataReference(*data.place)
    names = type(data)._fields
    made = references._made(references.DataReference, stale, names, (*data[:-1], place))
    assert tuple(made._type.field_dict) == names
