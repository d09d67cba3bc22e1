"""What the search does differently where looking at every host for every workload is too dear."""

from __future__ import annotations

from collections.abc import Iterator
from unittest import mock

import numpy as np
import pytest
from instances.medium_sites import medium_site

from optimiser.analysis.verify import verify
from optimiser.schema.study import SolverSettings, Study, Weights
from optimiser.solve import bound, schedule, search
from optimiser.solve.engine import solve_study
from optimiser.solve.exact import Size
from optimiser.solve.problem import lower
from optimiser.solve.search import Searcher
from optimiser.workflow.plan_document import placement_of


@pytest.fixture(autouse=True)
def _all_sites_are_large() -> Iterator[None]:
    with (
        mock.patch.object(search, "MOST_SCANNED", 0),
        mock.patch.object(schedule, "LARGEST_EXPLORED", 0),
    ):
        yield


def test_samples_of_hosts_place_everything_legally():
    """From nothing at all, hosts wake as they are needed and every rule is kept."""
    _, twin, rules = medium_site()
    problem = lower(twin, rules, Weights())
    searcher = Searcher(problem)
    nowhere = np.full(problem.num_workloads, -1, dtype=np.int32)
    left = searcher.load(nowhere, np.zeros(problem.num_hosts, dtype=bool))
    assert len(left) == problem.num_workloads
    assert searcher.place(left, 1) == 0
    searcher.wake_reserves()
    assert searcher.keeps_rules
    found = searcher.candidate()
    assert verify(twin, rules, placement_of(twin, found)).is_legal


def test_a_large_site_is_settled_from_today():
    """The plan is legal, better than today's and above its bound."""
    _, twin, rules = medium_site()
    settings = SolverSettings(time_limit_s=300.0, gap=0.0, work_limit=3, threads=1, seed=5)
    with mock.patch.object(bound, "exact_size", lambda problem: Size(10**9, 10**9)):
        result = solve_study(twin, rules, Study(solver=settings))
    assert verify(twin, rules, placement_of(twin, result.candidate)).is_legal
    first = next(tick.best for tick in result.history if tick.best is not None)
    assert result.candidate.objective < first
    assert result.bound is not None and result.bound <= result.candidate.objective
