"""Inlet limits as they are shown beside racks."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import xarray as xr

from optimiser.schema.policy import InletTemperature
from optimiser.twin.limits import inlet_limits
from optimiser.twin.rules import Rule


def inlet_limits_of(twin: xr.Dataset, rules: Sequence[Rule]) -> np.ndarray:
    """Return the strictest inlet limit of each rack [°C]; of the hosts' class without a rule."""
    policies = [r.policy for r in rules if isinstance(r.policy, InletTemperature)]
    limits = [
        inlet_limits(twin, policy) for policy in policies or [InletTemperature(name="recommended")]
    ]
    return np.where(twin["rack_zone"].values >= 0, np.min(limits, axis=0), np.inf)


def finite(value: float) -> float | None:
    """Return a number, or ``None`` for what is infinite or not known."""
    return float(value) if np.isfinite(value) else None
