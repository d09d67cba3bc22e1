"""Hosts to empty are ranked by what they could save at most; trying them never saves more."""

from __future__ import annotations

import numpy as np
import pytest
from instances.medium_sites import medium_site

from optimiser.schema.study import Study
from optimiser.solve.engine import prepare
from optimiser.studies.climb import ANY_MOVES, Climb


@pytest.mark.parametrize("seed", range(6))
def test_no_host_saves_more_than_its_worth(seed: int) -> None:
    """The arithmetic limit holds for every host of a random site, and some come close to it."""
    _, twin, rules = medium_site(num_hosts=12, num_workloads=40, steps=3, seed=seed)
    climb = Climb(prepare(twin, rules, Study()), 60.0)
    worth, share = climb.most_worth(), []
    for host in np.flatnonzero(climb.searcher.candidate().on).tolist():
        saving, moves = climb.try_emptying(host, ANY_MOVES, keep=False)
        if moves > 0:
            assert saving / moves <= worth[host] * (1.0 + 1e-9) + 1e-12
            share.append(saving / moves / worth[host])
    assert max(share) > 0.5


def test_more_moves_never_cost_more() -> None:
    """A climb with a growing budget keeps to it and gains; what must move does so at once."""
    _, twin, rules = medium_site(num_hosts=12, num_workloads=40, steps=3)
    problem = prepare(twin, rules, Study())
    climb = Climb(problem, 60.0)
    found = [climb.up_to(budget) for budget in (0, 3, 8, 20, 40)]
    plans = [plan for plan in found if plan is not None]
    assert len(plans) == len(found)
    moved = [int((plan.host != problem.today).sum()) for plan in plans]
    assert all(m <= max(b, moved[0]) for m, b in zip(moved, (0, 3, 8, 20, 40), strict=True))
    costs = [plan.objective for plan in plans]
    assert costs == sorted(costs, reverse=True) and costs[-1] < costs[0]
