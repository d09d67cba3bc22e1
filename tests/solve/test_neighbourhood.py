"""Exact models of a few hosts: what they propose is legal, better, and never too good."""

from __future__ import annotations

import numpy as np
import pytest
from differential.engine_trial import draw_site, slack_of
from instances.brute_force import brute_force
from instances.tiny import tiny

from optimiser.schema.study import Weights
from optimiser.solve.executor import open_executor
from optimiser.solve.here import solve_here
from optimiser.solve.neighbourhood import Surroundings
from optimiser.solve.objective import evaluate
from optimiser.solve.problem import lower
from optimiser.solve.search import Searcher
from optimiser.solve.settings import SolveSettings
from optimiser.solve.surgery import Surgeon, operate

HOST_ON = Weights(host_on_cost_per_h=1.0, water=False, carbon_price_per_t=0.0)


def placed(problem, host):
    """Return the plan of a placement, hosts on that hold something."""
    searcher, host = Searcher(problem), np.array(host, dtype=np.int32)
    on = np.zeros(problem.num_hosts, dtype=bool)
    on[host] = True
    assert not len(searcher.load(host, on))
    return searcher.candidate()


def free_energy(num_hosts, workloads, policies=()):
    """Return a problem in which only hosts that are on cost money."""
    _, twin, rules = tiny(num_hosts, workloads, list(policies))
    for name in ("price_per_kwh", "carbon_g_per_kwh"):
        twin[name] = twin[name] * 0.0
    return twin, rules, lower(twin, rules, HOST_ON)


def test_all_hosts_at_once_are_packed_exactly():
    """Six workloads of 30 and three of 5 on hosts of 100: three hosts to two."""
    workloads = [{"cpu": 30, "memory": 10, "host": None}] * 6
    workloads += [{"cpu": 5, "memory": 10, "host": None}] * 3
    _, _, problem = free_energy(5, workloads)
    plan = placed(problem, [0, 0, 1, 1, 2, 2, 3, 3, 4])
    area = Surroundings(problem, plan).around(np.arange(5))
    result = solve_here(area.compiled, SolveSettings(gap=1e-9), area.start)
    host, on = area.placement(plan, result.x)
    assert on.sum() == 2 == len(np.unique(host))
    assert result.objective == pytest.approx(sum(evaluate(problem, host, on).values()))


def test_members_outside_count():
    """A service may have one replica per host; the one that stays bars its host from others."""
    rule = {"kind": "anti_affinity", "name": "apart", "workloads": {}}
    workloads = [{"cpu": 10, "service": "s", "replicas": 3, "host": ["h1", "h2", "h3"]}]
    _, _, problem = free_energy(3, workloads, [rule])
    plan = placed(problem, [0, 1, 2])
    around = Surroundings(problem, plan)
    assert around.members.max() == 1
    area = around.around(np.array([0, 1]))
    result = solve_here(area.compiled, SolveSettings(gap=1e-9), area.start)
    host, _ = area.placement(plan, result.x)
    assert sorted(host.tolist()) == [0, 1, 2]


@pytest.mark.parametrize("seed", range(40))
def test_proposals_are_legal_and_possible(seed: int):
    """On random sites with every kind of rule no plan is refused or beats all placements."""
    site = draw_site(2 * seed)  # those without soft rules
    truth = brute_force(site.twin, site.rules, site.weights)
    if not truth.is_feasible:
        return
    problem = lower(site.twin, site.rules, site.weights)
    searcher = Searcher(problem)
    searcher.place(searcher.load(problem.today, problem.today_on), 1)
    searcher.wake_reserves()
    if not searcher.keeps_rules or site.check(searcher.candidate()) is None:
        return
    surgeon, plan = Surgeon(problem, seed), searcher.candidate()
    for _ in range(12):
        found = surgeon.improve(plan)
        if found is not None:
            assert site.check(found) is not None
            assert truth.cost - slack_of(truth.cost) <= found.objective < plan.objective
            plan = found


def test_it_goes_on_from_the_best_plan_and_ends():
    """Every offer is better than the one before; without hope it stops by itself."""
    workloads = [{"cpu": 30 - i, "memory": 10, "host": None} for i in range(12)]
    _, _, problem = free_energy(8, workloads)
    plan, offers = placed(problem, [i % 8 for i in range(12)]), []
    surgeon = Surgeon(problem, 3)
    operate(surgeon, lambda: plan, offers.append, lambda: False)
    objectives = [plan.objective, *(found.objective for found in offers)]
    assert objectives == sorted(objectives, reverse=True) and len(offers) >= 1
    assert offers[-1].on.sum() == 3  # 294 of 100 each
    assert surgeon.is_spent


def test_rounds_on_workers_add_up():
    """Two models at a time, solved by two processes, which share no host: as legal and as good."""
    workloads = [{"cpu": 20 + i % 17, "memory": 10, "host": None} for i in range(60)]
    _, _, problem = free_energy(60, workloads)
    start, offers = placed(problem, list(range(60))), []
    with open_executor(workers=2) as executor:
        assert executor.width == 2
        surgeon = Surgeon(problem, 3, executor)
        operate(surgeon, lambda: start, offers.append, lambda: len(offers) > 4)
    objectives = [start.objective, *(found.objective for found in offers)]
    assert objectives == sorted(objectives, reverse=True)
    fewer = -np.diff([start.on.sum(), *(found.on.sum() for found in offers)])
    assert fewer[0] > 3  # more than one model of forty pairs can empty
    load = np.zeros(problem.num_hosts, dtype=np.int64)
    np.add.at(load, offers[-1].host, problem.use[problem.flavour][:, 0])
    assert load.max() <= 100
    assert offers[-1].on.sum() < 45
