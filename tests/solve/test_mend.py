"""What must leave: never more than the best plan moves, and often exactly that."""

from __future__ import annotations

import numpy as np
import pytest
from instances.brute_force import brute_force
from instances.random_sites import random_site
from instances.tiny import tiny

from optimiser.analysis.verdict import Placement
from optimiser.analysis.verify import verify
from optimiser.schema.study import SolverSettings, Study, Weights
from optimiser.solve.engine import MENDED, solve_study
from optimiser.solve.mend import find_leaving
from optimiser.solve.mend_places import place_leaving
from optimiser.solve.problem import lower
from optimiser.studies.frontier import frontier, spaced_budgets

MOVES = Weights(carbon_price_per_t=0.0, water=False, move_cost=1.0, move_cost_per_gib=0.0,
                host_on_cost_per_h=0.0, hold_days=1.0)  # fmt: skip
FREE = {"price_per_kwh": 0.0, "carbon_g_per_kwh": 0.0, "water_price_per_m3": 0.0}


def _problem(hosts, workloads, policies=(), weights=MOVES, environment=None, **options):
    _, twin, rules = tiny(hosts, workloads, policies, environment=environment or FREE,
                          weights=weights.model_dump(), **options)  # fmt: skip
    return lower(twin, rules, weights), twin, rules


def _on_first(*cpu: int) -> list[dict]:
    return [{"cpu": amount, "host": "h1"} for amount in cpu]


def test_largest_leave_an_overfull_host():
    """100 units hold 40 + 35 + 30 + 20 less the 40: one move, not two small ones."""
    problem, *_ = _problem(2, _on_first(30, 40, 35, 20))
    leaving = find_leaving(problem)
    assert leaving.fewest == 1 and leaving.bound == pytest.approx(problem.move_cost[0])
    assert leaving.chosen.sum() == 1 and problem.use[problem.flavour[leaving.chosen], 0] >= 25


def test_half_a_move_is_a_whole_one_on_each_host():
    """Two hosts over by 10 and 20 units of workloads of 60: two moves, not half a one."""
    rows = [*_on_first(60, 60), *({"cpu": 60, "host": "h2"} for _ in range(2))]
    leaving = find_leaving(_problem(4, rows)[0])
    assert leaving.fewest == 2


def test_cheap_moves_are_preferred():
    """Where moves differ in price, three cheap ones beat one that is dear."""
    rows = [
        {"cpu": 60, "host": "h1", "move_cost": 10.0},
        *({"cpu": 20, "host": "h1", "move_cost": 1.0} for _ in range(5)),
    ]
    problem, *_ = _problem(2, rows)
    leaving = find_leaving(problem)
    assert not leaving.chosen[0] and leaving.chosen.sum() == 3
    assert leaving.bound == pytest.approx(problem.move_cost[leaving.chosen].sum(), rel=1e-6)
    assert leaving.fewest == 1


def test_legal_site_has_nothing_to_leave():
    """Nothing is broken, so nothing moves and nothing is proven."""
    leaving = find_leaving(_problem(2, _on_first(10, 10))[0])
    assert leaving.fewest == 0 and leaving.bound == 0.0 and not leaving.chosen.any()


def test_no_limit_is_proven_where_energy_is_worth_less_than_nothing():
    """A plan may then cost less than its moves."""
    environment = {**FREE, "price_per_kwh": -0.1}
    leaving = find_leaving(_problem(2, _on_first(60, 60), environment=environment)[0])
    assert leaving.bound is None and leaving.fewest == 1


def test_each_broken_kind_is_seen():
    """A host forbidden, replicas together, too few and too many racks."""
    ban = {"kind": "ban", "workloads": {"names": ["w1"]}, "hosts": {"names": ["h1"]}, "name": "b"}
    assert find_leaving(_problem(2, _on_first(10, 10), [ban])[0]).chosen.tolist() == [True, False]
    replicas = [{"cpu": 10, "service": "s", "host": "h1"} for _ in range(4)]
    apart = {"kind": "anti_affinity", "workloads": {}, "name": "a"}
    assert find_leaving(_problem(4, replicas, [apart])[0]).fewest == 3
    wide = {"kind": "spread", "domain": "rack", "min_domains": 3, "workloads": {}, "name": "s"}
    assert find_leaving(_problem(4, replicas, [wide])[0]).fewest == 2
    scattered = [{"cpu": 10, "service": "s", "host": f"h{1 + i % 2}"} for i in range(5)]
    close = {"kind": "affinity", "domain": "rack", "workloads": {}, "name": "c"}
    assert find_leaving(_problem(3, scattered, [close])[0]).fewest == 2


def test_rule_about_nobody_is_no_trouble():
    """A counting rule that selects no workload breaks nothing."""
    empty = {"kind": "anti_affinity", "workloads": {"labels": {"tier": "none"}}, "name": "e"}
    assert find_leaving(_problem(2, _on_first(60, 60), [empty])[0]).fewest == 1


def test_broken_sites_never_need_fewer_moves():
    """On random sites of all kinds the limit is below every legal plan, and mostly met."""
    proven = broken = 0
    for seed in range(120):
        _, twin, rules = random_site(seed)
        twin = twin.assign(price_per_kwh=twin["price_per_kwh"] * 0.0)
        problem = lower(twin, rules, MOVES)
        leaving = find_leaving(problem)
        truth = brute_force(twin, rules, MOVES)
        if not truth.is_feasible or leaving is None or not leaving.fewest:
            continue
        broken += 1
        assert leaving.bound <= truth.cost + 1e-9
        moved = int(((problem.today >= 0) & (truth.host != problem.today)).sum())
        assert leaving.fewest <= moved
        mended = place_leaving(problem, leaving)
        if mended is None or not verify(twin, rules, Placement(mended.host, mended.on)).is_legal:
            continue
        assert mended.objective >= truth.cost - 1e-9
        proven += mended.objective <= leaving.bound + 1e-9
    assert broken > 20 and proven > 5


def test_engine_ends_before_the_search_with_a_proof():
    """The fewest moves are found and proven without compiled code or a relaxation."""
    _, twin, rules = _problem(3, _on_first(60, 30, 25, 20))
    study = Study(weights=MOVES, solver=SolverSettings(time_limit_s=30.0, gap=0.0))

    def judge(candidate):
        verdict = verify(twin, rules, Placement(candidate.host, candidate.on))
        return verdict.penalty if verdict.is_legal else None

    result = solve_study(twin, rules, study, check=judge)
    assert result.status == "gap" and result.bound_sentence == MENDED
    assert result.candidate.objective == pytest.approx(result.bound)
    assert set(result.phase_seconds) == {"start", "mend"}
    problem = lower(twin, rules, MOVES)
    points = frontier(problem, spaced_budgets(5), best=result.candidate, bound=result.bound)
    assert [(p.max_moves, p.moves) for p in points] == [(1, 1), (2, 1), (5, 1)]


def test_workloads_without_a_host_are_placed():
    """What runs nowhere yet is no move, but needs a place beside what is mended."""
    rows = [*_on_first(60, 60), {"cpu": 90}]
    problem, twin, rules = _problem(4, rows)
    mended = place_leaving(problem, find_leaving(problem))
    assert verify(twin, rules, Placement(mended.host, mended.on)).is_legal
    assert np.count_nonzero(mended.host[:2] != problem.today[:2]) == 1
