"""Tiny sites whose cost is linear: hosts that are on and moves, in whole hundredths.

Energy is free, so that a solver of whole numbers can optimise the same cost exactly.
"""

from __future__ import annotations

import numpy as np
import xarray as xr
from instances.random_sites import random_site

from optimiser.schema.study import SolverSettings, Study, Weights
from optimiser.twin.rules import Rule

UNIT = 0.01  # money; every cost is a whole multiple
HOST_ON_UNITS = 4


def linear_site(seed: int) -> tuple[xr.Dataset, list[Rule], Study] | None:
    """Return twin, rules and study of a seed; None where rules look at how bad today is."""
    _, twin, rules = random_site(seed)
    if twin.attrs.get("capacity_not_worse") or any(rule.not_worse for rule in rules):
        return None
    for name in ("price_per_kwh", "carbon_g_per_kwh"):
        twin[name] = twin[name] * 0.0
    days = float(twin["period_h"].values.sum()) / 24.0
    units = 1 + np.arange(twin.sizes["workload"]) % 3
    twin["workload_move_cost"] = ("workload", units * UNIT / days)
    own = own_on_units(twin) * UNIT / (days * 24.0)
    twin["host_own_on_cost_per_h"] = ("host", own)
    weights = Weights(
        host_on_cost_per_h=HOST_ON_UNITS * UNIT / (days * 24.0),
        hold_days=1.0,
        water=False,
        carbon_price_per_t=0.0,
    )
    settings = SolverSettings(time_limit_s=120.0, gap=0.0, work_limit=2, threads=1)
    return twin, rules, Study(weights=weights, solver=settings)


def own_on_units(twin: xr.Dataset) -> np.ndarray:
    """Return the units that a host which is on costs (host,), NaN for the study's."""
    return np.resize([np.nan, 3.0, 6.0], twin.sizes["host"])


def on_units(twin: xr.Dataset) -> np.ndarray:
    """Return what each host costs that is on (host,) in units."""
    own = own_on_units(twin)
    return np.where(np.isnan(own), HOST_ON_UNITS, own).astype(np.int64)


def move_units(twin: xr.Dataset) -> np.ndarray:
    """Return the cost of moving each workload (workload,) in units."""
    days = float(twin["period_h"].values.sum()) / 24.0
    return np.rint(twin["workload_move_cost"].values * days / UNIT).astype(np.int64)
