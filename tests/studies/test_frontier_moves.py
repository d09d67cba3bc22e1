"""The best plan with at most k moves."""

from __future__ import annotations

import numpy as np
import pytest
from instances.brute_force import brute_force
from instances.random_sites import random_site, random_weights
from instances.tiny import tiny

from optimiser.errors import InfeasibleError
from optimiser.schema.policy import MaxMoves
from optimiser.schema.study import Study, Weights
from optimiser.solve.engine import prepare
from optimiser.solve.move_bound import bound_by_moves
from optimiser.solve.objective import evaluate
from optimiser.solve.problem import Problem
from optimiser.studies.frontier import frontier, is_legal, num_moves, spaced_budgets
from optimiser.twin.rules import Rule


def _problem(hosts: int, members: list[int], policies: tuple = ()) -> Problem:
    """Return hosts with so many workloads of 10 % on each today; moves are free."""
    rows = [{"host": f"h{i + 1}", "cpu": 10} for i, n in enumerate(members) for _ in range(n)]
    weights = Weights(move_cost=0.0, move_cost_per_gib=0.0)
    _, twin, rules = tiny(hosts, rows, list(policies), weights=weights.model_dump())
    return prepare(twin, rules, Study(weights=weights))


def test_each_budget_buys_the_evacuations_that_save_most_per_move() -> None:
    """Hosts with 1, 2 and 3 workloads are emptied in this order, as far as the budget goes."""
    problem = _problem(4, [1, 2, 3, 4])
    points = frontier(problem, [0, 1, 2, 3, 6])
    assert [point.moves for point in points] == [0, 1, 1, 3, 6]
    assert [point.hosts_on for point in points] == [4, 3, 3, 2, 1]


def test_a_larger_budget_is_never_worse() -> None:
    """Objectives fall with the budget, whatever the order in which budgets are given."""
    problem = _problem(5, [1, 2, 2, 3, 2])
    points = frontier(problem, [10, 0, 4, 2])
    assert [point.max_moves for point in points] == [0, 2, 4, 10]
    objectives = [point.objective for point in points]
    assert objectives == sorted(objectives, reverse=True)
    assert objectives[-1] < objectives[0]


def test_no_move_means_todays_placement_and_its_cost() -> None:
    """With a budget of 0 the objective is that of today."""
    problem = _problem(3, [1, 1, 1])
    today = sum(evaluate(problem, problem.today, problem.today_on).values())
    (point,) = frontier(problem, [0])
    assert (point.moves, point.hosts_on) == (0, 3)
    assert abs(point.objective - today) < 1e-9


def test_rules_hold_at_every_budget() -> None:
    """Workloads that must keep apart stay on two hosts however many moves are allowed."""
    apart = {"kind": "anti_affinity", "workloads": {"names": ["w1", "w2"]}, "each": "all"}
    problem = _problem(3, [1, 1, 1], (apart,))
    points = frontier(problem, [1, 5])
    assert [point.hosts_on for point in points] == [2, 2]


def test_a_finished_plan_answers_the_budgets_that_it_fits() -> None:
    """A plan found elsewhere is used where its moves fit, and only there."""
    from optimiser.solve.search import Searcher

    problem = _problem(3, [2, 2, 2])
    searcher = Searcher(problem)
    everything_on_the_last = np.full(6, 2, dtype=np.int32)
    searcher.load(everything_on_the_last, np.zeros(3, dtype=bool))
    best = searcher.candidate()
    assert num_moves(problem, best.host) == 4
    assert is_legal(problem, best)
    points = frontier(problem, [3, 4], best=best, time_limit_s=0.0)
    assert [point.moves for point in points] == [0, 4]


def limited(problem: Problem, budget: int) -> list[Rule]:
    """Return the rules of a problem and one that allows so many moves."""
    policy = MaxMoves(name="k", limit=budget)
    everyone, hosts = np.ones(problem.num_workloads, bool), np.ones(problem.num_hosts, bool)
    return [*problem.rules, Rule("k", "max_moves", policy, None, False, everyone, hosts)]


@pytest.mark.parametrize("block", range(3))
def test_no_plan_is_cheaper_than_the_limit_of_its_budget(block: int) -> None:
    """On 30 random sites brute force finds nothing below any limit, and the limits rise as k falls.

    Where a limit says that no plan exists, brute force finds none.
    """
    compared = tight = 0
    for seed in range(7000 + 10 * block, 7010 + 10 * block):
        _, twin, rules = random_site(seed)
        try:
            problem = prepare(twin, rules, Study(weights=random_weights(seed)))
        except InfeasibleError:
            continue
        budgets = [0, 1, 2, problem.num_workloads]
        limits = bound_by_moves(problem, budgets, 60.0)
        for budget, limit in zip(budgets, limits, strict=True):
            assert limit is not None, seed
            truth = brute_force(twin, limited(problem, budget), problem.weights)
            if truth.is_feasible:
                assert limit <= truth.cost + 1e-6 * max(1.0, abs(truth.cost)), (seed, budget)
                compared += 1
                tight += limit > 0.9 * truth.cost
        assert limits == sorted(limits, reverse=True), seed
    assert compared > 8
    assert tight > 3


def test_a_lined_up_site_has_limits_that_meet_its_plans() -> None:
    """Four hosts with 1, 2, 3 and 4 equal workloads: each emptied host costs what it holds.

    The relaxation may empty a part of a host, so limits meet the plans where the budget empties
    whole hosts (0, 1, 3 and 6 moves) and lie below in between.
    """
    problem = _problem(4, [1, 2, 3, 4])
    points = frontier(problem, [0, 1, 2, 3, 6])
    gaps = [(p.objective - (p.bound or 0.0)) / p.objective for p in points]
    assert gaps[0] == pytest.approx(0.0, abs=1e-6)
    assert gaps[2] > 1e-3
    assert [gaps[i] for i in (1, 3, 4)] == pytest.approx([0.0, 0.0, 0.0], abs=1e-6)


def test_budgets_are_spaced_from_none_to_all() -> None:
    """0, 1, 2, 5, 10 and so on; the last is all moves, and nothing comes close to it."""
    assert spaced_budgets(0) == [0]
    assert spaced_budgets(1) == [0, 1]
    assert spaced_budgets(55) == [0, 1, 2, 5, 10, 20, 55]
    assert spaced_budgets(3376)[-3:] == [1000, 2000, 3376]
