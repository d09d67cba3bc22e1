"""What hosts cost while they are on, besides energy: wear, and carbon of their making."""

from __future__ import annotations

import numpy as np
import xarray as xr

from optimiser.schema.study import Weights
from optimiser.units import HOURS_PER_YEAR

KG_PER_TONNE = 1000.0


def on_cost_per_h(twin: xr.Dataset, weights: Weights) -> np.ndarray:
    """Return the cost of each host that is on (H,) [currency/h]: its own, or the study's.

    Twins of earlier runs know no own cost.
    """
    if "host_own_on_cost_per_h" not in twin:
        return np.full(twin.sizes["host"], weights.host_on_cost_per_h)
    own = twin["host_own_on_cost_per_h"].values
    return np.where(np.isnan(own), weights.host_on_cost_per_h, own)


def embodied_kg_per_h(twin: xr.Dataset, weights: Weights) -> np.ndarray:
    """Return embodied carbon of an hour of life of each host (H,) [kgCO2e/h], straight line.

    Of its card, or the study's where the card states none; twins of earlier runs know no own
    figures. Source of the attribution by time: ISO/IEC 21031.
    """
    kind = twin["host_kind"].values
    amount = _of_kind(twin, "kind_embodied_kgco2e", weights.server_embodied_kgco2e)
    years = _of_kind(twin, "kind_lifetime_years", weights.server_lifetime_years)
    return (amount / (years * HOURS_PER_YEAR))[kind]


def embodied_cost_per_h(twin: xr.Dataset, weights: Weights) -> np.ndarray:
    """Return what embodied carbon costs each host that is on (H,) [currency/h], 0 if not asked."""
    if not weights.embodied:
        return np.zeros(twin.sizes["host"])
    return embodied_kg_per_h(twin, weights) / KG_PER_TONNE * weights.carbon_price_per_t


def _of_kind(twin: xr.Dataset, name: str, otherwise: float) -> np.ndarray:
    if name not in twin:
        return np.full(twin.sizes["kind"], otherwise)
    own = twin[name].values
    return np.where(np.isnan(own), otherwise, own)
