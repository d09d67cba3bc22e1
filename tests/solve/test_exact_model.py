"""The exact model: one objective with the search, streamed plans, and what outweighs a claim."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from dataclasses import replace
from typing import Any
from unittest import mock

import numpy as np
import pytest
import xarray as xr
from instances.medium_sites import medium_site
from instances.random_sites import random_site, random_weights
from instances.tiny import GPU_RESOURCES, tiny
from instances.tiny_facility import facility_options

from optimiser.analysis.verdict import Placement
from optimiser.analysis.verify import verify
from optimiser.errors import InfeasibleError
from optimiser.schema.study import SolverSettings, Study, Weights
from optimiser.solve import bound
from optimiser.solve import exact as exact_module
from optimiser.solve.candidate import Candidate
from optimiser.solve.engine import prepare, solve_study
from optimiser.solve.exact import (
    SECOND_RUN,
    TRIES,
    Size,
    Watcher,
    build_exact,
    exact_size,
    share_devices,
    solve_exact,
)
from optimiser.solve.objective import evaluate
from optimiser.solve.problem import Problem, lower
from optimiser.solve.settings import SolveSettings
from optimiser.solve.status import SolveStatus
from optimiser.solve.worker import SolverChild

GPU_CARD = {
    "kind": "server", "name": "gpu", "curve_w": [100 + 12 * i + i * i for i in range(11)],
    "capacity": {"cpu": 100, "memory": 1000, "gpu": 400}, "standby_w": 6,
    "gpus": {"model": "A", "count": 4, "idle_w": 30, "max_w": 300},
}  # fmt: skip


def _placements(problem: Problem, number: int, seed: int) -> list[tuple[np.ndarray, np.ndarray]]:
    """Return placements on allowed hosts that may each hold their workload alone."""
    rng, elig = np.random.default_rng(seed), problem.eligibility
    room = (problem.use[problem.flavour][:, None] <= problem.rated[None]).all(axis=2)
    allowed = elig.allowed[elig.of_workload] & room
    found = []
    for _ in range(number):
        host = np.array([rng.choice(np.flatnonzero(row)) for row in allowed], dtype=np.int32)
        on = np.zeros(problem.num_hosts, dtype=bool)
        on[host] = True
        found.append((host, on | (rng.random(len(on)) < 0.3) & problem.twin["host_usable"].values))
    return found


def _agree(twin: xr.Dataset, rules: Any, weights: Weights, seed: int = 0) -> int:
    """Compare the model with ``evaluate`` at some placements; return how many were compared."""
    hard = [rule for rule in rules if rule.is_hard]
    problem = lower(twin, hard, weights)
    if not problem.eligibility.allowed[problem.eligibility.of_workload].any(axis=1).all():
        return 0
    try:
        exact, compared = build_exact(problem), 0
        placements = _placements(problem, 4, seed)
    except ValueError:  # a workload that fits nowhere
        return 0
    for host, on in placements:
        point = exact.point(host, on)
        plan = None if point is None else exact.candidate(point)
        if plan is not None:  # the same but for equal workloads that had swapped places
            expected = sum(evaluate(problem, plan.host, plan.on).values())
            assert exact.objective(plan.host, plan.on) == pytest.approx(expected, rel=1e-6)
            compared += 1
    return compared


def test_model_and_search_count_the_same_money():
    """On random sites with every kind of rule both objectives agree to a millionth."""
    compared = 0
    for seed in range(40):
        _, twin, rules = random_site(seed)
        with contextlib.suppress(InfeasibleError):
            compared += _agree(twin, rules, random_weights(seed), seed)
    assert compared >= 60


@pytest.mark.parametrize("sign", [1.0, -1.0])
def test_whole_facility_counts_the_same_money(sign: float):
    """With losses, fans, plant and water, and with prices below zero in some hours."""
    options = facility_options(num_racks=4, hours=4)
    hosts = [{"rack": f"r{i % 4 + 1}", "card": ["plain", "curved"][i % 2]} for i in range(8)]
    workloads = [{"cpu": 7 * i + 5, "host": f"h{i + 1}"} for i in range(8)]
    _, twin, rules = tiny(hosts, workloads, (), **options)
    flip = np.where(np.arange(twin.sizes["time"]) % 2 == 0, sign, 1.0)
    twin["price_per_kwh"] = twin["price_per_kwh"] * flip
    assert _agree(twin, rules, Weights(carbon_price_per_t=10.0)) == 4


def test_gpu_hosts_count_the_same_money():
    """Power of devices in use enters both objectives alike."""
    hosts = [{"card": "gpu"}, {"card": "gpu"}, {"card": "gpu", "state": "off"}]
    workloads = [{"cpu": 10, "gpu": g, "host": f"h{i % 2 + 1}"}
                 for i, g in enumerate([30, 70, 100, 200, 0])]  # fmt: skip
    _, twin, rules = tiny(hosts, workloads, (), cards=[GPU_CARD], resources=GPU_RESOURCES)
    assert _agree(twin, rules, Weights()) == 4


def _watch() -> tuple[list[Candidate], list[float], Watcher]:
    plans: list[Candidate] = []
    bounds: list[float] = []
    return plans, bounds, Watcher(plans.append, bounds.append, lambda: False)


def test_plans_stream_from_the_child():
    """Plans come back while HiGHS works, each legal, priced like the model, below no bound."""
    _, twin, rules = medium_site(num_hosts=6, num_workloads=14, steps=3)
    problem = prepare(twin, rules, Study())
    exact = build_exact(problem)
    plans, bounds, watcher = _watch()
    with SolverChild() as child:
        result = solve_exact(exact, None, SolveSettings(time_limit_s=30.0), child, watcher)
    assert plans and result.objective is not None and result.bound is not None
    assert min(p.objective for p in plans) == pytest.approx(result.objective, rel=1e-6)
    assert max([*bounds, result.bound]) <= result.objective * (1 + 1e-5)
    for plan in plans:
        assert verify(twin, rules, Placement(plan.host, plan.on)).is_legal


def test_start_is_never_lost():
    """With one node to spend, the answer is at least as good as the plan it starts from."""
    _, twin, rules = medium_site(num_hosts=6, num_workloads=14, steps=3)
    problem = prepare(twin, rules, Study())
    exact = build_exact(problem)
    plans, _, watcher = _watch()
    solve_exact(exact, None, SolveSettings(), None, watcher)
    best = min(plans, key=lambda plan: plan.objective)
    again, _, second = _watch()
    with SolverChild() as child:
        solve_exact(exact, best, SolveSettings(node_limit=1, time_limit_s=20.0), child, second)
    assert min(plan.objective for plan in again) <= best.objective * (1 + 1e-9)


def test_devices_are_shared_out_or_refused():
    """Shares fit one device each and whole requests get whole devices; else there is no plan."""
    hosts = [{"card": "gpu"}]
    workloads = [{"gpu": g, "cpu": 1, "host": "h1"} for g in (70, 70, 30, 200)]
    _, twin, rules = tiny(hosts, workloads, (), cards=[GPU_CARD], resources=GPU_RESOURCES)
    problem = lower(twin, rules, Weights())
    masks = share_devices(problem, np.zeros(4, dtype=np.int32))
    assert masks is not None
    assert [int(mask).bit_count() for mask in masks] == [1, 1, 1, 2]
    assert int(masks[3]) & int(masks[0] | masks[1] | masks[2]) == 0
    full = replace(problem, host_devices=np.array([3]))
    assert share_devices(full, np.zeros(4, dtype=np.int32)) is None


def test_size_decides_what_is_solved_when():
    """Tiny sites go first and here, small ones before relaxations, large ones never."""
    _, twin, rules = medium_site(num_hosts=4, num_workloads=6, steps=2)
    size = exact_size(lower(twin, rules, Weights()))
    assert size == Size(pairs=24, cells=48) and size.is_tiny
    assert Size(400, 9_600).is_small and not Size(400, 9_600).is_tiny
    assert Size(5_000, 120_000).is_solvable and not Size(5_000, 120_000).is_small
    assert not Size(7_000, 7_000).is_solvable


def _claim(**answer: Any) -> Callable[..., Any]:
    """Return a stand-in for the exact solve that claims something."""

    def claim(exact: Any, start: Any, settings: Any, child: Any, watcher: Watcher) -> Any:
        return mock.Mock(**{"bound": None, "notes": (), **answer})

    return claim


def _plan_with(claim: Callable[..., Any]) -> Any:
    _, twin, rules = tiny(3, 4)
    settings = SolverSettings(time_limit_s=60.0, gap=0.0, work_limit=1, threads=1)
    with mock.patch.object(bound, "solve_exact", claim):
        return solve_study(twin, rules, Study(solver=settings))


def test_bound_above_a_legal_plan_is_given_up():
    """A plan in hand outweighs a bound, however well confirmed: none is shown rather than that."""
    result = _plan_with(_claim(status=SolveStatus.OPTIMAL, bound=1e6, bound_source=SECOND_RUN))
    assert result.bound is None and result.gap is None and result.bound_sentence == ""


def test_plan_outweighs_a_claim_of_infeasibility():
    """Where a legal plan is known, "infeasible" is not believed."""
    result = _plan_with(_claim(status=SolveStatus.INFEASIBLE, bound_source=SECOND_RUN))
    assert result.candidate.objective > 0.0
    assert result.status == "work"


def test_a_bound_counts_once_a_second_run_agrees():
    """What HiGHS alone says of the exact model is no bound; what two runs say is one."""
    low = {"status": SolveStatus.OPTIMAL, "bound": 1e-9}
    alone = _plan_with(_claim(**low, bound_source="solver"))
    assert alone.bound is None and alone.bound_sentence == ""
    agreed = _plan_with(_claim(**low, bound_source=SECOND_RUN))
    assert agreed.bound == 1e-9 and "solved twice" in agreed.bound_sentence


def test_the_child_is_asked_twice():
    """An optimum of the child is confirmed by a run of another kind, and so is "infeasible"."""
    _, twin, rules = medium_site(num_hosts=6, num_workloads=14, steps=3)
    exact = build_exact(prepare(twin, rules, Study()))
    _, _, watcher = _watch()
    settings = SolveSettings(time_limit_s=30.0)
    with SolverChild() as child:
        found = solve_exact(exact, None, settings, child, watcher)
        assert (found.status, found.bound_source) == (SolveStatus.OPTIMAL, SECOND_RUN)
        upper = np.minimum(exact.compiled.col_upper, 0.0)  # no host may be on
        dark = exact.compiled.with_bounds(exact.compiled.col_lower, upper)
        none = solve_exact(replace(exact, compiled=dark), None, settings, child, watcher)
    assert (none.status, none.bound_source, none.x) == (SolveStatus.INFEASIBLE, SECOND_RUN, None)


def test_what_no_second_run_confirms_is_not_claimed():
    """A second run out of time leaves a claim, one that finds more makes the first run anew."""
    _, twin, rules = medium_site(num_hosts=6, num_workloads=14, steps=3)
    exact = build_exact(prepare(twin, rules, Study()))
    _, _, watcher = _watch()
    late = mock.Mock(return_value=(SolveStatus.TIME_LIMIT, None))
    with mock.patch.object(exact_module, "ask_here", late):
        claimed = solve_exact(exact, None, SolveSettings(), None, watcher)
    assert claimed.bound_source == "solver" and "did not end" in claimed.notes[-1]
    better = mock.Mock(return_value=(SolveStatus.OPTIMAL, claimed.x))
    with mock.patch.object(exact_module, "ask_here", better):
        refuted = solve_exact(exact, None, SolveSettings(), None, watcher)
    assert better.call_count == TRIES
    assert (refuted.status, refuted.bound) == (SolveStatus.DISTRUSTED, None)
