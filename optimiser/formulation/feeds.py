"""Redundant feeds: with any one element lost, the survivors carry everything."""

from __future__ import annotations

from optimiser.formulation.context import Context
from optimiser.formulation.rackrows import write_rack_rows
from optimiser.formulation.rows import declare_rows


def constrain_redundant_feed(context: Context) -> None:
    r"""Keep every survivor inside its rating when any one feed, UPS or PDU is lost.

    .. math:: c_{e,f} + \sum_r c_{e,f,r}\, P_{r,t} \le \lambda R_e \qquad \forall e, f, t

    f is the lost element; racks fed by it on one side draw all their power on the other. Recipe
    entry: ``redundant_feed``. Dual: value of one more kW of rating on the survivor.
    """
    declare_rows(context, "redundant_feed")
    write_rack_rows(context, "redundant_feed")
