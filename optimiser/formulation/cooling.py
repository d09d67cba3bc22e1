"""Cooling: heat of zones and plant, and the air that enters the racks."""

from __future__ import annotations

from optimiser.formulation.context import Context
from optimiser.formulation.rackrows import write_rack_rows
from optimiser.formulation.rows import declare_rows


def constrain_cooling_capacity(context: Context) -> None:
    r"""Keep the heat of each zone and of the plant below what the remaining units can remove.

    .. math:: c_z + \sum_{r \in z} (1 + \ell_r)\, P_{r,t} \le Q_{z,t} \qquad \forall z, t

    Heat counts losses at full load and all fans at full speed. Recipe entry:
    ``cooling_capacity``. Dual: value of one more kW of cooling.
    """
    declare_rows(context, "cooling_capacity")
    write_rack_rows(context, "cooling_capacity")


def constrain_inlet_temperature(context: Context) -> None:
    r"""Keep the air that enters each rack below the limit of its hosts.

    .. math:: T_{z(i)} + \sum_j D_{i,j}\, P_{j,t} \le T_i^{\max} \qquad \forall i, t

    D is the recirculation between racks. Recipe entry: ``inlet_temperature``. Dual: value of one
    more kelvin at the rack.
    """
    declare_rows(context, "inlet_temperature")
    write_rack_rows(context, "inlet_temperature")
