"""Exact check of budgets: what the site draws, emits, uses and pays for."""

from __future__ import annotations

from typing import Any

import numpy as np

from optimiser.analysis.loads import MICROWATT_PER_WATT, Loads, host_power, rack_sums
from optimiser.analysis.rows import Rows, floor_limit
from optimiser.schema.policy import Budget
from optimiser.twin.rules import Rule
from optimiser.twin.spending import (
    counted_hours,
    per_kw,
    per_litre_an_hour,
    resolution,
    unit_of,
)
from optimiser.twin.surrogate import build_surrogate, surrogate_power

NOUNS = {
    "energy": "energy from the grid",
    "carbon": "emissions",
    "water": "make-up water",
    "cost": "cost of energy and water",
    "power": "power from the grid",
}
WATT_PER_KILOWATT = 1000.0


def measure_budget(twin: Any, rule: Rule, loads: Loads) -> list[Rows]:
    """What the site draws over the horizon, or at most in any period, is within the budget."""
    policy = rule.policy
    assert isinstance(policy, Budget)
    drawn_kw, litres = site_draws(twin, loads)
    if policy.measure == "power":
        amount = _by_step(twin, np.where(counted_hours(policy, twin), drawn_kw, 0.0))
    else:
        total = drawn_kw @ per_kw(policy, twin) + litres @ per_litre_an_hour(policy, twin)
        amount = np.array([[total]])
    scale = 1.0 / resolution(rule.limit)
    return [
        Rows(
            value=floor_limit(amount, scale),
            limit=floor_limit(np.array([[rule.limit]]), scale),
            label=lambda _: str(twin.attrs["site"]),
            noun=NOUNS[policy.measure],
            unit=unit_of(policy, twin),
            scale=scale,
        )
    ]


def site_draws(twin: Any, loads: Loads) -> tuple[np.ndarray, np.ndarray]:
    """Return power from the grid [kW] and make-up water [L/h], each (time,).

    Energy is counted without the distance of planning power above the curve's envelope, as costs
    are.
    """
    curves = host_power(twin)
    reserve = np.where(loads.host_on, curves.envelope.gap_w[curves.kind], 0.0)
    reserve_uw = np.rint(reserve * MICROWATT_PER_WATT).astype(np.int64)
    rack_w = rack_sums(twin, loads.host_uw - reserve_uw[:, None]) / MICROWATT_PER_WATT
    surrogate = twin.derived("surrogate", build_surrogate)
    power_w, litres = surrogate_power(surrogate, rack_w[:, twin["step_of_time"].values])
    return power_w / WATT_PER_KILOWATT, litres


def _by_step(twin: Any, value: np.ndarray) -> np.ndarray:
    """Return the largest value of the periods of each demand step, (1, step)."""
    largest = np.zeros(twin.sizes["step"])
    np.maximum.at(largest, twin["step_of_time"].values, value)
    return largest[None, :]
