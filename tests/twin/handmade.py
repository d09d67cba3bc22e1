"""Hand-made twins: small Datasets in the layout of the twin, without files or library."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import numpy as np
import xarray as xr

from optimiser.schema.equipment import ChillerCard, DryCoolerCard, PumpCard, TowerCard
from optimiser.schema.site import Plant, Recirculation
from optimiser.twin.air import air_flow_m3_s
from optimiser.twin.recirculation import rack_rise_matrix

# W at active idle, 10 % … 100 % load of twelve published SPECpower_ssj2008 results
SPEC_CURVES_W: dict[str, list[float]] = {
    "HP ML110 G4": [86, 89.4, 92.6, 96, 99.5, 102, 106, 108, 112, 114, 117],
    "HP ML110 G5": [93.7, 97, 101, 105, 110, 116, 121, 125, 129, 133, 135],
    "IBM x3550 M3": [58.4, 98, 109, 118, 128, 140, 153, 170, 189, 205, 222],
    "Fujitsu RX2540 M2": [43.6, 84.7, 98.9, 114, 132, 145, 158, 174, 196, 224, 255],
    "HPE DL380 Gen10": [49.3, 118, 145, 173, 203, 237, 271, 308, 366, 419, 461],
    "Supermicro 6029P": [48.6, 116, 135, 153, 170, 189, 212, 237, 271, 309, 385],
    "HPE DL380 Gen10+": [127, 198, 226, 253, 281, 314, 354, 405, 464, 576, 619],
    "ASUS RS500A": [51.4, 100, 109, 120, 131, 149, 161, 175, 189, 201, 214],
    "HPE DL325 Gen10+": [56.8, 100, 116, 130, 143, 162, 191, 211, 231, 250, 268],
    "Lenovo SR665": [108, 171, 192, 215, 237, 256, 281, 304, 331, 382, 455],
    "Quanta D43K": [85.5, 208, 238, 264, 288, 315, 345, 384, 418, 448, 471],
    "Nettrix R620 G40": [137, 185, 213, 242, 271, 301, 333, 365, 417, 478, 491],
}

MODERN_W = SPEC_CURVES_W["Lenovo SR665"]
CLASSIC_W = SPEC_CURVES_W["HP ML110 G5"]

YORK_CURVES: dict[str, Any] = {
    "capacity_curve": [
        0.1785912, -0.05900023, -5.946963e-4, 0.09297889, -2.841024e-3, 4.974221e-3,
    ],
    "efficiency_curve": [
        0.5245110, -0.02850126, 8.034720e-4, 0.01893133, 1.151629e-4, -9.340642e-5,
    ],
    "part_load_curve": [0.2619878, 0.2393605, 0.4988306],
    "valid_evaporator_c": (4.4, 8.9),
    "valid_condenser_c": (12.8, 35.0),
}  # fmt: skip


def york_chiller(rated_cooling_kw: float = 1055.0, **changes: Any) -> ChillerCard:
    """Return the York YT 1055 kW vane machine with its published DOE-2 curves."""
    fields = {"name": "york", "rated_cooling_kw": rated_cooling_kw, "rated_cop": 5.96}
    return ChillerCard.model_validate({**fields, **YORK_CURVES, **changes})


def carnot_chiller(rated_cooling_kw: float = 400.0, **changes: Any) -> ChillerCard:
    """Return a chiller for warm water by Carnot ratio."""
    fields = {
        "name": "warm",
        "rated_cooling_kw": rated_cooling_kw,
        "rated_cop": 8.0,
        "carnot": {"efficiency": 0.5},
    }
    return ChillerCard.model_validate({**fields, **changes})


def plant_json(
    scale: float = 1.0,
    *,
    plant: Mapping[str, Any] | None = None,
    chiller: ChillerCard | None = None,
    tower: Mapping[str, Any] | None = None,
    dry_cooler: Mapping[str, Any] | None = None,
    pump: Mapping[str, Any] | None = None,
) -> str:
    """Return a plant with its cards as the twin keeps it; ``scale`` multiplies all ratings."""
    chiller = chiller or carnot_chiller(150.0 * scale)
    fields: dict[str, Any] = {
        "chiller": chiller.name,
        "chiller_count": 3,
        "chiller_redundant": 1,
        "chilled_water_pump": "pump",
        "economiser": "waterside",
        "tower_count": 3,
        "dry_cooler_count": 3,
    }
    cards = {"chiller": chiller.model_dump(mode="json")}
    pump_card = PumpCard.model_validate({"name": "pump", "head_kpa": 150.0, **(pump or {})})
    cards["chilled_water_pump"] = pump_card.model_dump(mode="json")
    if chiller.condenser == "water":
        fields["condenser_pump"] = "pump"
        cards["condenser_pump"] = pump_card.model_dump(mode="json")
        if dry_cooler is None:
            fields["tower"] = "tower"
            rating = {"rated_heat_kw": 170.0 * scale, "rated_fan_kw": 2.5 * scale}
            card: Any = TowerCard.model_validate({"name": "tower", **rating, **(tower or {})})
            cards["tower"] = card.model_dump(mode="json")
        else:
            fields["dry_cooler"] = "dry"
            rating = {"rated_heat_kw": 170.0 * scale, "rated_fan_kw": 5.0 * scale}
            card = DryCoolerCard.model_validate({"name": "dry", **rating, **dry_cooler})
            cards["dry_cooler"] = card.model_dump(mode="json")
    else:
        fields["economiser"] = "none"
    fields |= plant or {}
    document = Plant.model_validate(fields)
    return json.dumps({"plant": document.model_dump(mode="json"), "cards": cards})


def make_twin(
    *,
    racks: int = 8,
    hosts_per_rack: int = 20,
    workloads_per_host: int = 4,
    times: int = 24,
    steps: int | None = None,
    zones: int = 2,
    scale: float = 1.0,
    plant: str | None = None,
    dry_bulb_c: np.ndarray | float | None = None,
    wet_bulb_c: np.ndarray | float | None = None,
    seed: int = 1,
    flavours: int = 30,
    chain: bool = True,
    curves_w: list[list[float]] | None = None,
) -> xr.Dataset:
    """Return a twin with two feeds, one UPS and some PDUs per feed, zones and a plant.

    ``scale`` multiplies server power and every rating, which must leave PUE and WUE alone.
    ``plant`` replaces the plant document ("" for none).
    """
    random = np.random.default_rng(seed)
    steps = times if steps is None else steps
    curve = np.array(curves_w or [MODERN_W, CLASSIC_W], dtype=float) * scale
    kinds, hosts = len(curve), racks * hosts_per_rack
    host_rack = np.repeat(np.arange(racks), hosts_per_rack).astype(np.int32)
    host_kind = (np.arange(hosts) % kinds).astype(np.int32)
    data: dict[str, Any] = _time_data(times, steps, dry_bulb_c, wet_bulb_c)
    data |= {
        "host_kind": ("host", host_kind),
        "host_rack": ("host", host_rack),
        "host_capacity": (("host", "resource"), np.full((hosts, 2), 64_000, dtype=np.int64)),
        "host_on": ("host", np.ones(hosts, dtype=bool)),
        "host_usable": ("host", np.ones(hosts, dtype=bool)),
        "kind_curve_w": (("kind", "load_point"), curve),
        "kind_gpu_span_w": ("kind", np.zeros(kinds)),
        "kind_standby_w": ("kind", np.full(kinds, 5.0 * scale)),
        "kind_air_rise_k": ("kind", np.full(kinds, 12.0)),
    }
    data |= _rack_data(racks, zones, host_rack, host_kind, curve, chain)
    peak = float(curve[host_kind, -1].sum())
    data |= _chain_data(racks, peak, chain) | _zone_data(zones, peak)
    data |= _workload_data(random, hosts, workloads_per_host, flavours, steps)
    size = peak / 250_000.0
    document = plant_json(size) if plant is None else plant
    attrs = {
        "site": "hand-made",
        "currency": "EUR",
        "power_resource": 0,
        "device_resource": -1,
        "device_size": 0,
        "water_price_per_m3": 2.0,
        "grid_water_l_per_kwh": 1.5,
        "plant": document if zones else "",
    }
    coords = {
        "time": np.datetime64("2026-01-01", "s") + np.arange(times) * np.timedelta64(3600, "s"),
        "rack": [f"r{i}" for i in range(racks)],
        "host": [f"h{i}" for i in range(hosts)],
    }
    return xr.Dataset(data, coords=coords, attrs=attrs)


def _time_data(
    times: int, steps: int, dry: np.ndarray | float | None, wet: np.ndarray | float | None
) -> dict[str, Any]:
    hour = np.arange(times)
    swing = np.sin(2 * np.pi * (hour / 24 - 0.3)) * 5 + np.sin(2 * np.pi * (hour / 8760 - 0.3)) * 12
    dry = 14.0 + swing if dry is None else np.broadcast_to(np.asarray(dry, dtype=float), (times,))
    wet = dry - 4.0 if wet is None else np.broadcast_to(np.asarray(wet, dtype=float), (times,))
    return {
        "period_h": ("time", np.ones(times)),
        "step_of_time": ("time", (hour % steps).astype(np.int32)),
        "dry_bulb_c": ("time", dry),
        "wet_bulb_c": ("time", wet),
        "price_per_kwh": ("time", 0.10 + 0.05 * (hour % 24 > 7)),
        "carbon_g_per_kwh": ("time", 300.0 + 100.0 * (hour % 24 > 12)),
    }


def _rack_data(
    racks: int,
    zones: int,
    host_rack: np.ndarray,
    host_kind: np.ndarray,
    curve: np.ndarray,
    chain: bool,
) -> dict[str, Any]:
    zone = (np.arange(racks) * zones // racks if zones else np.full(racks, -1)).astype(np.int32)
    row = np.zeros(racks, dtype=np.int32)
    peak = np.bincount(host_rack, weights=curve[host_kind, -1], minlength=racks)
    flow = air_flow_m3_s(peak, 12.0)
    rise = rack_rise_matrix(flow, zone, row, [Recirculation()] * zones)
    half = max(1, racks // 2)
    side = (np.arange(racks) % half).astype(np.int32)
    return {
        "rack_zone": ("rack", zone),
        "rack_row": ("rack", row),
        "rack_pdu_a": ("rack", side if chain else np.full(racks, -1, dtype=np.int32)),
        "rack_pdu_b": ("rack", side + half if chain else np.full(racks, -1, dtype=np.int32)),
        "rack_airflow_m3_s": ("rack", flow),
        "rack_rise_k_per_w": (("rack", "rack_from"), rise),
        "rack_power_limit_w": ("rack", np.full(racks, np.inf)),
    }


def _chain_data(racks: int, peak: float, chain: bool) -> dict[str, Any]:
    pdus = 2 * max(1, racks // 2) if chain else 0
    count = {"pdu": pdus, "ups": 2 if chain else 0, "feed": 2 if chain else 0}
    rating = {"pdu": peak / max(1, pdus // 2), "ups": 1.15 * peak, "feed": 1.3 * peak}
    losses = {
        "pdu": (0.015, 0.0, 0.015),
        "ups": (0.008, 0.012, 0.016),
        "feed": (0.0017, 0.0, 0.0137),
    }
    data: dict[str, Any] = {
        "pdu_ups": ("pdu", (np.arange(pdus) >= pdus // 2).astype(np.int32)),
        "ups_feed": ("ups", np.arange(count["ups"]).astype(np.int32)),
    }
    for stage, number in count.items():
        for name, value in zip(("no_load", "proportional", "square"), losses[stage], strict=True):
            data[f"{stage}_{name}_fraction"] = (stage, np.full(number, value))
        data[f"{stage}_rating_w"] = (stage, np.full(number, rating[stage]))
        data[f"{stage}_nominal_w"] = (stage, np.full(number, rating[stage]))
    return data


def _zone_data(zones: int, peak: float) -> dict[str, Any]:
    each = peak * 1.15 / max(1, zones) / 3.0
    flow = float(air_flow_m3_s(np.array(each), 12.0)) * 1.15
    columns = {
        "supply_c": 20.0,
        "bypass_fraction": 0.1,
        "crah_count": 4.0,
        "crah_redundant": 1.0,
        "crah_cooling_w": each,
        "crah_flow_m3_s": flow,
        "crah_fan_w": 770.0 * flow,
        "crah_fan_exponent": 2.7,
        "crah_min_flow_fraction": 0.3,
    }
    return {f"zone_{name}": ("zone", np.full(zones, value)) for name, value in columns.items()}


def _workload_data(
    random: np.random.Generator, hosts: int, per_host: int, flavours: int, steps: int
) -> dict[str, Any]:
    base = random.integers(1_000, 16_000, size=(flavours, 2, 1))
    phase = random.uniform(0, 24, size=(flavours, 1, 1))
    wave = 0.6 + 0.4 * np.sin(2 * np.pi * (np.arange(steps) + phase) / 24)
    usage = np.ceil(base * np.broadcast_to(wave, (flavours, 2, steps))).astype(np.int64)
    usage[:, 1] = base[:, 1]
    number = hosts * per_host
    return {
        "flavour_usage": (("flavour", "resource", "step"), usage),
        "flavour_request": (("flavour", "resource"), base[:, :, 0]),
        "workload_flavour": ("workload", random.integers(0, flavours, number).astype(np.int32)),
        "workload_host": ("workload", (np.arange(number) % hosts).astype(np.int32)),
    }
