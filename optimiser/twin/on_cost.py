"""What hosts cost while they are on, besides energy."""

from __future__ import annotations

import numpy as np
import xarray as xr

from optimiser.schema.study import Weights


def on_cost_per_h(twin: xr.Dataset, weights: Weights) -> np.ndarray:
    """Return the cost of each host that is on (H,) [currency/h]: its own, or the study's.

    Twins of earlier runs know no own cost.
    """
    if "host_own_on_cost_per_h" not in twin:
        return np.full(twin.sizes["host"], weights.host_on_cost_per_h)
    own = twin["host_own_on_cost_per_h"].values
    return np.where(np.isnan(own), weights.host_on_cost_per_h, own)
