"""Interchangeable workloads trade places: fewer moves, same plan."""

from __future__ import annotations

import numpy as np
import pytest
from instances.catalogue_sites import catalogue_site
from instances.tiny import tiny

from optimiser.analysis.verdict import Placement
from optimiser.analysis.verify import verify
from optimiser.schema.study import Weights
from optimiser.solve.candidate import Candidate
from optimiser.solve.objective import evaluate
from optimiser.solve.problem import Problem, lower
from optimiser.solve.relabel import relabel

HOSTS = [{"name": f"h{1 + i}", "rack": f"r{1 + i // 2}"} for i in range(6)]


def _problem(rows: list[dict], *policies: dict) -> Problem:
    _, twin, rules = tiny(HOSTS, rows, policies)
    return lower(twin, rules, Weights())


def _traded(problem: Problem, goal: list[int]) -> list[int]:
    host = np.array(goal, dtype=np.int32)
    plan = Candidate(host, np.ones(6, dtype=bool), np.arange(len(goal), dtype=np.uint64), {})
    found = relabel(problem, plan)
    # a device goes with the host that it is on
    assert sorted(zip(found.host, found.devices, strict=True)) == sorted(
        zip(plan.host, plan.devices, strict=True)
    )
    return found.host.tolist()


def _replicas(*places: str) -> list[dict]:
    return [{"service": "s", "host": place} for place in places]


def test_who_can_stay_stays():
    """A ring of three replicas is no move at all."""
    assert _traded(_problem(_replicas("h1", "h3", "h5")), [2, 4, 0]) == [0, 2, 4]


def test_the_others_keep_to_their_rack():
    """To the second host of each rack: each to the one beside it."""
    assert _traded(_problem(_replicas("h1", "h3", "h5")), [3, 5, 1]) == [1, 3, 5]


def test_different_workloads_keep_their_places():
    """Another size, service or rule is another workload."""
    bigger = [{"service": "s", "host": "h1"}, {"service": "s", "host": "h3", "cpu": 20}]
    assert _traded(_problem(bigger), [2, 0]) == [2, 0]
    others = [{"service": "s", "host": "h1"}, {"service": "t", "host": "h3"}]
    assert _traded(_problem(others), [2, 0]) == [2, 0]
    fence = {"kind": "ban", "name": "b", "workloads": {"names": ["w1"]},
             "hosts": {"names": ["h6"]}}  # fmt: skip
    assert _traded(_problem(_replicas("h1", "h3"), fence), [2, 0]) == [2, 0]


def test_workloads_without_a_host_take_what_is_left():
    """One that comes from nowhere goes where nobody else had to go."""
    rows = [*_replicas("h1"), {"service": "s", "host": None}]
    assert _traded(_problem(rows), [3, 0]) == [0, 3]


@pytest.mark.parametrize("block", range(6))
def test_random_plans_stay_as_legal_and_cost_no_more(block: int):
    """Shuffled legal placements of random sites: same verdict, same loads, no more moves."""
    rng = np.random.default_rng(block)
    for seed in range(block * 20, block * 20 + 20):
        twin, rules = catalogue_site(seed, soft=seed % 2 == 1)
        problem = lower(twin, rules, Weights())
        allowed = problem.eligibility.allowed[problem.eligibility.of_workload]
        if not allowed.any(axis=1).all():
            continue
        host = np.array([rng.choice(np.flatnonzero(row)) for row in allowed], dtype=np.int32)
        on = np.ones(problem.num_hosts, dtype=bool)
        plan = Candidate(host, on, np.zeros(len(host), dtype=np.uint64), {})
        found = relabel(problem, plan)
        before, after = (verify(twin, rules, Placement(p.host, on)) for p in (plan, found))
        assert after.is_legal >= before.is_legal
        assert (found.host != problem.today).sum() <= (host != problem.today).sum()
        old, new = (sum(evaluate(problem, p.host, on).values()) for p in (plan, found))
        assert new <= old + 1e-9
