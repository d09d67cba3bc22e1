"""What a person reads when no plan exists."""

from __future__ import annotations

from typing import Any

import pytest
from instances.random_sites import random_site
from instances.tiny import tiny

from optimiser.errors import InfeasibleError
from optimiser.formulation.frame import prepare
from optimiser.schema.study import Study, Weights
from optimiser.solve.engine import prepare as prepare_study
from optimiser.solve.explain import explain_infeasible, find_relaxations
from optimiser.solve.precheck import Finding
from optimiser.solve.problem import lower


def _findings(*args: Any, **options: Any) -> list[Finding]:
    _, twin, rules = tiny(*args, **options)
    return explain_infeasible(lower(twin, rules, Weights()), 20.0)


def test_alternatives_come_cheapest_first_with_amounts_and_names() -> None:
    """Two workloads of 60 % fenced onto one host: let one out, or find room for 20 there."""
    both = {"names": ["w1", "w2"]}
    fence = {"kind": "fence", "name": "gold", "workloads": both, "hosts": {"names": ["h1"]}}
    rows = [{"cpu": 60, "host": "h1"}, {"cpu": 60, "host": "h2"}]
    _, *told = [str(found) for found in _findings(3, rows, [fence])]
    assert len(told) == 2
    assert "capacity of hosts is 20 cpu short at host h1" in told[0]
    assert "free 20 cpu on host h1" in told[0]
    assert "run on host h" in told[1] and "in spite of 'gold'" in told[1]


def test_a_power_limit_is_told_in_kilowatts() -> None:
    """One host of 110 W at least, and the other one asleep at 5 W: 120 + 5 W against 100 W."""
    limit = {"kind": "domain_capacity", "domain": "site", "limit": 0.1, "name": "grid"}
    (found,) = _findings(2, 2, [limit])
    assert found.rule == "grid"
    assert found.unit == "kW"
    assert found.short_by == pytest.approx(0.025, abs=0.0011)
    assert "raise the limit of 'grid'" in found.remedy


def test_what_arithmetic_proves_comes_before_the_ways_out() -> None:
    """A workload larger than any host is named first, then the room that it would take."""
    first, second = _findings(2, [{"cpu": 130, "host": "h1"}])
    assert "needs 130 cpu" in first.sentence
    assert "the complete ways out follow" in first.remedy
    assert second.short_by == 30


def test_a_feasible_study_has_no_findings() -> None:
    """Nothing stands in the way, so nothing is told."""
    assert _findings(2, 2) == []


def test_rules_that_must_give_way_together_are_one_way_out() -> None:
    """A ban and a drain both keep the only workload off both hosts: one alone mends it."""
    ban = {"kind": "ban", "workloads": {}, "hosts": {"names": ["h1"]}, "name": "a"}
    drain = {"kind": "drain", "hosts": {"names": ["h1", "h2"]}, "name": "b"}
    ways = find_relaxations(prepare(*tiny(2, 1, [ban, drain])[1:], Weights()), 20.0)
    assert [way.family for way in ways] == ["b"]
    cap = {"kind": "max_hosts_on", "limit": 0, "name": "c"}
    ways = find_relaxations(prepare(*tiny(2, 1, [drain, cap])[1:], Weights()), 20.0)
    assert [{step.rule for step in way.steps} for way in ways] == [{"b", "c"}]


def test_a_site_without_usable_hosts_has_nothing_to_relax() -> None:
    """Random site 47 has all hosts under maintenance: only the pre-check has something to say."""
    _, twin, rules = random_site(47)
    problem = lower(twin, rules, Weights())
    assert find_relaxations(problem.frame, 20.0) == []
    assert explain_infeasible(problem, 20.0)


def test_the_engine_refuses_with_the_findings_attached() -> None:
    """The error that a planner sees carries what is wrong and what would mend it."""
    _, twin, rules = tiny(2, [{"cpu": 130, "host": "h1"}])
    with pytest.raises(InfeasibleError, match="free 30 cpu on host h1") as caught:
        prepare_study(twin, rules, Study())
    assert len(caught.value.findings) == 2
