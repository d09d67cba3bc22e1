"""The walk over flat arrays: what it keeps up to date is what a fresh count gives."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from connect.roadef_official import write_instance

from optimiser.connect.roadef import import_roadef
from optimiser.solve.arrays import bundle
from optimiser.solve.flat import keep
from optimiser.solve.problem import Problem, lower
from optimiser.solve.references import KeptReference
from optimiser.solve.walk import walk
from optimiser.solve.walker import Walker
from optimiser.workflow.loading import load

CACHED = ("version", "leave", "leave_at")  # not counts of anything


def _problem(folder: Path, seed: int) -> Problem:
    import_roadef(*write_instance(folder, seed), folder / "site")
    loaded = load(folder / "site")
    return lower(loaded.twin, loaded.rules, loaded.study.weights)


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_kept_numbers_are_those_of_a_fresh_count(seed: int, tmp_path: Path) -> None:
    """Loads, room, prices, counts and moves after a hot walk equal those of its placement."""
    problem = _problem(tmp_path, seed)
    walker = Walker(problem, bundle(problem))
    kept = keep(walker.flat, problem.today)
    made = walk(
        walker.flat_ref, KeptReference(*kept), walker.by_size, walker.size,
        walker.service_price, 20_000, walker.temperature(1.0), seed,
    )  # fmt: skip
    assert made > 10
    fresh = keep(walker.flat, kept.host)
    for name in set(fresh._fields) - set(CACHED):
        assert np.array_equal(getattr(fresh, name), getattr(kept, name)), name


def test_walks_repeat(tmp_path: Path) -> None:
    """One seed gives one placement, another seed another."""
    problem = _problem(tmp_path, 1)
    walker = Walker(problem, bundle(problem))
    hot = walker.temperature(1.0)
    first, again, other = (walker.walk(problem.today, 5_000, hot, seed) for seed in (7, 7, 8))
    assert np.array_equal(first, again)
    assert not np.array_equal(first, other)
