"""With a work limit and a seed the engine gives the same plan and bound, byte for byte."""

from __future__ import annotations

from unittest import mock

import pytest
from instances.medium_sites import medium_site

from optimiser.schema.study import SolverSettings, Study
from optimiser.solve import bound
from optimiser.solve.engine import solve_study
from optimiser.solve.exact import Size
from optimiser.solve.progress import EngineResult


def _solve(threads: int, seed: int = 5, work_limit: int = 3) -> EngineResult:
    _, twin, rules = medium_site()
    settings = SolverSettings(
        time_limit_s=300.0, gap=0.0, work_limit=work_limit, threads=threads, seed=seed
    )
    return solve_study(twin, rules, Study(solver=settings))


def _bytes(result: EngineResult) -> tuple[object, ...]:
    candidate = result.candidate
    arrays = (candidate.host, candidate.on, candidate.devices)
    return (*[a.tobytes() for a in arrays], repr(candidate.terms), result.bound, result.status)


@pytest.mark.parametrize("threads", [1, 2])
def test_relaxations_and_search_repeat(threads: int):
    """Two runs without the exact model agree to the last bit, on one thread and on two."""
    with mock.patch.object(bound, "exact_size", lambda problem: Size(10**9, 10**9)):
        first, second = _solve(threads), _solve(threads)
    assert _bytes(first) == _bytes(second)
    assert first.status == "work"
    assert first.bound is not None and first.bound <= first.candidate.objective


def test_threads_do_not_change_the_plan():
    """Tracks have seeds of their own, so one thread and two give the same bytes."""
    with mock.patch.object(bound, "exact_size", lambda problem: Size(10**9, 10**9)):
        assert _bytes(_solve(1)) == _bytes(_solve(2))


def test_exact_model_repeats():
    """With the exact model in its child, within a fixed number of nodes, two runs agree."""
    assert _bytes(_solve(2, work_limit=1)) == _bytes(_solve(2, work_limit=1))
