"""Racks: the planning power that electrical, cooling and temperature rules look at."""

from __future__ import annotations

import numpy as np

from optimiser.formulation.context import Context
from optimiser.formulation.linear import Linear
from optimiser.formulation.rows import declare_rows, equal


def declare_racks(context: Context) -> None:
    """Declare planning power and reserve of each cell of racks."""
    names, steps = context.instance.cell_names, context.instance.num_steps
    index = [(name, s) for name in names for s in range(steps)]
    context.declare("rack_power_kw", index, shape=(len(names), steps))
    context.declare("rack_reserve_kw", names)


def constrain_rack_reserve(context: Context) -> None:
    r"""Define the reserve of a rack: how far true curves may lie above the convex ones.

    .. math:: e_r = \sum_{k \in r} \delta_k\, z_k \qquad \forall r

    Recipe entry: ``rack_reserve``. Dual: cost of one more kW of reserve.
    """
    declare_rows(context, "rack_reserve")
    instance, awake = context.instance, context.arrays["awake"]
    gap_kw = instance.frame.envelope.gap_w[instance.kind] / 1e3
    fixed = _by_cell(context, instance.fixed.rack_reserve_kw)
    for c, name in enumerate(instance.cell_names):
        inside = np.flatnonzero(instance.grouping.host_cell == c)
        body = Linear(float(fixed[c])).extend(gap_kw[inside], awake[inside])
        equal(context, "rack_reserve", name, body.add(-1.0, context.arrays["rack_reserve_kw"][c]))


def constrain_rack_power(context: Context) -> None:
    r"""Define the planning power of a rack: its hosts' power and the reserve.

    .. math:: P_{r,t} = e_r + \sum_{k \in r} p_{k,t} \qquad \forall r, t

    Recipe entry: ``rack_power``. Dual: price of one more kW at the rack in that step.
    """
    declare_rows(context, "rack_power")
    instance, arrays = context.instance, context.arrays
    fixed = instance.fixed
    outside = _by_cell(context, fixed.rack_power_kw - fixed.rack_reserve_kw[:, None])
    for c, name in enumerate(instance.cell_names):
        inside = np.flatnonzero(instance.grouping.host_cell == c)
        for s in range(instance.num_steps):
            body = Linear(float(outside[c, s])).add(1.0, arrays["rack_reserve_kw"][c])
            body.extend(1.0, arrays["host_power_kw"][inside, s])
            equal(context, "rack_power", (name, s), body.add(-1.0, arrays["rack_power_kw"][c, s]))


def _by_cell(context: Context, rack_values: np.ndarray) -> np.ndarray:
    """Sum values of racks (rack, …) over the cells."""
    cell = context.instance.grouping.rack_cell
    total = np.zeros((context.instance.grouping.num_cells, *rack_values.shape[1:]))
    np.add.at(total, cell[cell >= 0], rack_values[cell >= 0])
    return total
