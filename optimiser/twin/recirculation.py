"""Rack inlet temperatures: cross-interference between racks (Tang, Gupta and Varsamopoulos 2008).

With A[i, j] the share of rack i's exhaust flow that enters rack j and K = diag(ρ·c_p·f) the
balance of every inlet gives ``T_in = T_supply + D·P`` with ``D = (K − AᵀK)⁻¹ − K⁻¹``, linear in
rack power for fixed flows. doi:10.1109/TPDS.2008.111
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from optimiser.errors import InputError, Problem, raise_all
from optimiser.schema.site import Recirculation
from optimiser.units import AIR_DENSITY_KG_M3, AIR_HEAT_CAPACITY_J_KG_K

_TOLERANCE = 1e-9


def rise_matrix(exchange: np.ndarray, flow_m3_s: np.ndarray) -> np.ndarray:
    """Return D (rack, rack_from) [K/W]: inlet rise of a rack per watt of every rack.

    ``exchange`` (rack_from, rack) is A [1], ``flow_m3_s`` (rack,) the air flow through each rack
    [m³/s], air at 1.19 kg/m³ and 1005 J/(kg·K). D is never negative.

    Raises ``InputError`` when A is not a share of the exhaust or an inlet would take in more
    exhaust air than its own flow.
    """
    check_exchange(exchange, flow_m3_s)
    capacity = AIR_DENSITY_KG_M3 * AIR_HEAT_CAPACITY_J_KG_K * np.asarray(flow_m3_s, dtype=float)
    balance = np.diag(capacity) - exchange.T * capacity[None, :]
    rise = np.linalg.inv(balance) - np.diag(1.0 / capacity)
    # inverting leaves negative dust of about 1e-20 where the true entry is zero
    return np.maximum(rise, 0.0)


def check_exchange(exchange: np.ndarray, flow_m3_s: np.ndarray) -> None:
    """Raise one ``InputError`` with every way in which A breaks conservation of air."""
    flow = np.asarray(flow_m3_s, dtype=float)
    if exchange.shape != (len(flow), len(flow)):
        raise InputError(
            Problem(
                what="the recirculation matrix does not fit the racks",
                value=f"{exchange.shape[0]} x {exchange.shape[1]}",
                expected=f"{len(flow)} x {len(flow)}",
            )
        )
    share_in = (exchange.T @ flow) / np.where(flow > 0, flow, np.nan)
    problems = [
        *_offenders(
            np.asarray(flow <= 0),
            "the air flow of the rack is not above zero",
            flow,
            "above 0 m³/s",
        ),
        *_offenders(
            np.asarray((exchange < -_TOLERANCE).any(axis=1)),
            "a share of recirculated air is negative",
            exchange.min(axis=1, initial=0.0),
            "0 or more",
        ),
        *_offenders(
            np.asarray(exchange.sum(axis=1) > 1 + _TOLERANCE),
            "the rack sends out more air than it has",
            exchange.sum(axis=1),
            "shares that sum to at most 1",
        ),
        *_offenders(
            np.asarray(share_in > 1 + _TOLERANCE),
            "the rack would take in more recirculated air than its own flow",
            share_in,
            "a recirculated share of at most 1",
        ),
    ]
    raise_all(problems)


def _offenders(wrong: np.ndarray, what: str, value: np.ndarray, expected: str) -> list[Problem]:
    return [
        Problem(
            what=what,
            field=f"recirculation, rack {rack + 1}",
            value=f"{value[rack]:.4g}",
            expected=expected,
            remedy="lower the recirculation fractions or give the rack its real air flow",
        )
        for rack in np.flatnonzero(wrong)
    ]


def generate_exchange(
    rack_zone: np.ndarray, rack_row: np.ndarray, recirculation: Sequence[Recirculation]
) -> np.ndarray:
    """Return A (rack_from, rack) for racks in rows, when no measured matrix is at hand.

    Racks of the same zone and row stand side by side in their order. Each sends
    ``own_fraction`` of its exhaust to itself, ``neighbour_fraction`` to the rack on each side and
    ``facing_fraction`` to the racks two places away; what would leave the end of a row returns to
    the air handlers. Racks without a zone (−1) exchange nothing.

    ``rack_zone`` and ``rack_row`` (rack,) indices; ``recirculation`` one document per zone.
    """
    exchange = np.zeros((len(rack_zone), len(rack_zone)))
    for zone, document in enumerate(recirculation):
        shares = (
            document.own_fraction,
            document.neighbour_fraction,
            document.facing_fraction,
        )
        in_zone = np.flatnonzero(rack_zone == zone)
        for row in np.unique(rack_row[in_zone]):
            members = in_zone[rack_row[in_zone] == row]
            for distance, share in enumerate(shares):
                near, far = members[: len(members) - distance], members[distance:]
                exchange[near, far] = share
                exchange[far, near] = share
    return exchange


def limit_by_flow(exchange: np.ndarray, flow_m3_s: np.ndarray) -> np.ndarray:
    """Return A with each share limited to ``f_j/f_i``.

    A generated share is a share of the exhaust of rack i; beside a nearly empty rack j it could
    exceed the air that rack j takes in at all. A real inlet takes at most that share of its *own*
    flow, so A[i, j]·f_i is held at A[i, j]·f_j there.
    """
    flow = np.asarray(flow_m3_s, dtype=float)
    return exchange * np.minimum(1.0, flow[None, :] / flow[:, None])


def rack_rise_matrix(
    flow_m3_s: np.ndarray,
    rack_zone: np.ndarray,
    rack_row: np.ndarray,
    recirculation: Sequence[Recirculation],
) -> np.ndarray:
    """Return D (rack, rack_from) [K/W] of a site with generated recirculation.

    Zero between racks of different zones or rows and for racks without a zone. Each row is solved
    by itself, so hundreds of racks cost milliseconds.
    """
    flow = np.asarray(flow_m3_s, dtype=float)
    exchange = generate_exchange(rack_zone, rack_row, recirculation)
    exchange = limit_by_flow(exchange, flow)
    rise = np.zeros_like(exchange)
    for zone, row in {pair for pair in zip(rack_zone, rack_row, strict=True) if pair[0] >= 0}:
        members = np.flatnonzero((rack_zone == zone) & (rack_row == row))
        block = np.ix_(members, members)
        rise[block] = rise_matrix(exchange[block], flow[members])
    return rise


def inlet_temperature_c(
    rise_k_per_w: np.ndarray,
    rack_power_w: np.ndarray,
    rack_zone: np.ndarray,
    supply_c: np.ndarray,
) -> np.ndarray:
    """Return the inlet temperature of each rack [°C]; NaN for racks without a zone.

    ``rise_k_per_w`` (rack, rack_from), ``rack_power_w`` (rack,) or (rack, time) [W], ``rack_zone``
    (rack,), ``supply_c`` (zone,) [°C].
    """
    supply = np.append(np.asarray(supply_c, dtype=float), np.nan)[rack_zone]
    rise = rise_k_per_w @ rack_power_w
    return rise + supply.reshape(supply.shape + (1,) * (rise.ndim - 1))
