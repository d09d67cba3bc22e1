"""Put goals in order of importance to the engine and to every placement of a tiny random site.

``python -m differential.goal_trial FIRST COUNT`` (from the folder ``tests``) tries many and prints
every disagreement.
"""

from __future__ import annotations

import sys

import numpy as np
from instances.brute_force import candidates, facility_draws, objective
from instances.random_sites import random_site, random_weights
from instances.sieve import planning_rack_w, screen, usage_of

from optimiser.analysis.verdict import Placement
from optimiser.analysis.verify import verify
from optimiser.analysis.view import view_of
from optimiser.errors import InfeasibleError
from optimiser.schema.study import Goal, SolverSettings, Study
from optimiser.solve.executor import InProcess
from optimiser.twin.surrogate import build_surrogate
from optimiser.workflow.goals import solve_goals
from optimiser.workflow.loading import Loaded

MEASURES = ("energy", "carbon", "water", "cost", "hosts_on", "moves")
TOLERANCE = 1e-6


def draw(seed: int) -> Loaded:
    """Return a tiny site with one to three goals and hard rules only."""
    site_input, twin, rules = random_site(seed, soft=False)
    rng = np.random.default_rng([seed, 7])
    chosen = rng.permutation(MEASURES)[: rng.integers(1, 4)].tolist()
    goals = [Goal(measure=one, tolerance=float(rng.choice([0.0, 0.02, 0.2]))) for one in chosen]
    solver = SolverSettings(time_limit_s=120.0, gap=0.0, work_limit=3, threads=1, seed=seed)
    return Loaded(Study(goals=goals, weights=random_weights(seed), solver=solver),
                  site_input, twin, rules)  # fmt: skip


def legal(loaded: Loaded) -> tuple[np.ndarray, np.ndarray]:
    """Return every legal placement (n, W) with its hosts on (n, H)."""
    twin, rules, view = loaded.twin, loaded.rules, view_of(loaded.twin)
    host, on = candidates(twin, rules)
    passed = screen(twin, rules, host, on)
    host, on = host[passed], on[passed]
    good = [verify(view, rules, Placement(h, o)).is_legal for h, o in zip(host, on, strict=True)]
    chosen = np.array(good, dtype=bool)
    return host[chosen], on[chosen]


def amounts(loaded: Loaded, measure: str, host: np.ndarray, on: np.ndarray) -> np.ndarray:
    """Return a measure of every placement (n,), from the physics and not from the engine."""
    twin = loaded.twin
    hours, today = twin["period_h"].values, twin["workload_host"].values
    if measure == "hosts_on":
        return on.sum(axis=1).astype(float)
    if measure == "moves":
        return ((today >= 0) & (host != today)).sum(axis=1).astype(float)
    rack_w = planning_rack_w(twin, usage_of(twin, host), on, gap=0.0)
    power_w, litres = facility_draws(
        build_surrogate(twin), rack_w[:, :, twin["step_of_time"].values]
    )
    kwh, cubic_metres = power_w * hours / 1e3, litres * hours / 1e3
    if measure == "water":
        return cubic_metres.sum(axis=1)
    if measure == "energy":
        return kwh.sum(axis=1)
    if measure == "carbon":
        return kwh @ twin["carbon_g_per_kwh"].values / 1e3
    price = float(twin.attrs["water_price_per_m3"])
    bill = kwh @ np.maximum(twin["price_per_kwh"].values, 0.0)
    return bill + cubic_metres.sum(axis=1) * price


def complaints(seed: int) -> list[str]:
    """Return what is wrong with the engine's answers for a seed."""
    loaded = draw(seed)
    host, on = legal(loaded)
    try:
        reached = solve_goals(loaded, InProcess(), lambda tick: None)
    except InfeasibleError:
        return [f"says infeasible; {len(host)} plans are legal"] if len(host) else []
    if not len(host):
        return ["has a plan where none is legal"]
    found = []
    plan = reached.result.candidate
    for goal, value in zip(loaded.study.goals, reached.values(plan), strict=True):
        amount = amounts(loaded, goal.measure, host, on)
        best = float(amount.min())
        slack = TOLERANCE * max(1.0, abs(best))
        if abs(value.value - best) > slack:
            found.append(f"{goal.measure}: found {value.value:.9g}, the least is {best:.9g}")
        if value.bound is None or value.bound > best + slack:
            found.append(f"{goal.measure}: bound {value.bound}, the least is {best:.9g}")
        own = amounts(loaded, goal.measure, plan.host[None], plan.on[None])[0]
        if abs(value.reached - own) > slack or own > value.limit * (1.0 + TOLERANCE) + TOLERANCE:
            found.append(f"{goal.measure}: plan has {own:.9g}, says {value.reached:.9g}")
        kept = amount <= value.limit + 1e-9
        host, on = host[kept], on[kept]
    best = float(objective(loaded.twin, loaded.study.weights, host, on).min())
    if abs(plan.objective - best) > TOLERANCE * max(1.0, abs(best)):
        found.append(f"money: {plan.objective:.9g}, the least is {best:.9g}")
    return found


def main(first: int, count: int) -> int:
    """Try seeds and print every disagreement; return how many were wrong."""
    wrong = 0
    for seed in range(first, first + count):
        told = complaints(seed)
        wrong += bool(told)
        if told:
            print(seed, *told, sep="\n    ", flush=True)
    print(f"{count} sites with goals, {wrong} wrong")
    return wrong


if __name__ == "__main__":
    sys.exit(1 if main(int(sys.argv[1]), int(sys.argv[2])) else 0)
