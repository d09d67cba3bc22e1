"""A rule made by the planner itself: some workloads stay where they are."""

from __future__ import annotations

import numpy as np
import xarray as xr

from optimiser.schema.policy import Preserve, WorkloadSelector
from optimiser.twin.rules import Rule
from optimiser.twin.today import hosts_of_today


def staying_rule(twin: xr.Dataset, workloads: np.ndarray) -> Rule:
    """Return a ``preserve`` rule about some workloads (W,) bool, whatever their names."""
    allowed, allowed_class = hosts_of_today(twin, workloads)
    return Rule(
        name="stays",
        kind="preserve",
        policy=Preserve(name="stays", workloads=WorkloadSelector()),
        weight=None,
        not_worse=False,
        workloads=workloads,
        hosts=np.ones(twin.sizes["host"], dtype=bool),
        allowed=allowed,
        allowed_class=allowed_class,
    )
