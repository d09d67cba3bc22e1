"""What one more unit of a limit is worth a year."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from instances.tiny import tiny

from optimiser.schema.study import Study, Weights
from optimiser.solve.candidate import Candidate
from optimiser.solve.engine import prepare
from optimiser.solve.objective import evaluate
from optimiser.solve.prices import binding_prices, solve_duals
from optimiser.solve.problem import Problem

# 5 W idle and 0.5 W per percent: half of what the plain card draws for the same work
FRUGAL: dict[str, Any] = {
    "kind": "server", "name": "frugal", "standby_w": 5.0,
    "curve_w": [5.0 + 5.0 * step for step in range(11)],
    "capacity": {"cpu": 100, "memory": 1000},
}  # fmt: skip
FREE = Weights(carbon_price_per_t=0.0, move_cost=0.0, move_cost_per_gib=0.0, host_on_cost_per_h=0.0)


def _problem(limit: int, **policy: Any) -> Problem:
    """Return a frugal and a plain host with two workloads of 40 % each, and one rule."""
    rule = {"kind": "domain_capacity", "domain": "host", "resource": "cpu", "limit": limit}
    rows = [{"cpu": 40, "host": "h1"}, {"cpu": 40, "host": "h2"}]
    hosts = [{"card": "frugal"}, {}]
    options: dict[str, Any] = {
        "cards": [FRUGAL],
        "weights": FREE.model_dump(),
        "environment": {"price_per_kwh": 0.1, "carbon_g_per_kwh": 0.0},
    }
    _, twin, rules = tiny(hosts, rows, [{**rule, **policy, "name": "half"}], **options)
    return prepare(twin, rules, Study(weights=FREE))


def _plan(problem: Problem, host: list[int]) -> Candidate:
    placed = np.array(host, dtype=np.int32)
    on = np.isin(np.arange(problem.num_hosts), placed)
    devices = np.zeros(len(host), dtype=np.uint64)
    return Candidate(placed, on, devices, evaluate(problem, placed, on))


def test_a_limit_that_binds_has_the_price_of_the_relaxation() -> None:
    """The dual is what the optimum of the relaxation falls by when the limit rises by one."""
    problem = _problem(40)
    (found,) = [b for b in binding_prices(problem, _plan(problem, [0, 1])) if b.rule == "half"]
    relaxed = [_relaxed(limit) for limit in (40, 41)]
    assert found.price / 1000.0 == pytest.approx((relaxed[0] - relaxed[1]) * 8760.0, rel=1e-6)
    assert found.unit == "core"
    assert found.method == "dual"
    assert "is worth" in found.sentence and found.sentence.endswith("EUR a year")


def _relaxed(limit: int) -> float:
    """Return the relaxation's objective an hour for a limit, by a solve of its own."""
    from optimiser.formulation.grouping import group_hosts
    from optimiser.formulation.instance import Instance
    from optimiser.formulation.model import build
    from optimiser.solve.compile import compile_model
    from optimiser.solve.here import solve_here

    frame = _problem(limit).frame
    model = build(Instance(frame, group_hosts(frame, ("rack",))))
    answer = solve_here(compile_model(model).as_relaxation())
    assert answer.objective is not None
    hours = float(frame.twin["period_h"].values.sum())
    return answer.objective / hours


def test_a_limit_that_the_plan_does_not_reach_has_no_price() -> None:
    """The relaxation fills the frugal host to its limit; a plan that leaves room does not bind."""
    problem = _problem(50)
    duals = solve_duals(problem)
    assert any(key[0] == "domain_capacity" for key in duals)
    told = binding_prices(problem, _plan(problem, [1, 1]), duals)
    assert all(b.where != "host h1" for b in told)


def test_a_loose_limit_has_no_price() -> None:
    """Nothing is paid for a limit that nobody misses."""
    problem = _problem(100)
    assert not [b for b in binding_prices(problem, _plan(problem, [0, 0])) if b.rule == "half"]


def test_prices_come_dearest_first() -> None:
    """The list is sorted, and every price is above zero."""
    problem = _problem(40)
    prices = [b.price for b in binding_prices(problem, _plan(problem, [0, 1]))]
    assert prices == sorted(prices, reverse=True)
    assert prices and prices[-1] > 0.0
