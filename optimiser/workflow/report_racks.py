"""The rack map of the report: every rack before and after."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import xarray as xr

from optimiser.analysis.metrics import measure_racks
from optimiser.report.payload import Rack, RackState
from optimiser.twin.rules import Rule
from optimiser.workflow.inlets import finite, inlet_limits_of
from optimiser.workflow.judgement import Side


def rack_map(
    twin: xr.Dataset, rules: Sequence[Rule], before: Side, after: Side
) -> tuple[Rack, ...]:
    """Return the racks in their order, with limits and both states."""
    states = [_states(twin, side) for side in (before, after)]
    names = twin["rack"].values.astype(str)
    rows = _names_at(twin, "row", twin["rack_row"].values)
    zones = _names_at(twin, "zone", twin["rack_zone"].values)
    hosts = np.bincount(twin["host_rack"].values, minlength=len(names))
    power, inlet = twin["rack_power_limit_w"].values / 1e3, inlet_limits_of(twin, rules)
    seen: dict[str, int] = {}
    racks = []
    for i, name in enumerate(names):
        seen[rows[i]] = position = seen.get(rows[i], -1) + 1
        racks.append(
            Rack(
                name=name,
                row=rows[i],
                zone=zones[i] or None,
                position=position,
                hosts_total=int(hosts[i]),
                power_limit_kw=finite(power[i]),
                inlet_limit_c=finite(inlet[i]),
                before=states[0][i],
                after=states[1][i],
            )
        )
    return tuple(racks)


def _names_at(twin: xr.Dataset, dim: str, index: np.ndarray) -> list[str]:
    """Return the name at each index; −1 gives an empty name, a dimension without names numbers."""
    size = twin.sizes.get(dim, 0)
    names = twin[dim].values.astype(str).tolist() if dim in twin.coords else []
    names = names or [str(i + 1) for i in range(max(size, int(index.max(initial=-1)) + 1))]
    return [names[i] if i >= 0 else "" for i in index]


def _states(twin: xr.Dataset, side: Side) -> list[RackState]:
    found = measure_racks(twin, side.simulation)
    return [
        RackState(
            mean_power_kw=float(found.mean_kw[i]),
            peak_power_kw=float(found.peak_kw[i]),
            peak_inlet_c=finite(found.max_inlet_c[i]),
            load_fraction=float(found.load_fraction[i]),
            hosts_on=int(found.hosts_on[i]),
        )
        for i in range(twin.sizes["rack"])
    ]
