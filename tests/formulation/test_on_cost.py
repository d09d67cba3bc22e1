"""What hosts cost while they are on: their own cost, their card's, or the study's."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from instances.constraint_cases import FREE
from instances.solve_tiny import frame_of, solve_instance, solve_model
from instances.tiny import SERVER, tiny

from optimiser.formulation.grouping import group_exact, group_hosts
from optimiser.formulation.instance import Instance
from optimiser.formulation.model import build
from optimiser.schema.study import SolverSettings, Study, Weights
from optimiser.solve.engine import solve_study
from optimiser.solve.problem import lower
from optimiser.twin.on_cost import on_cost_per_h

CARDS = [{**SERVER, "name": "dear", "on_cost_per_h": 7.0}]
HOSTS: list[dict[str, Any]] = [
    {"card": "dear"}, {"card": "dear", "on_cost_per_h": 2.0}, {}, {"on_cost_per_h": 0.0},
]  # fmt: skip


def test_host_before_card_before_study() -> None:
    """The host's own cost counts, also when it is 0; else its card's, else the study's."""
    _, twin, _ = tiny(HOSTS, cards=CARDS)
    cost = on_cost_per_h(twin, Weights(host_on_cost_per_h=0.5))
    assert cost.tolist() == [7.0, 2.0, 0.5, 0.0]


def test_twin_of_an_earlier_run_has_the_study_s_cost() -> None:
    """Twins that were stored before hosts had a cost of their own are still understood."""
    _, twin, _ = tiny(2)
    old = twin.drop_vars("host_own_on_cost_per_h")
    assert on_cost_per_h(old, Weights(host_on_cost_per_h=0.5)).tolist() == [0.5, 0.5]


def test_cheapest_hosts_are_chosen() -> None:
    """Of hosts at 7, 2, 5 (the study's) and 0 an hour, those at 2 and 0 hold what needs two."""
    workloads = [{"cpu": 60, "host": None}, {"cpu": 60, "host": None}]
    options = {**FREE, "weights": {**FREE["weights"], "host_on_cost_per_h": 5.0}}
    frame = frame_of(HOSTS, workloads, cards=CARDS, hours=3, **options)
    answer = solve_instance(Instance(frame, group_exact(frame)))
    assert answer is not None
    assert np.flatnonzero(answer.on).tolist() == [1, 3]
    assert answer.objective == pytest.approx(3 * 2.0)


def test_cost_is_paid_for_each_hour() -> None:
    """Two hosts of 2 and 7 an hour for three hours: 27, when everything else is free."""
    hosts = [{"card": "dear"}, {"card": "dear", "on_cost_per_h": 2.0}]
    workloads = [{"cpu": 60, "host": None}, {"cpu": 60, "host": None}]
    frame = frame_of(hosts, workloads, cards=CARDS, hours=3, **FREE)
    answer = solve_instance(Instance(frame, group_exact(frame)))
    assert answer is not None
    assert answer.terms["host_on"] == pytest.approx(3 * (2.0 + 7.0))


def test_hosts_of_other_cost_are_not_merged() -> None:
    """Groups of the bound and classes of the search hold hosts of one cost only."""
    hosts = [{"rack": "r1", "on_cost_per_h": cost} for cost in (1.0, 3.0, 1.0, 2.0, 3.0)]
    _, twin, rules = tiny(hosts, 1)
    problem = lower(twin, rules, Weights())
    grouping = group_hosts(problem.frame, ())
    assert grouping.host_count.tolist() == [2, 1, 2]
    assert len(np.unique(problem.host_class)) == 3
    for group in (grouping.host_group, problem.host_class):
        assert np.ptp(problem.host_on_cost[group == group[0]]) == 0.0


def test_merged_model_bounds_the_cost_from_below() -> None:
    """Three workloads of 60 % need three hosts; merged or not the cheapest three cost 1 + 1 + 2."""
    hosts = [{"rack": "r1", "on_cost_per_h": cost} for cost in (1.0, 3.0, 1.0, 2.0, 3.0)]
    workloads = [{"cpu": 60, "host": None, "service": "s"}] * 3
    named = [{**row, "name": f"w{i}"} for i, row in enumerate(workloads)]
    frame = frame_of(hosts, named, **FREE)
    merged = solve_model(build(Instance(frame, group_hosts(frame, ()))))
    exact = solve_instance(Instance(frame, group_exact(frame)))
    assert exact is not None and merged is not None
    assert exact.objective == pytest.approx(4.0)
    # merged hosts pool their room: 180 of 200 fit on the two of 1
    assert merged == pytest.approx(2.0)


@pytest.mark.parametrize("seed", range(4))
def test_engine_plans_for_cost_alone(seed: int) -> None:
    """Without power chain and with free energy the engine proves the least cost of hosts."""
    rng = np.random.default_rng(seed)
    hosts = [{"rack": "r1", "on_cost_per_h": float(rng.integers(1, 9))} for _ in range(5)]
    workloads = [
        {"cpu": int(rng.integers(20, 60)), "memory": int(rng.integers(100, 600)), "host": None}
        for _ in range(6)
    ]
    _, twin, rules = tiny(hosts, workloads, **FREE)
    weights = Weights.model_validate(FREE["weights"])
    settings = SolverSettings(time_limit_s=60.0, gap=0.0, work_limit=2, threads=1)
    result = solve_study(twin, rules, Study(weights=weights, solver=settings))
    frame = frame_of(hosts, workloads, **FREE)
    exact = solve_instance(Instance(frame, group_exact(frame)))
    assert exact is not None
    assert result.candidate.objective == pytest.approx(exact.objective)
    assert result.bound == pytest.approx(exact.objective)
