"""What a placement costs, exactly as the Pyomo model counts it, by objective term."""

from __future__ import annotations

import numpy as np

from optimiser.solve import placement_cost
from optimiser.solve.problem import Problem
from optimiser.twin.paying import energy_price_per_kwh
from optimiser.twin.surrogate import marginal_w_per_w, surrogate_power

TERMS = (
    "energy_cost",
    "carbon",
    "water",
    "migration",
    "host_on",
    "embodied",
    *placement_cost.TERMS,
)


def host_load(problem: Problem, host: np.ndarray) -> np.ndarray:
    """Return the exact use of each host (host, column) int64."""
    load, placed = np.zeros_like(problem.capacity), host >= 0
    np.add.at(load, host[placed], problem.use[problem.flavour[placed]])
    return load


def host_power_w(problem: Problem, host: np.ndarray, on: np.ndarray) -> np.ndarray:
    """Return the believed power of each host (host, step) [W]: envelope, GPUs, or standby."""
    twin, load, placed = problem.twin, host_load(problem, host), host >= 0
    column = problem.power_column
    fraction = load[:, column] / np.maximum(problem.rated[:, column], 1)
    kind = twin["host_kind"].values
    power = envelope_w(problem, kind, fraction)
    device = np.zeros(problem.num_hosts)
    np.add.at(device, host[placed], problem.device_request[problem.flavour[placed]])
    power += (device * problem.gpu_w_per_unit)[:, None]
    return np.where(on[:, None], power, twin["kind_standby_w"].values[kind][:, None])


def envelope_w(problem: Problem, kind: np.ndarray, fraction: np.ndarray) -> np.ndarray:
    """Return envelope power (host, step) [W] at load fractions (host, step)."""
    piece = np.minimum((fraction * 10.0).astype(np.int64), 9)
    slope = problem.envelope.slope_w[kind[:, None], piece]
    return problem.envelope.intercept_w[kind[:, None], piece] + slope * fraction


def rack_power_w(problem: Problem, host_w: np.ndarray) -> np.ndarray:
    """Return rack power (rack, step) [W] from host power (host, step)."""
    rack = np.zeros((problem.twin.sizes["rack"], host_w.shape[1]))
    np.add.at(rack, problem.twin["host_rack"].values, host_w)
    return rack


def planning_rack_power_w(problem: Problem, host: np.ndarray, on: np.ndarray) -> np.ndarray:
    """Return the rack power (rack, step) [W] that rules are checked against."""
    gap = problem.envelope.gap_w[problem.twin["host_kind"].values]
    return rack_power_w(problem, host_power_w(problem, host, on) + np.where(on, gap, 0.0)[:, None])


def evaluate(problem: Problem, host: np.ndarray, on: np.ndarray) -> dict[str, float]:
    """Return the objective terms of a placement, in money over the horizon.

    ``host`` (workload,) and ``on`` (host,) bool.
    """
    twin = problem.twin
    step = twin["step_of_time"].values
    rack = rack_power_w(problem, host_power_w(problem, host, on))[:, step]
    power_w, water_l_per_h = surrogate_power(problem.surrogate, rack)
    hours = twin["period_h"].values
    # where energy is worth less than nothing the model counts a constant, not a reward for waste
    power_w = np.where(problem.frame.is_priced, power_w, problem.frame.import_ceiling_kw * 1e3)
    kwh = power_w / 1e3 * hours
    moved = (problem.today >= 0) & (host != problem.today)
    weights = problem.weights
    grams = float((kwh * twin["carbon_g_per_kwh"].values).sum())
    litres = float((water_l_per_h * hours).sum())
    return {
        "energy_cost": float((kwh * energy_price_per_kwh(twin, weights)).sum()),
        "carbon": grams / 1e6 * weights.carbon_price_per_t,
        "water": litres / 1e3 * problem.frame.water_price,
        "migration": float(problem.move_cost[moved].sum()),
        "host_on": float(problem.frame.host_wear_cost[on].sum()),
        "embodied": float(problem.frame.host_embodied_cost[on].sum()),
        **problem.place.terms(host_load(problem, host), problem.rated, problem.today, host),
    }


def price_of_waiting(problem: Problem, host: np.ndarray) -> float:
    """Return the price of those that a placement leaves out, in money over the horizon."""
    serving = problem.frame.serving
    return float(serving.price[(host < 0) & serving.is_optional].sum())


def rack_prices(problem: Problem, host: np.ndarray, on: np.ndarray) -> np.ndarray:
    """Return the worth of one watt of rack power in each step (rack, step), in money.

    Energy and carbon at the facility's marginal efficiency around this placement, water at the
    average of the plan.
    """
    twin = problem.twin
    step, hours = twin["step_of_time"].values, twin["period_h"].values
    rack = rack_power_w(problem, host_power_w(problem, host, on))[:, step]
    slope = marginal_w_per_w(problem.surrogate, rack)
    by_time = slope * (np.maximum(problem.frame.net_price, 0.0) / 1e3)[None, :]
    _, water = surrogate_power(problem.surrogate, rack)
    per_watt = float(water.sum() / max(float(rack.sum()), 1.0))  # L/h per W of rack power
    by_time = by_time + (per_watt * hours / 1e3 * problem.frame.water_price)[None, :]
    price = np.zeros((rack.shape[0], twin.sizes["step"]))
    np.add.at(price.T, step, by_time.T)
    return price
