"""What the cooling plant can remove at each hour, with units failed."""

from __future__ import annotations

import numpy as np
import xarray as xr

from optimiser.twin.chiller import machine_state
from optimiser.twin.plant import read_plant


def plant_capacity_w(twin: xr.Dataset, redundant: bool) -> np.ndarray:
    """Return the heat the chillers can remove at each time (time,) [W].

    ``redundant`` leaves the redundant machines out. Chillers must carry the heat alone: free
    cooling saves energy but is no capacity to rely on. Condenser water comes at the design
    approach of the towers, not below the lowest temperature of the controls. Infinite without a
    plant.
    """
    cooling = read_plant(str(twin.attrs["plant"]))
    dry, wet = twin["dry_bulb_c"].values, twin["wet_bulb_c"].values
    if cooling is None:
        return np.full(len(dry), np.inf)
    condenser_c = dry
    if cooling.rejector is not None:
        reachable = cooling.rejector.ground_c(dry, wet) + cooling.rejector.design_approach_k
        condenser_c = np.maximum(reachable, cooling.plant.condenser_min_c)
    machine = machine_state(cooling.chiller, cooling.plant.chilled_water_c, condenser_c)
    spare = cooling.plant.chiller_redundant if redundant else 0
    return machine.capacity_w * max(0, cooling.plant.chiller_count - spare)
