"""Power, cooling and temperature rules as linear rows over rack planning power.

Planning power is what limits are checked against: the convex envelope of the host's curve plus
the largest distance between curve and envelope, so never below the true power. Losses above the
rack enter linearly with their full-load value, which never understates them. Every such rule then
reads ``offset + Σ_r coefficient[r]·P[r] ≤ limit``.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import xarray as xr

from optimiser.schema.policy import (
    CoolingCapacity,
    DomainCapacity,
    InletTemperature,
    RedundantFeed,
)
from optimiser.twin.plant_limit import plant_capacity_w
from optimiser.twin.rules import Rule, domains

LEVELS = ("pdu", "ups", "feed")


@dataclass(frozen=True)
class RackRows:
    """Rows of one rule: ``offset + coefficient @ P ≤ limit``.

    ``coefficient`` (row, rack), ``offset`` (row,), ``limit`` (row, step) in ``unit`` (W or °C; P
    in W), ``names`` (row,) such as ``ups U1 with feed A lost``.
    """

    rule: Rule
    coefficient: np.ndarray
    offset: np.ndarray
    limit: np.ndarray
    names: tuple[str, ...]
    unit: str = "W"


def rack_rows(twin: xr.Dataset, rule: Rule) -> RackRows | None:
    """Return the rows of a rule about power, cooling or temperature; ``None`` for other kinds."""
    policy = rule.policy
    if isinstance(policy, DomainCapacity) and policy.resource == "power":
        return _power_rows(twin, rule, policy)
    if isinstance(policy, RedundantFeed):
        return _redundant_rows(twin, rule, policy)
    if isinstance(policy, CoolingCapacity):
        return _cooling_rows(twin, rule, policy)
    if isinstance(policy, InletTemperature):
        return _inlet_rows(twin, rule, policy)
    return None


def all_rack_rows(twin: xr.Dataset, rules: Sequence[Rule]) -> list[RackRows]:
    """Return the rows of every rule that has some."""
    found = (rack_rows(twin, rule) for rule in rules)
    return [rows for rows in found if rows is not None and len(rows.names)]


def sides_alive(twin: xr.Dataset, level: str = "", lost: int = -1) -> tuple[np.ndarray, np.ndarray]:
    """Return the share of each rack's power on side A and B, (rack,) each, with one element lost.

    Both sides alive share equally, one alive carries all, none leaves the rack dark (0, 0).
    """
    alive = []
    for side in ("a", "b"):
        pdu = twin[f"rack_pdu_{side}"].values
        path = {"pdu": pdu}
        path["ups"] = np.append(twin["pdu_ups"].values, -1)[pdu]
        path["feed"] = np.append(twin["ups_feed"].values, -1)[path["ups"]]
        alive.append((pdu >= 0) & ((path[level] != lost) if level else True))
    total = np.maximum(alive[0].astype(float) + alive[1], 1.0)
    return alive[0] / total, alive[1] / total


def element_loads(
    twin: xr.Dataset, share_a: np.ndarray, share_b: np.ndarray
) -> dict[str, tuple[np.ndarray, np.ndarray]]:
    """Return, by level, coefficients (element, rack) and offsets (element,) of the output load."""
    num_racks = twin.sizes["rack"]
    coefficient = np.zeros((twin.sizes["pdu"], num_racks))
    for side, share in (("a", share_a), ("b", share_b)):
        pdu = twin[f"rack_pdu_{side}"].values
        used = pdu >= 0
        np.add.at(coefficient, (pdu[used], np.flatnonzero(used)), share[used])
    loads = {"pdu": (coefficient, np.zeros(len(coefficient)))}
    for level, above, parent in (("pdu", "ups", "pdu_ups"), ("ups", "feed", "ups_feed")):
        loads[above] = _roll_up(twin, loads[level], level, above, twin[parent].values)
    return loads


def _roll_up(
    twin: xr.Dataset,
    load: tuple[np.ndarray, np.ndarray],
    level: str,
    above: str,
    parent: np.ndarray,
) -> tuple[np.ndarray, np.ndarray]:
    slope, constant = planning_loss(twin, level)
    coefficient, offset = load
    into = np.zeros((twin.sizes[above], coefficient.shape[1]))
    into_offset = np.zeros(twin.sizes[above])
    np.add.at(into, parent, coefficient * slope[:, None])
    # an element without load (lost or spare) is switched off and draws nothing
    carries = coefficient.any(axis=1)
    np.add.at(into_offset, parent, np.where(carries, offset * slope + constant, 0.0))
    return into, into_offset


def planning_loss(twin: xr.Dataset, level: str) -> tuple[np.ndarray, np.ndarray]:
    """Return slope and constant [W] of a stage's planning input: ``slope·output + constant``."""
    slope = (
        1.0
        + twin[f"{level}_proportional_fraction"].values
        + twin[f"{level}_square_fraction"].values
    )
    return slope, twin[f"{level}_no_load_fraction"].values * twin[f"{level}_nominal_w"].values


def _rows(
    rule: Rule,
    twin: xr.Dataset,
    coefficient: np.ndarray,
    offset: np.ndarray,
    limit: np.ndarray,
    names: Sequence[str],
    unit: str = "W",
) -> RackRows:
    """Keep rows with a finite limit; limits (row,) or (row, step)."""
    limit = np.broadcast_to(
        limit if limit.ndim == 2 else limit[:, None], (len(offset), twin.sizes["step"])
    )
    keep = np.isfinite(limit).any(axis=1) & coefficient.any(axis=1)
    kept = tuple(name for name, flag in zip(names, keep, strict=True) if flag)
    return RackRows(rule, coefficient[keep], offset[keep], limit[keep], kept, unit)


