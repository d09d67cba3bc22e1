"""Every placement of a tiny site, judged one by one: the truth that the engine is held against."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import xarray as xr
from instances.sieve import planning_rack_w, screen, usage_of

from optimiser.analysis.placement_cost import placement_terms
from optimiser.analysis.serving import may_wait
from optimiser.analysis.verdict import Placement
from optimiser.analysis.verify import verify
from optimiser.analysis.view import view_of
from optimiser.schema.study import Weights
from optimiser.twin.eligibility import eligibility
from optimiser.twin.rules import Rule
from optimiser.twin.surrogate import Surrogate, build_surrogate, surrogate_power

MOST_PLACEMENTS = 20_000
ASK_FOR_HOSTS = ("headroom", "min_hosts_on", "survive_domain")
BY_FACTS = ("residency", "latency", "any_of", "all_of")
"""Kinds whose table of allowed hosts is not trusted here: the checker judges every placement."""
Cost = Callable[[np.ndarray, np.ndarray], np.ndarray]


@dataclass(frozen=True)
class Truth:
    """The best legal placement, or none.

    ``cost`` counts the model's objective and the price of soft violations, in money over the
    horizon; ``num_legal`` is ``None`` unless all placements were judged.
    """

    host: np.ndarray | None
    host_on: np.ndarray | None
    cost: float
    num_tried: int
    num_legal: int | None = None

    @property
    def is_feasible(self) -> bool:
        """Whether any placement keeps all hard rules."""
        return self.host is not None


def brute_force(
    twin: xr.Dataset, rules: Sequence[Rule], weights: Weights | None = None, *, count: bool = False
) -> Truth:
    """Try every placement and every set of hosts that are on; return the cheapest legal one.

    Candidates are judged by ``verify`` from the cheapest up, so the first legal one is the best.
    Soft rules change the order, so with them (or ``count``) all candidates are judged. Sets of
    hosts larger than needed are tried only where a rule could ask for them.
    """
    view = view_of(twin)
    host, on = candidates(twin, rules)
    passed = screen(twin, rules, host, on)
    host, on = host[passed], on[passed]
    cost = objective(twin, weights or Weights(), host, on)
    order = np.argsort(cost, kind="stable")
    soft = any(not rule.is_hard for rule in rules)
    best, found, num_legal = np.inf, -1, 0
    for index in order.tolist():
        if cost[index] >= best and not count:
            break
        verdict = verify(view, rules, Placement(host[index], on[index]))
        if not verdict.is_legal:
            continue
        num_legal += 1
        if cost[index] + verdict.penalty < best:
            best, found = float(cost[index] + verdict.penalty), index
        if not soft and not count:
            break
    if found < 0:
        return Truth(None, None, np.inf, len(passed), 0)
    return Truth(host[found], on[found], best, len(passed), num_legal if count else None)


def candidates(twin: xr.Dataset, rules: Sequence[Rule]) -> tuple[np.ndarray, np.ndarray]:
    """Return placements (n, W) and hosts on (n, H) on allowed hosts.

    Hosts stay on without work only where a rule, hard or soft, could ask for them.
    """
    num_hosts, num_workloads = twin.sizes["host"], twin.sizes["workload"]
    usable = np.flatnonzero(twin["host_usable"].values)
    out = may_wait(twin, rules)
    choices = [np.append(usable, -1) if waits else usable for waits in out]
    total = int(np.prod([len(choice) for choice in choices]))
    if total > MOST_PLACEMENTS:
        raise ValueError(f"{total} placements are too many to try")
    host = np.array(list(itertools.product(*choices)), dtype=np.int32)
    host = host.reshape(total, num_workloads)
    elig = eligibility(twin, [rule for rule in rules if rule.kind not in BY_FACTS])
    host = host[(elig.allowed[elig.of_workload, host] | (host < 0)).all(axis=1)]
    used = (host[:, :, None] == np.arange(num_hosts)).any(axis=1)
    if not any(rule.kind in ASK_FOR_HOSTS for rule in rules):
        return host, used
    parts = [(host, used)]
    for count in range(1, len(usable) + 1):
        for extra in itertools.combinations(usable.tolist(), count):
            free = ~used[:, list(extra)].any(axis=1)
            more = used[free].copy()
            more[:, list(extra)] = True
            parts.append((host[free], more))
    return np.concatenate([h for h, _ in parts]), np.concatenate([o for _, o in parts])


def objective(twin: xr.Dataset, weights: Weights, host: np.ndarray, on: np.ndarray) -> np.ndarray:
    """Return the model's objective of every candidate, (n,) money over the horizon."""
    rack_w = planning_rack_w(twin, usage_of(twin, host), on, gap=0.0)
    rack_w = rack_w[:, :, twin["step_of_time"].values]
    hours = twin["period_h"].values
    price = twin["price_per_kwh"].values * weights.energy_bill + weights.energy_per_kwh
    price = price + twin["carbon_g_per_kwh"].values / 1e6 * weights.carbon_price_per_t
    power_w, water_l = facility_draws(build_surrogate(twin), rack_w)
    water_price = float(twin.attrs["water_price_per_m3"]) if weights.water else 0.0
    water_price += weights.water_per_m3
    today, days = twin["workload_host"].values, float(hours.sum()) / 24.0
    moved = (today >= 0) & (host != today)
    move_cost = twin["workload_move_cost"].values * days / weights.hold_days
    return (
        power_w @ (price * hours) / 1e3
        + water_l @ hours / 1e3 * water_price
        + moved @ move_cost
        + on @ _on_cost_per_h(twin, weights) * float(hours.sum())
        + on @ _embodied_cost_per_h(twin, weights) * float(hours.sum())
        + _loads_and_moves(twin, weights, host)
    )


