"""The walk over flat arrays: what it keeps up to date is what a fresh count gives."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from connect.roadef_official import write_instance

from optimiser.connect.roadef import import_roadef
from optimiser.solve.arrays import bundle
from optimiser.solve.eject import eject
from optimiser.solve.flat import keep
from optimiser.solve.problem import Problem, lower
from optimiser.solve.references import KeptReference
from optimiser.solve.search import Searcher
from optimiser.solve.walk import walk
from optimiser.solve.walker import Style, Walker
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
    for style in walker.styles:
        first, again = (walker.walk(problem.today, 5_000, hot, 7, style) for _ in range(2))
        assert np.array_equal(first, again)
    others = [walker.walk(problem.today, 5_000, hot, seed, Style()) for seed in range(8)]
    assert len(np.unique(others, axis=0)) > 1


@pytest.mark.parametrize("seed", [1, 2, 3])
@pytest.mark.parametrize(("left", "least"), [(1.0, 11), (0.3, 0)])
def test_ejection_moves_keep_rules_and_counts(
    seed: int, left: float, least: int, tmp_path: Path
) -> None:
    """What is kept equals a fresh count and all limits hold, whatever was taken back."""
    problem = _problem(tmp_path, seed)
    walker = Walker(problem, bundle(problem))
    kept = keep(walker.flat, problem.today)
    trials = 3_000
    made = eject(
        walker.flat_ref, KeptReference(*kept), np.append(walker.flat.today, -1), walker.by_size,
        walker.worth, walker.service_price, trials, walker.temperature(left), seed,
    )  # fmt: skip
    assert least <= made < trials
    fresh = keep(walker.flat, kept.host)
    for name in set(fresh._fields) - set(CACHED):
        assert np.array_equal(getattr(fresh, name), getattr(kept, name)), name
    assert (kept.free >= 0).all()
    assert (kept.slack >= 0).all()
    searcher = Searcher(problem)
    assert not len(searcher.load(kept.host.astype(np.int32), problem.today_on))
    assert searcher.is_legal
