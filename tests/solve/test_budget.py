"""Budgets: the least possible number is found, one hair below it is refused with that number."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import xarray as xr
from differential.engine_trial import Site, run_engine
from instances.brute_force import brute_force, candidates
from instances.random_sites import random_site, random_weights

from optimiser.analysis.verdict import Placement
from optimiser.analysis.verify import verify
from optimiser.analysis.view import view_of
from optimiser.formulation.frame import prepare
from optimiser.schema.policy import Budget
from optimiser.schema.study import SolverSettings, Study
from optimiser.solve.explain import find_relaxations
from optimiser.twin.rules import Rule
from optimiser.twin.spending import limit_of, resolution

MEASURES = ("energy", "carbon", "cost", "power")
MILD = ("spread", "anti_affinity", "ban", "max_moves", "max_hosts_on", "domain_capacity")


def budget(twin: xr.Dataset, measure: str, limit: float) -> Rule:
    """Return the resolved rule of a budget."""
    policy = Budget(name="target", measure=measure, limit=limit)
    everyone = np.ones(twin.sizes["workload"], dtype=bool)
    hosts = np.ones(twin.sizes["host"], dtype=bool)
    least = limit_of(policy, twin)
    return Rule("target", "budget", policy, None, False, everyone, hosts, limit=least)


def least_amount(twin: xr.Dataset, rules: list[Rule], measure: str) -> float | None:
    """Return the least amount of all legal placements, ``None`` when there is none."""
    view, none = view_of(twin), budget(twin, measure, 0.0)
    amounts = []
    for host, on in zip(*candidates(twin, rules), strict=True):
        if verify(view, rules, Placement(host, on)).is_legal:
            found = verify(view, [none], Placement(host, on)).violations
            amounts.append(found[0].value if found else 0.0)
    return min(amounts, default=None)


@pytest.mark.parametrize("seed", range(16))
def test_the_least_possible_budget_is_met_and_told(seed: int):
    """With the least number the best plan is found; below, the way out is to raise it to that."""
    _, twin, rules = random_site(seed, kinds=MILD)
    rules = [rule for rule in rules if rule.is_hard]
    measure, weights = MEASURES[seed % len(MEASURES)], random_weights(seed)
    least = least_amount(twin, rules, measure)
    if not least:
        pytest.skip("no placement is legal, or none emits anything")
    tight = [*rules, budget(twin, measure, least)]
    study = Study(weights=weights, solver=SolverSettings(work_limit=2, threads=1, seed=seed))
    truth = brute_force(twin, tight, weights)
    assert truth.is_feasible
    result = run_engine(Site(seed, twin, tight, study))
    assert not isinstance(result, str), result
    assert result.candidate.objective == pytest.approx(truth.cost, rel=1e-6)
    short = replace(tight[-1], limit=least - 20 * resolution(least))
    ways = find_relaxations(prepare(twin, [*rules, short], weights))
    told = [way for way in ways if way.family == "target"]
    assert len(told) == 1
    amount = told[0].steps[0].amount
    assert least - 1e-9 <= short.limit + amount <= least + 3 * resolution(least)
