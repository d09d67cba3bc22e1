"""An amount is called enough only when a plan shows it."""

from __future__ import annotations

import time
from itertools import pairwise
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from instances.tiny import tiny

from optimiser.analysis.verdict import Placement
from optimiser.analysis.verify import verify
from optimiser.schema.study import Weights
from optimiser.solve import explain
from optimiser.solve.explain import explain_infeasible, find_relaxations
from optimiser.solve.explain_steps import Relaxation
from optimiser.solve.problem import Problem, lower
from optimiser.studies import enough
from optimiser.studies.enough import Prover

LIMIT_S = 60.0


@pytest.fixture(autouse=True)
def merged_hosts(monkeypatch: pytest.MonkeyPatch) -> None:
    """Treat every site as too large for the exact model."""
    monkeypatch.setattr(explain, "EXACT_PAIRS", 0)


def asked(*args: Any) -> tuple[Problem, list[Relaxation]]:
    """Return the problem of a site and its ways out, proven where a plan was found."""
    _, twin, rules = tiny(*args)
    problem = lower(twin, rules, Weights())
    prover, deadline = Prover(), time.monotonic() + LIMIT_S
    ways = [
        prover(problem.frame, way, deadline) for way in find_relaxations(problem.frame, LIMIT_S)
    ]
    assert ways
    assert not any(way.is_exact for way in ways)
    return problem, ways


def told(*args: Any) -> list[str]:
    """Return the findings as a person reads them."""
    _, twin, rules = tiny(*args)
    problem = lower(twin, rules, Weights())
    return [str(one) for one in explain_infeasible(problem, LIMIT_S, Prover())]


def test_capacity_is_told_for_each_host_of_a_class() -> None:
    """Eight of 55 in four hosts of 100 lack 40; with 10 more on each two fit."""
    rows = [{"cpu": 55, "host": f"h{i % 4 + 1}"} for i in range(8)]
    (way,) = asked(4, rows)[1]
    assert [(step.amount, step.where) for step in way.enough] == [
        (10.0, "each of the 4 hosts like h1")
    ]
    words = told(4, rows)
    assert any(
        "enough, as a plan shows: free 10 cpu on each of the 4 hosts like h1" in w for w in words
    )
    assert any("at least 40 cpu short" in w for w in words)


def test_what_no_plan_shows_stays_a_lower_limit() -> None:
    """Four of 80 in three hosts lack 20 in sum, but no host takes two before it has 160."""
    rows = [{"cpu": 80, "host": f"h{i % 3 + 1}"} for i in range(4)]
    (way,) = asked(3, rows)[1]
    assert way.enough == ()
    words = told(3, rows)
    assert any("mend:     at least: " in w for w in words)
    assert not any("enough, as a plan" in w for w in words)


def test_least_amounts_that_a_plan_shows_are_what_is_missing() -> None:
    """300 offered, 100 used, 230 to be kept free: 30 less is both needed and enough."""
    rows = [{"cpu": 50, "host": "h1"}, {"cpu": 50, "host": "h2"}]
    policy = {"kind": "headroom", "amount": 230, "name": "reserve"}
    words = told(3, rows, [policy])
    assert any("'reserve' is 30 millicore short" in w for w in words)
    assert any("enough, as a plan shows: keep 30 millicore less free" in w for w in words)


def test_moves_that_are_missing_are_counted_by_a_plan() -> None:
    """Three must leave a drained host and one may: two more are needed and enough."""
    rows = [{"cpu": 10, "host": "h1"} for _ in range(3)]
    policies = [
        {"kind": "max_moves", "limit": 1, "name": "calm"},
        {"kind": "drain", "hosts": {"names": ["h1"]}, "name": "leave"},
    ]
    _, ways = asked(3, rows, policies)
    calm, leave = (next(w for w in ways if w.family == name) for name in ("calm", "leave"))
    assert calm.is_tight
    assert calm.enough[0].amount == 2
    assert 2 <= leave.enough[0].amount <= 3
    assert set(leave.enough[0].who) <= {"w1", "w2", "w3"}


def test_a_power_limit_is_measured_where_the_least_is_not_enough() -> None:
    """Five of 60 need five hosts, though their sum fits on three: the plan shows what it takes.

    Five hosts of 100 W and 60 W each are 800 W; the relaxation puts 300 units on three hosts.
    """
    rows = [{"cpu": 60, "host": f"h{i + 1}"} for i in range(5)]
    policy = {"kind": "domain_capacity", "domain": "site", "limit": 0.4, "name": "grid"}
    _, ways = asked(5, rows, [policy])
    grid = next(way for way in ways if way.family == "grid")
    assert grid.steps[0].amount < 0.4
    assert grid.enough[0].amount == pytest.approx(0.4, abs=0.002)
    assert "raise the limit of 'grid' for tiny by 0.4 kW" in grid.finding().remedy


def test_every_plan_that_shows_something_breaks_only_what_was_relaxed() -> None:
    """On 10 random crowded sites each proof is a whole placement that keeps all other rules."""
    proven = 0
    for seed in range(10):
        rng = np.random.default_rng(seed)
        rows = [
            {"cpu": int(rng.integers(20, 60)), "service": f"s{i % 3}", "host": f"h{i % 4 + 1}"}
            for i in range(int(rng.integers(6, 10)))
        ]
        policies = [
            {"kind": "max_hosts_on", "limit": int(rng.integers(1, 3)), "name": "few"},
            {"kind": "spread", "max_per_domain": 2, "name": "apart", "domain": "host"},
        ]
        _, twin, rules = tiny(4, rows, policies)
        problem = lower(twin, rules, Weights())
        for least in find_relaxations(problem.frame, LIMIT_S):
            way = Prover()(problem.frame, least, time.monotonic() + LIMIT_S)
            if not way.enough or way.family == "capacity":
                continue
            placement = Placement(way.host, way.host_on)
            verdict = verify(twin, rules, placement)
            assert {v.rule for v in verdict.violations} <= {way.family}, seed
            assert (
                sum(v.amount for v in verdict.violations)
                <= sum(step.amount for step in way.enough) + 1e-9
                or way.family == "apart"
            )
            proven += 1
    assert proven > 4


class _Recorder:
    """Stands for a searcher: notes rounds and heats of each call."""

    def __init__(self) -> None:
        self.problem = SimpleNamespace(num_workloads=10_000, num_hosts=1_000)
        self.calls: list[tuple[int, float, float]] = []

    def run(self, rounds: int, start: float, end: float, seed: int) -> None:
        self.calls.append((rounds, start, end))


def test_large_sites_are_searched_by_the_clock() -> None:
    """All rounds come, each slice as cool as the one before left it; out of time only the first."""
    whole: Any = _Recorder()
    enough.run_rounds(whole, 1, time.monotonic() + 60.0)
    assert sum(call[0] for call in whole.calls) == enough.ROUNDS and len(whole.calls) > 1
    assert whole.calls[0][1] == enough.HOT
    assert whole.calls[-1][2] == pytest.approx(enough.COLD)
    assert all(a[2] == b[1] for a, b in pairwise(whole.calls))
    late: Any = _Recorder()
    enough.run_rounds(late, 1, time.monotonic() - 1.0)
    assert [call[0] for call in late.calls] == [enough.FIRST_ROUNDS]


def test_small_sites_take_all_rounds_at_once() -> None:
    """What takes milliseconds does not depend on the clock."""
    small: Any = _Recorder()
    small.problem.num_hosts = 10
    enough.run_rounds(small, 1, time.monotonic() - 1.0)
    assert [call[0] for call in small.calls] == [enough.ROUNDS]
