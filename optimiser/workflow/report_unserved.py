"""Who has no host in a plan, and what that costs, for the report."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import xarray as xr

from optimiser.analysis.serving import may_wait
from optimiser.report import payload
from optimiser.schema.policy import Assign
from optimiser.twin.rules import Rule
from optimiser.workflow.judgement import Side

SHOWN = 8


def unserved(
    twin: xr.Dataset, rules: Sequence[Rule], before: Side, after: Side
) -> tuple[payload.Unserved, ...]:
    """Return the services that have workloads which may wait, with those without a host."""
    waits = may_wait(twin, rules)
    price = np.zeros(len(waits))
    for rule in rules:
        if isinstance(rule.policy, Assign):
            price += np.where(rule.workloads, rule.weight or 0.0, 0.0)
    service, names = twin["workload_service"].values, twin["workload"].values.astype(str)
    today, left_out = (np.asarray(side.placement.host) < 0 for side in (before, after))
    found = []
    for index in np.unique(service[waits]).tolist():
        mine = waits & (service == index)
        out = mine & left_out
        found.append(
            payload.Unserved(
                service=str(twin["service"].values[index]),
                may_wait=int(mine.sum()),
                before=int((mine & today).sum()),
                after=int(out.sum()),
                cost=float(price[out].sum()),
                names=tuple(names[out][:SHOWN].tolist()),
            )
        )
    return tuple(found)
