"""Budgets of energy, carbon, water, cost and power: what counts, when, and how fine."""

from __future__ import annotations

import numpy as np
import pandas as pd
import xarray as xr

from optimiser.schema.policy import Budget
from optimiser.units import HOURS_PER_YEAR

UNITS = {"energy": "kWh", "carbon": "kgCO2e", "water": "m³", "power": "kW"}
DIGITS = 4
"""Amounts are compared to this many digits behind the first of the limit."""
FINEST = 1e-3
"""Limits below this are compared as if they were this."""
ROW_SIZE, LEAST_SCALED = 1000.0, 0.1


def limit_of(policy: Budget, twin: xr.Dataset) -> float:
    """Return the limit over the horizon, in the unit of the measure."""
    if policy.measure == "power" or policy.per == "horizon":
        return policy.limit
    hours = float(twin["period_h"].values.sum())
    return policy.limit * hours / (24.0 if policy.per == "day" else HOURS_PER_YEAR)


def resolution(limit: float) -> float:
    """Return the step in which amounts are compared with a limit, a power of ten."""
    return float(10.0 ** (np.floor(np.log10(max(limit, FINEST))) - DIGITS))


def row_scale(limit: float) -> float:
    """Return what a row is divided by, so that its limit is of one size whatever the unit."""
    return max(limit, LEAST_SCALED) / ROW_SIZE


def unit_of(policy: Budget, twin: xr.Dataset) -> str:
    """Return the unit of a budget."""
    return UNITS.get(policy.measure, str(twin.attrs.get("currency", "")))


def counted_hours(policy: Budget, twin: xr.Dataset) -> np.ndarray:
    """Return which periods count, (time,) bool: those that begin within the hours of the day."""
    stamps = pd.DatetimeIndex(twin["time"].values).tz_localize("UTC")
    hour = stamps.tz_convert(str(twin.attrs["time_zone"])).hour.to_numpy()
    first, last = policy.from_hour, policy.until_hour
    if first < last:
        return np.asarray((first <= hour) & (hour < last))
    return np.asarray((first <= hour) | (hour < last))


def per_kw(policy: Budget, twin: xr.Dataset) -> np.ndarray:
    """Return what one kW drawn in a period adds, (time,) in the unit of the measure."""
    hours = twin["period_h"].values
    rate = {
        "energy": np.ones_like(hours),
        "carbon": twin["carbon_g_per_kwh"].values / 1e3,
        "cost": twin["price_per_kwh"].values,
    }.get(policy.measure, np.zeros_like(hours))
    return np.asarray(np.where(counted_hours(policy, twin), np.maximum(rate, 0.0) * hours, 0.0))


def per_litre_an_hour(policy: Budget, twin: xr.Dataset) -> np.ndarray:
    """Return what make-up water of one L/h in a period adds, (time,) in the unit of the measure."""
    cubic_metres = twin["period_h"].values / 1e3
    price = float(twin.attrs.get("water_price_per_m3", 0.0))
    rate = {"water": 1.0, "cost": price}.get(policy.measure, 0.0)
    return np.asarray(np.where(counted_hours(policy, twin), rate * cubic_metres, 0.0))
