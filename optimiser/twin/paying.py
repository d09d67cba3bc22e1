"""What energy and water are worth to an objective: the site's prices as a study weighs them."""

from __future__ import annotations

import numpy as np
import xarray as xr

from optimiser.schema.study import Weights


def energy_price_per_kwh(twin: xr.Dataset, weights: Weights) -> np.ndarray:
    """Return the price of energy (time,) [currency/kWh]: the tariff, weighed, and what is added."""
    return np.asarray(twin["price_per_kwh"].values * weights.energy_bill + weights.energy_per_kwh)


def water_price_per_m3(twin: xr.Dataset, weights: Weights) -> float:
    """Return the price of make-up water [currency/m³]."""
    own = float(twin.attrs.get("water_price_per_m3", 0.0)) if weights.water else 0.0
    return own + weights.water_per_m3
