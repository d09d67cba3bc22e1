"""The model's optimum against every placement of random tiny sites, judged by the verifier."""

from __future__ import annotations

import pytest
from instances.brute_force import brute_force
from instances.random_sites import random_site
from instances.solve_tiny import solve_instance

from optimiser.analysis.verdict import Placement
from optimiser.analysis.verify import verify
from optimiser.errors import InfeasibleError
from optimiser.formulation.frame import prepare
from optimiser.formulation.grouping import group_exact
from optimiser.formulation.instance import Instance

SOLVER_TOLERANCE = 2e-6


@pytest.mark.parametrize("seed", range(1000, 1016))
def test_optimum_equals_the_best_of_all_placements(seed: int):
    """The model is infeasible exactly when no placement is legal, and costs what the best costs."""
    _, twin, rules = random_site(seed)
    truth = brute_force(twin, rules)
    frame = prepare(twin, rules)
    try:
        answer = solve_instance(Instance(frame, group_exact(frame)))
    except InfeasibleError:
        answer = None
    assert (answer is not None) == truth.is_feasible
    if answer is not None:
        assert answer.objective == pytest.approx(truth.cost, abs=SOLVER_TOLERANCE)
        assert verify(twin, rules, Placement(answer.host, answer.on)).is_legal
