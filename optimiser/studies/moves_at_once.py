"""All moves together: no order, and nothing asked on the way but room at both ends.

That room is what ``transient_capacity`` policies keep; the exact checker judges them with the plan.
"""

from __future__ import annotations

import numpy as np
import xarray as xr

from optimiser.analysis.verdict import Placement, Violation, placement_today
from optimiser.studies.move_order import MoveOrder


def move_at_once(twin: xr.Dataset, plan: Placement) -> MoveOrder:
    """Return every move from today to a plan in one wave."""
    start = placement_today(twin)
    first, last = np.asarray(start.host), np.asarray(plan.host)
    workload = np.flatnonzero((first != last) & (last >= 0)).astype(np.int32)
    return MoveOrder(
        workload=workload,
        source=first[workload].astype(np.int32),
        target=last[workload].astype(np.int32),
        wave=np.zeros(len(workload), dtype=np.int32),
        bounce=np.zeros(len(workload), dtype=bool),
        start=start,
        end=plan,
    )


def check_at_once(twin: xr.Dataset, order: MoveOrder) -> list[Violation]:
    """Return what keeps an order from being all moves from its start to its end in one wave."""
    first, last = np.asarray(order.start.host), np.asarray(order.end.host)
    reached = np.array(first)
    wrong = reached[order.workload] != order.source
    reached[order.workload] = order.target
    names = twin["workload"].values
    found = [_violation(str(names[w]), "does not start where its move says") for w in
             order.workload[wrong].tolist()]  # fmt: skip
    found += [_violation(str(names[w]), "does not end where the plan says") for w in
              np.flatnonzero(reached != last).tolist()]  # fmt: skip
    if len(np.unique(order.workload)) < len(order.workload) or order.num_waves > 1:
        found.append(_violation("moves", "more than one move of a workload, or more than one wave"))
    return found


def _violation(where: str, what: str) -> Violation:
    return Violation("sequence", "sequence", where, 0.0, 1.0, "", f"sequence: {where}: {what}")