def _loads_and_moves(twin: xr.Dataset, weights: Weights, host: np.ndarray) -> np.ndarray:
    """Return what loads and moves cost beyond energy and the workloads' own moves, (n,)."""
    if not (weights.safety or weights.balance or weights.service_move_cost
            or twin.sizes["move_class"]):  # fmt: skip
        return np.zeros(len(host))
    view = view_of(twin)
    return np.array([sum(placement_terms(view, weights, one).values()) for one in host])


def _on_cost_per_h(twin: xr.Dataset, weights: Weights) -> np.ndarray:
    own = twin["host_own_on_cost_per_h"].values.copy()
    own[np.isnan(own)] = weights.host_on_cost_per_h
    return own


def _embodied_cost_per_h(twin: xr.Dataset, weights: Weights) -> np.ndarray:
    cost = np.zeros(twin.sizes["host"])
    for h, kind in enumerate(twin["host_kind"].values) if weights.embodied else ():
        kg = float(twin["kind_embodied_kgco2e"][kind])
        years = float(twin["kind_lifetime_years"][kind])
        kg = weights.server_embodied_kgco2e if np.isnan(kg) else kg
        years = weights.server_lifetime_years if np.isnan(years) else years
        cost[h] = kg / 1000.0 * weights.carbon_price_per_t / (years * 365 * 24)
    return cost


def facility_draws(surrogate: Surrogate, rack_w: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return facility power [W] and water [L/h], (n, time) each."""
    number, num_racks, num_times = rack_w.shape
    if surrogate.has_plant:
        pairs = [surrogate_power(surrogate, one) for one in rack_w]
        return np.array([p for p, _ in pairs]), np.array([w for _, w in pairs])
    # without a plant no piece depends on the time, so all candidates fit side by side
    wide = rack_w.transpose(1, 0, 2).reshape(num_racks, number * num_times)
    power, water = surrogate_power(surrogate, wide)
    return power.reshape(number, num_times), water.reshape(number, num_times)
