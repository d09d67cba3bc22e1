"""What is fullest of each kind: elements of the power chain, zones, racks and resources.

Electrical loads and heat are planning values, the ones that rules are checked against, so that
100 % here is exactly where the checker says no.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import xarray as xr

from optimiser.analysis.electrical import STAGES, stage_loads_uw
from optimiser.analysis.loads import MICROWATT_PER_WATT, Loads, measure_loads
from optimiser.analysis.thermal import inlet_limit_c, zone_heat_uw
from optimiser.analysis.verdict import Placement
from optimiser.schema.policy import InletTemperature
from optimiser.twin.plant_limit import plant_capacity_w
from optimiser.twin.rules import Rule

MICROWATT_PER_KILOWATT = 1000.0 * MICROWATT_PER_WATT
TITLES = {"pdu": "PDU", "ups": "UPS", "feed": "feed"}


@dataclass(frozen=True)
class Bottleneck:
    """The fullest of one kind at its fullest moment; ``used`` and ``limit`` in ``unit``."""

    kind: str
    where: str
    used: float
    limit: float
    unit: str

    @property
    def fraction(self) -> float:
        """Used over limit; infinite when something is used of nothing."""
        if self.limit == 0:
            return float("inf") if self.used > 0 else 0.0
        return self.used / self.limit


def bottlenecks(twin: xr.Dataset, rules: Sequence[Rule], placement: Placement) -> list[Bottleneck]:
    """Return the fullest of each kind, fullest first.

    Kinds: each resource on hosts that are on and over the whole site, rack power, PDUs, UPS units
    and feeds as they are and with any one feed failed, zones and plant with their redundant units
    failed, and inlet air as the share of the allowed rise above supply air that is used.
    """
    loads = measure_loads(twin, placement)
    found = [
        *_resources(twin, loads),
        *_elements(twin, loads),
        *_failed_feeds(twin, loads),
        *_cooling(twin, loads),
        *_inlet(twin, rules, loads),
    ]
    return sorted(found, key=lambda item: -item.fraction)


def _fullest(
    kind: str, used: np.ndarray, limit: np.ndarray, where: Callable[[int], str], unit: str
) -> list[Bottleneck]:
    """Return the entry with the largest share of (row, step) ``used`` of (row,) ``limit``."""
    limited = np.flatnonzero(np.isfinite(limit) & (limit > 0))
    if not len(limited):
        return []
    peak = used[limited].max(axis=1)
    row = int(limited[np.argmax(peak / limit[limited])])
    return [Bottleneck(kind, where(row), float(used[row].max()), float(limit[row]), unit)]


def _resources(twin: xr.Dataset, loads: Loads) -> list[Bottleneck]:
    units = json.loads(twin.attrs["resource_units"])
    capacity = twin["host_capacity"].values.astype(float)
    offered = np.where(loads.host_on[:, None], capacity, 0.0)
    hosts, found = twin["host"].values, list[Bottleneck]()
    for index, name in enumerate(twin["resource"].values.astype(str).tolist()):
        use = loads.usage[:, index, :]
        whole = use.sum(axis=0, keepdims=True)
        found += _fullest(f"{name} of one host", use, offered[:, index],
                          lambda row: f"host {hosts[row]}", units[index])  # fmt: skip
        found += _fullest(f"{name} of hosts on", whole, offered[:, index].sum(keepdims=True),
                          lambda _: str(twin.attrs["site"]), units[index])  # fmt: skip
    return found


def _elements(twin: xr.Dataset, loads: Loads) -> list[Bottleneck]:
    racks = twin["rack"].values
    found = _fullest(
        "rack power",
        loads.rack_uw / MICROWATT_PER_KILOWATT,
        twin["rack_power_limit_w"].values / 1e3,
        lambda row: f"rack {racks[row]}",
        "kW",
    )
    outputs = stage_loads_uw(twin, loads.rack_uw)
    for stage in STAGES:
        found += _stage(twin, stage, TITLES[stage], outputs[stage], "")
    return found


def _stage(
    twin: xr.Dataset, stage: str, kind: str, output_uw: np.ndarray, suffix: str
) -> list[Bottleneck]:
    names = twin[stage].values
    return _fullest(
        kind,
        output_uw / MICROWATT_PER_KILOWATT,
        twin[f"{stage}_rating_w"].values / 1e3,
        lambda row: f"{stage} {names[row]}{suffix}",
        "kW",
    )


def _failed_feeds(twin: xr.Dataset, loads: Loads) -> list[Bottleneck]:
    """Return the fullest survivor of each stage over all failures of one feed."""
    if twin.sizes["feed"] < 2:
        return []
    found: dict[str, Bottleneck] = {}
    for lost, name in enumerate(twin["feed"].values):
        outputs = stage_loads_uw(twin, loads.rack_uw, "feed", lost)
        for stage in STAGES:
            kind = f"{TITLES[stage]} with one feed lost"
            for one in _stage(twin, stage, kind, outputs[stage], f" with feed {name} lost"):
                if stage not in found or one.fraction > found[stage].fraction:
                    found[stage] = one
    return list(found.values())


def _cooling(twin: xr.Dataset, loads: Loads) -> list[Bottleneck]:
    if not twin.sizes["zone"]:
        return []
    heat_kw = zone_heat_uw(twin, loads.rack_uw) / MICROWATT_PER_KILOWATT
    units = twin["zone_crah_count"].values - twin["zone_crah_redundant"].values
    limit_kw = units * twin["zone_crah_cooling_w"].values / 1e3
    names = twin["zone"].values
    found = _fullest("zone cooling", heat_kw, limit_kw, lambda row: f"zone {names[row]}", "kW")
    if twin.attrs["plant"]:
        found += _plant(twin, heat_kw.sum(axis=0))
    return found


def _plant(twin: xr.Dataset, heat_kw: np.ndarray) -> list[Bottleneck]:
    limit_kw = plant_capacity_w(twin, True) / 1e3
    used_kw = heat_kw[twin["step_of_time"].values]
    worst = int(np.argmax(used_kw / np.maximum(limit_kw, 1e-9)))
    used, limit = float(used_kw[worst]), float(limit_kw[worst])
    return [Bottleneck("cooling plant", "cooling plant", used, limit, "kW")]


def _inlet(twin: xr.Dataset, rules: Sequence[Rule], loads: Loads) -> list[Bottleneck]:
    """Return the rack that uses most of the rise its inlet may have above supply air."""
    zone = twin["rack_zone"].values
    if not twin.sizes["zone"] or not (zone >= 0).any():
        return []
    policies = [rule.policy for rule in rules if isinstance(rule.policy, InletTemperature)]
    every = policies or [InletTemperature(name="recommended")]
    limit = np.min([inlet_limit_c(twin, policy) for policy in every], axis=0)
    supply = np.append(twin["zone_supply_c"].values, np.nan)[zone]
    rise = twin["rack_rise_k_per_w"].values @ (loads.rack_uw / MICROWATT_PER_WATT)
    names = twin["rack"].values
    return _fullest(
        "inlet rise", rise, limit - supply, lambda row: f"rack {names[row]}", "K above supply"
    )
