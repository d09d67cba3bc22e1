"""What would be in the way while one workload is under way, running on two hosts at once."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import xarray as xr

from optimiser.analysis.verdict import Placement
from optimiser.studies.move_state import Transit
from optimiser.twin.rules import Rule


def blocked_on_the_way(
    twin: xr.Dataset, rules: Sequence[Rule], now: Placement, workload: str, host: str
) -> str:
    """Return what keeps a workload from moving to a host in one step, or an empty string.

    While it moves it counts at both ends, in capacity, devices, power and temperature. Says nothing
    for a workload that does not run, or runs there already.
    """
    w = twin["workload"].values.astype(str).tolist().index(workload)
    h = twin["host"].values.astype(str).tolist().index(host)
    here = int(now.host[w])
    if here in (-1, h):
        return ""
    target, on = np.array(now.host), np.array(now.host_on)
    target[w], on[h] = h, True
    start = Placement(np.array(now.host), np.array(now.host_on))
    why = Transit(twin, rules, start, Placement(target, on)).blocked_by(w, h)
    if not why:
        return ""
    return f"it could not move there at once: while it runs on both hosts, {why} would not hold"