def _power_rows(twin: xr.Dataset, rule: Rule, policy: DomainCapacity) -> RackRows:
    level, num_racks = policy.domain, twin.sizes["rack"]
    names = [f"{level} {name}" for name in twin[level].values] if level in twin.sizes else []
    if level in LEVELS:
        coefficient, offset = element_loads(twin, *sides_alive(twin))[level]
        rating = twin[f"{level}_rating_w"].values
    elif level == "rack":
        coefficient, offset = np.eye(num_racks), np.zeros(num_racks)
        rating = twin["rack_power_limit_w"].values
    else:
        group = _rack_domain(twin, level)
        count = int(group.max(initial=0)) + 1
        coefficient = (group[None, :] == np.arange(count)[:, None]).astype(float)
        offset, rating = np.zeros(count), np.full(count, np.inf)
        names = names or [str(twin.attrs["site"])]
    if policy.limit is not None:
        rating = np.full(len(offset), policy.limit * 1e3)
    return _rows(rule, twin, coefficient, offset, rating * policy.limit_fraction, names)


def _rack_domain(twin: xr.Dataset, level: str) -> np.ndarray:
    if level == "site":
        return np.zeros(twin.sizes["rack"], dtype=np.int64)
    return twin[f"rack_{level}"].values.astype(np.int64)


def _redundant_rows(twin: xr.Dataset, rule: Rule, policy: RedundantFeed) -> RackRows:
    parts: list[tuple[np.ndarray, np.ndarray, np.ndarray]] = []
    names: list[str] = []
    for lost, lost_name in enumerate(twin[policy.level].values):
        loads = element_loads(twin, *sides_alive(twin, policy.level, lost))
        for level in LEVELS:
            coefficient, offset = loads[level]
            rating = twin[f"{level}_rating_w"].values * policy.limit_fraction
            parts.append((coefficient, offset, rating))
            names += [
                f"{level} {n} with {policy.level} {lost_name} lost" for n in twin[level].values
            ]
    coefficient, offset, rating = (np.concatenate(column) for column in zip(*parts, strict=True))
    return _rows(rule, twin, coefficient, offset, rating, names)


def zone_heat(twin: xr.Dataset) -> tuple[np.ndarray, np.ndarray]:
    """Return coefficients (zone, rack) and offsets (zone,) of the planning heat of each zone.

    Rack power, full-load PDU and UPS losses of that power, their no-load losses, and all fans of
    the zone at full speed.
    """
    num_zones = twin.sizes["zone"]
    loads = element_loads(twin, *sides_alive(twin))
    factor = np.ones(twin.sizes["rack"])
    constant = 0.0
    for level in ("pdu", "ups"):
        slope, no_load = planning_loss(twin, level)
        factor += (loads[level][0] * (slope - 1.0)[:, None]).sum(axis=0)
        constant += float(no_load.sum()) + float((loads[level][1] * (slope - 1.0)).sum())
    zone = twin["rack_zone"].values
    coefficient = (zone[None, :] == np.arange(num_zones)[:, None]) * factor[None, :]
    fans = twin["zone_crah_count"].values * twin["zone_crah_fan_w"].values
    return coefficient, fans + constant / max(1, num_zones)


def _cooling_rows(twin: xr.Dataset, rule: Rule, policy: CoolingCapacity) -> RackRows:
    coefficient, offset = zone_heat(twin)
    spare = twin["zone_crah_redundant"].values if policy.redundant else 0.0
    limit = (twin["zone_crah_count"].values - spare) * twin["zone_crah_cooling_w"].values
    limit = np.repeat(limit[:, None], twin.sizes["step"], axis=1)
    names = [f"zone {name}" for name in twin["zone"].values]
    if twin.attrs["plant"]:
        by_time = plant_capacity_w(twin, policy.redundant)
        by_step = np.full(twin.sizes["step"], np.inf)
        np.minimum.at(by_step, twin["step_of_time"].values, by_time)
        coefficient = np.vstack([coefficient, coefficient.sum(axis=0)])
        offset = np.append(offset, offset.sum())
        limit = np.vstack([limit, by_step])
        names.append("cooling plant")
    return _rows(rule, twin, coefficient, offset, limit, names)


def _inlet_rows(twin: xr.Dataset, rule: Rule, policy: InletTemperature) -> RackRows:
    limit = inlet_limits(twin, policy)
    zone = twin["rack_zone"].values
    supply = np.append(twin["zone_supply_c"].values, np.nan)[zone]
    limit = np.where(np.isnan(supply), np.inf, limit)
    names = [f"rack {name}" for name in twin["rack"].values]
    rise = twin["rack_rise_k_per_w"].values
    return _rows(rule, twin, rise, np.nan_to_num(supply), limit, names, unit="degC")


def inlet_limits(twin: xr.Dataset, policy: InletTemperature) -> np.ndarray:
    """Return the inlet limit of each rack [°C]: the lowest of the hosts in it."""
    num_racks = twin.sizes["rack"]
    if policy.limit_c is not None:
        return np.full(num_racks, policy.limit_c)
    column = "kind_inlet_limit_c" if policy.envelope == "recommended" else "kind_inlet_allowable_c"
    limit = np.full(num_racks, np.inf)
    np.minimum.at(limit, twin["host_rack"].values, twin[column].values[twin["host_kind"].values])
    return limit


__all__ = ["LEVELS", "RackRows", "all_rack_rows", "domains", "element_loads", "rack_rows"]
