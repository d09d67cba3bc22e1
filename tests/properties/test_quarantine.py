"""Quarantine among other rules: the engine finds what trying every placement finds."""

from __future__ import annotations

import numpy as np
import pytest
from instances.brute_force import brute_force
from instances.random_sites import random_site, random_weights

from optimiser.analysis.verify import verify
from optimiser.errors import InfeasibleError
from optimiser.schema.study import SolverSettings, Study
from optimiser.solve.engine import solve_study
from optimiser.workflow.plan_document import placement_of

KINDS = ("quarantine", "quarantine", "ban")
SETTINGS = SolverSettings(time_limit_s=60.0, gap=0.0, work_limit=2, threads=1)


def _engine_cost(twin, rules, weights) -> float:
    """Return the engine's optimum, infinite when it says that there is none."""
    try:
        result = solve_study(
            twin, rules, Study(weights=weights, solver=SETTINGS), None,
            lambda c: 0.0 if verify(twin, rules, placement_of(twin, c)).is_legal else None,
        )  # fmt: skip
    except InfeasibleError:
        return np.inf
    return result.candidate.objective


def test_engine_keeps_quarantine_and_loses_nothing():
    """On random sites with a quarantine the optimum is the one of all legal placements."""
    compared = infeasible = 0
    for seed in range(30):
        _, twin, rules = random_site(seed, kinds=KINDS)
        if not any(rule.kind == "quarantine" for rule in rules):
            continue
        weights = random_weights(seed)
        truth, found = brute_force(twin, rules, weights), _engine_cost(twin, rules, weights)
        compared += 1
        infeasible += not truth.is_feasible
        expected = truth.cost if truth.is_feasible else np.inf
        assert found == pytest.approx(expected, rel=1e-6), seed
    assert compared - infeasible >= 8
