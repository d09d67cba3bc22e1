"""The limit from who stays on each host: never above the best plan, and above all hosts as one."""

from __future__ import annotations

import numpy as np
import pytest
from instances.brute_force import brute_force
from instances.moving_sites import moving_site
from instances.tiny import tiny

from optimiser.schema.study import SolverSettings, Study, Weights
from optimiser.solve import bound as bounds
from optimiser.solve import stay_bound
from optimiser.solve.bound import floor_of
from optimiser.solve.engine import solve_study
from optimiser.solve.exact import Size
from optimiser.solve.problem import Problem, lower
from optimiser.solve.stay_bound import bound_by_stays, stay_of
from optimiser.solve.stay_kernel import evaluate

FREE = {"price_per_kwh": 0.0, "carbon_g_per_kwh": 0.0, "water_price_per_m3": 0.0}
LOADS = Weights(
    carbon_price_per_t=0.0, water=False, move_cost=3.0, move_cost_per_gib=0.0,
    host_on_cost_per_h=0.0, hold_days=1.0 / 24.0, safety=[{"resource": "cpu", "price": 10.0}],
)  # fmt: skip


def _limits(problem: Problem, best: float | None = None) -> list[float]:
    """Return each limit that was told, in order."""
    told: list[float] = []
    stay = stay_of(problem)
    if stay is not None:
        bound_by_stays(stay, lambda: best, told.append, lambda: False)
    return told


@pytest.mark.parametrize("block", range(8))
def test_never_above_the_best_plan(block: int):
    """Every limit that is told holds, with the best plan known or not; often it is no trifle."""
    tried = better = 0
    for seed in range(block * 12, block * 12 + 12):
        twin, rules, weights = moving_site(seed, soft=seed % 3 == 0, energy=seed % 4 == 0)
        problem, truth = lower(twin, rules, weights), brute_force(twin, rules, weights)
        if truth.host is None:
            continue
        optimum = truth.cost
        for best in (None, optimum):
            told = _limits(problem, best)
            assert told == sorted(told)
            assert all(limit <= optimum + 1e-9 * max(1.0, abs(optimum)) for limit in told)
        tried += bool(told)
        better += bool(told) and told[-1] > (floor_of(problem) or 0.0) + 0.5
    assert tried >= 3 and better >= 1


def _site(hosts: list[dict], workloads: list[dict], policies: tuple[dict, ...] = ()) -> Problem:
    _, twin, rules = tiny(hosts, workloads, policies, environment=FREE, weights=LOADS.model_dump())
    return lower(twin, rules, LOADS)


def test_whole_workloads_leave():
    """Six units too many: all hosts as one see room enough, half a workload will not do."""
    hosts = [{"cpu": 100, "cpu_safety": 50}, {"cpu": 100, "cpu_safety": 60}]
    problem = _site(hosts, [{"cpu": 28, "host": "h1"}, {"cpu": 28, "host": "h1"}])
    assert floor_of(problem) == 0.0
    assert _limits(problem)[-1] == pytest.approx(3.0, rel=1e-6)


def test_room_that_stays_taken_keeps_workloads_at_home():
    """What has left still counts, so the full neighbour takes nothing in: 20 units too many."""
    hosts = [{"cpu": 100, "cpu_safety": 60}, {"cpu": 100, "cpu_safety": 100}]
    rows = [
        {"cpu": 40, "host": "h1"}, {"cpu": 40, "host": "h1"},
        *({"cpu": 25, "host": "h2"} for _ in range(3)),
    ]  # fmt: skip
    transit = {"kind": "transient_capacity", "name": "both-ends"}
    assert _limits(_site(hosts, rows))[-1] < 100.0
    assert _limits(_site(hosts, rows, (transit,)))[-1] == pytest.approx(200.0, rel=1e-6)


def test_conflicts_have_a_price():
    """Replicas that may not share a host cannot all be on the one with room for loads."""
    hosts = [{"cpu": 100, "cpu_safety": 10}, {"cpu": 100, "cpu_safety": 100}]
    rows = [{"cpu": 30, "service": "s", "host": "h2"}, {"cpu": 30, "service": "s", "host": "h1"}]
    apart = {"kind": "anti_affinity", "name": "apart", "workloads": {}, "domain": "host"}
    assert _limits(_site(hosts, rows))[-1] == pytest.approx(3.0, rel=1e-6)
    assert _limits(_site(hosts, rows, (apart,)))[-1] == pytest.approx(200.0, rel=1e-3)


def test_slopes_are_those_of_the_value():
    """The value never rises faster than the slopes say: it is concave in the prices."""
    twin, rules, weights = moving_site(3, soft=False, energy=False)
    stay = stay_of(lower(twin, rules, weights.model_copy(update={"safety": LOADS.safety})))
    assert stay is not None
    rng = np.random.default_rng(1)
    shapes = stay.limit.shape, stay.most.shape
    for _ in range(50):
        here, there = ([rng.uniform(0.0, 12.0, shape) for shape in shapes] for _ in range(2))
        slopes = [np.empty(shape) for shape in shapes]
        value = evaluate(stay, *here, *slopes)
        other = evaluate(stay, *there, *(np.empty(shape) for shape in shapes))
        line = sum(((b - a) * s).sum() for a, b, s in zip(here, there, slopes, strict=True))
        assert other <= value + line + 1e-6


def test_nothing_is_proven_where_loads_are_free_or_workloads_may_wait():
    """Then the terms left out could be less than nothing, or there are none."""
    bare = LOADS.model_copy(update={"safety": []})
    _, twin, rules = tiny(2, [{"cpu": 10, "host": "h1"}], environment=FREE)
    assert stay_of(lower(twin, rules, bare)) is None
    paid = {**FREE, "price_per_kwh": -0.1}
    _, twin, rules = tiny(2, [{"cpu": 10, "host": "h1"}], environment=paid)
    assert stay_of(lower(twin, rules, LOADS)) is None


def test_engine_tells_the_limit_of_sites_too_large_for_exact_models(monkeypatch):
    """The sentence says where it comes from, and the same work gives the same limit."""
    monkeypatch.setattr(bounds, "STAGES", ())
    monkeypatch.setattr(Size, "is_solvable", property(lambda _: False))
    monkeypatch.setattr(Size, "is_tiny", property(lambda _: False))
    assert stay_bound.MOST_CHOSEN >= 2
    hosts = [{"cpu": 100, "cpu_safety": 50}, {"cpu": 100, "cpu_safety": 60}]
    rows = [{"cpu": 28, "host": "h1"}, {"cpu": 28, "host": "h1"}]
    _, twin, rules = tiny(hosts, rows, environment=FREE, weights=LOADS.model_dump())
    settings = SolverSettings(time_limit_s=30.0, work_limit=2, threads=1, seed=1)
    study = Study(weights=LOADS, solver=settings)
    first, second = (solve_study(twin, rules, study) for _ in range(2))
    assert first.bound == second.bound == pytest.approx(3.0, rel=1e-6)
    assert "who stays" in first.bound_sentence
