"""Exact checks of heat and inlet temperature."""

from __future__ import annotations

import numpy as np
import xarray as xr

from optimiser.analysis.electrical import (
    paths,
    stage_input_uw,
    stage_loads_uw,
    whole_watts,
)
from optimiser.analysis.loads import MICROWATT_PER_WATT, Loads, sum_by
from optimiser.analysis.rows import WATT_PER_KILOWATT, Rows, floor_limit
from optimiser.schema.policy import CoolingCapacity, InletTemperature
from optimiser.twin.plant_limit import plant_capacity_w
from optimiser.twin.rules import Rule

CENTIKELVIN_PER_KELVIN = 100


def zone_heat_uw(twin: xr.Dataset, rack_uw: np.ndarray) -> np.ndarray:
    """Return the planning heat of each zone, (zone, step) int64 [µW].

    Rack power and the proportional PDU and UPS losses it causes stay in the rack's zone. What the
    chain loses without load, and every fan at full speed, is there at all times; the first is
    shared equally by the zones.
    """
    num_zones = twin.sizes["zone"]
    zone = twin["rack_zone"].values
    heat = sum_by(rack_uw + _proportional_loss_uw(twin, rack_uw), zone, num_zones)
    fans = twin["zone_crah_count"].values * twin["zone_crah_fan_w"].values
    standing = fans * MICROWATT_PER_WATT + _standing_loss_uw(twin) / max(1, num_zones)
    return heat + np.rint(standing).astype(np.int64)[:, None]


def _proportional_loss_uw(twin: xr.Dataset, rack_uw: np.ndarray) -> np.ndarray:
    """Return the losses in PDUs and UPS units that follow each rack's power, (rack, step)."""
    path, alive = paths(twin), paths(twin)["pdu"] >= 0
    lost = np.zeros(rack_uw.shape)
    sides = np.maximum(alive.sum(axis=0), 1)
    for side in range(2):
        share = np.where(alive[side], 1.0 / sides, 0.0)[:, None] * rack_uw
        for stage in ("pdu", "ups"):
            if not twin.sizes[stage]:
                continue
            moving = (
                twin[f"{stage}_proportional_fraction"].values
                + twin[f"{stage}_square_fraction"].values
            )
            stage_loss = share * np.append(moving, 0.0)[path[stage][side]][:, None]
            lost += stage_loss
            share = share + stage_loss
    return np.rint(lost).astype(np.int64)


def _standing_loss_uw(twin: xr.Dataset) -> float:
    """Return the no-load losses of all PDUs and UPS units, spares included [µW].

    The UPS units also lose a share of what the PDUs take without load.
    """
    idle = sum(
        float((twin[f"{s}_no_load_fraction"].values * twin[f"{s}_nominal_w"].values).sum())
        for s in ("pdu", "ups")
    )
    nothing = np.zeros((twin.sizes["rack"], 1), dtype=np.int64)
    carried = stage_loads_uw(twin, nothing)["ups"]
    everything = np.ones(twin.sizes["ups"], dtype=bool)
    taken = stage_input_uw(twin, "ups", carried, everything)
    without = stage_input_uw(twin, "ups", np.zeros_like(carried), everything)
    return idle * MICROWATT_PER_WATT + float((taken - carried - without).sum())


def measure_cooling_capacity(twin: xr.Dataset, rule: Rule, loads: Loads) -> list[Rows]:
    """Heat of each zone, and of all zones at the plant, stays below what removes it."""
    policy = rule.policy
    assert isinstance(policy, CoolingCapacity)
    if not twin.sizes["zone"]:
        return []
    heat = zone_heat_uw(twin, loads.rack_uw)
    spare = twin["zone_crah_redundant"].values if policy.redundant else 0
    limit = (twin["zone_crah_count"].values - spare) * twin["zone_crah_cooling_w"].values
    names = twin["zone"].values
    rows = [
        Rows(
            value=whole_watts(heat),
            limit=floor_limit(limit)[:, None],
            label=lambda row: f"zone {names[row]}",
            noun="heat",
            unit="kW",
            scale=WATT_PER_KILOWATT,
        )
    ]
    if twin.attrs["plant"]:
        rows.append(_plant_rows(twin, policy.redundant, heat.sum(axis=0)))
    return rows


def _plant_rows(twin: xr.Dataset, redundant: bool, heat_uw: np.ndarray) -> Rows:
    by_step = np.full(twin.sizes["step"], np.inf)
    np.minimum.at(by_step, twin["step_of_time"].values, plant_capacity_w(twin, redundant))
    return Rows(
        value=whole_watts(heat_uw)[None, :],
        limit=floor_limit(by_step)[None, :],
        label=lambda _: "cooling plant",
        noun="heat",
        unit="kW",
        scale=WATT_PER_KILOWATT,
    )


def measure_inlet_temperature(twin: xr.Dataset, rule: Rule, loads: Loads) -> list[Rows]:
    """Air entering each rack stays below the limit of the hosts in it, to 0.01 K."""
    policy = rule.policy
    assert isinstance(policy, InletTemperature)
    cooled = np.flatnonzero(twin["rack_zone"].values >= 0)
    limit = inlet_limit_c(twin, policy)[cooled]
    cooled, limit = cooled[np.isfinite(limit)], limit[np.isfinite(limit)]
    supply = twin["zone_supply_c"].values[twin["rack_zone"].values[cooled]]
    rise = twin["rack_rise_k_per_w"].values[cooled] @ (loads.rack_uw / MICROWATT_PER_WATT)
    names = twin["rack"].values
    value = np.floor((supply[:, None] + rise) * CENTIKELVIN_PER_KELVIN).astype(np.int64)
    return [
        Rows(
            value=value,
            limit=floor_limit(limit, CENTIKELVIN_PER_KELVIN)[:, None],
            label=lambda row: f"rack {names[cooled[row]]}",
            noun="inlet air",
            unit="°C",
            scale=float(CENTIKELVIN_PER_KELVIN),
        )
    ]


def inlet_limit_c(twin: xr.Dataset, policy: InletTemperature) -> np.ndarray:
    """Return the limit of each rack [°C]: given, or the lowest of its hosts; inf without hosts."""
    num_racks = twin.sizes["rack"]
    if policy.limit_c is not None:
        return np.full(num_racks, policy.limit_c)
    name = "kind_inlet_limit_c" if policy.envelope == "recommended" else "kind_inlet_allowable_c"
    of_host = twin[name].values[twin["host_kind"].values]
    limit = np.full(num_racks, np.inf)
    np.minimum.at(limit, twin["host_rack"].values, of_host)
    return limit
