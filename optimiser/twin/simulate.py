"""Full replay of a placement over the horizon: the twin as judge of every plan."""

from __future__ import annotations

from typing import Any

import numpy as np
import xarray as xr

from optimiser.twin.facility import METERS, Facility, FacilityPower, facility, facility_power
from optimiser.twin.it_power import ItPower, it_power
from optimiser.twin.recirculation import inlet_temperature_c
from optimiser.twin.summary import summary

__all__ = ["simulate", "summary"]

# periods handled at once, which bounds the memory of the plant's intermediate arrays
_PERIODS = 4096
_LONG_NAMES = {
    "it_w": "power of all racks",
    "pdu_loss_w": "losses of PDUs",
    "ups_loss_w": "losses of UPS units",
    "transformer_loss_w": "losses of transformers",
    "crah_fan_w": "fans of air handlers",
    "chiller_w": "chillers",
    "chilled_water_pump_w": "chilled-water pumps",
    "condenser_pump_w": "condenser pumps",
    "rejection_fan_w": "fans of towers or dry coolers",
}


def simulate(
    twin: xr.Dataset,
    host_of_workload: np.ndarray,
    host_on: np.ndarray,
    *,
    hosts: bool = False,
) -> xr.Dataset:
    """Replay a placement over ``twin.time`` with the full nonlinear model.

    ``host_of_workload`` (W,) int, −1 where a workload does not run; ``host_on`` (H,) bool.
    Returns, over time: the leaf meters and ``facility_w`` [W], ``rack_power_w`` and ``inlet_c``
    by rack, output load of every PDU, UPS and feed, ``zone_heat_w`` at the coils, ``cost``,
    ``energy_cost``, ``water_cost``, ``carbon_g``, ``water_l`` of each period, the economiser's
    ``free_share``, flags ``is_extrapolated`` and ``is_overloaded``; by host: energy, mean and peak
    utilisation. ``hosts=True`` adds ``host_utilisation`` and ``host_power_w`` (host, step).

    Raises ``InputError`` for a placement on hosts that are off, or missing weather.
    """
    racks = it_power(twin, host_of_workload, host_on, hosts=hosts)
    model = facility(twin)
    step = twin["step_of_time"].values
    result: dict[str, Any] = _host_outputs(racks, np.asarray(host_on, dtype=bool))
    result["rack_power_w"] = (
        ("rack", "time"),
        racks.rack_power_w[:, step],
        _note("W", "power of the rack"),
    )
    if twin.sizes["zone"]:
        inlet = inlet_temperature_c(
            model.rise_k_per_w, racks.rack_power_w, model.rack_zone, model.air.supply_c
        )
        result["inlet_c"] = (("rack", "time"), inlet[:, step], _note("degC", "rack inlet air"))
    num_overloaded = racks.num_overloaded[step]
    result["num_hosts_overloaded"] = ("time", num_overloaded, _note("1", "hosts above capacity"))
    result |= _facility_outputs(model, result["rack_power_w"][1])
    result |= _bills(twin, result["facility_w"][1], result["water_l_per_h"][1])
    coords = {name: twin[name] for name in _COORDS if name in twin.coords}
    return xr.Dataset(result, coords=coords, attrs=_attributes(twin, model))


_COORDS = ("time", "host", "rack", "pdu", "ups", "feed", "zone")


def _note(units: str, long_name: str) -> dict[str, str]:
    return {"units": units, "long_name": long_name}


def _attributes(twin: xr.Dataset, model: Facility) -> dict[str, Any]:
    kept = ("site", "study", "currency", "time_zone")
    found = {name: twin.attrs[name] for name in kept if name in twin.attrs}
    return found | {"format": "dcopt.simulation/1", "has_plant": int(model.plant is not None)}


def _host_outputs(racks: ItPower, host_on: np.ndarray) -> dict[str, Any]:
    found: dict[str, Any] = {
        "host_on": ("host", host_on, _note("1", "whether the host is on")),
        "host_energy_kwh": ("host", racks.host_energy_kwh, _note("kWh", "energy of the host")),
        "host_mean_utilisation": (
            "host",
            racks.host_mean_utilisation,
            _note("1", "mean use of the power resource over capacity"),
        ),
        "host_peak_utilisation": (
            "host",
            racks.host_peak_utilisation,
            _note("1", "largest use of the power resource over capacity"),
        ),
    }
    if racks.host_utilisation is not None:
        note = _note("1", "use of the power resource over capacity")
        found["host_utilisation"] = (("host", "step"), racks.host_utilisation, note)
        found["host_power_w"] = (("host", "step"), racks.host_power_w, _note("W", "host power"))
    return found


def _facility_outputs(model: Facility, rack_power_w: np.ndarray) -> dict[str, Any]:
    parts = [
        _facility_chunk(model, rack_power_w, slice(start, start + _PERIODS))
        for start in range(0, rack_power_w.shape[1], _PERIODS)
    ]
    return {
        name: (dims, np.concatenate([part[name][1] for part in parts], axis=-1), note)
        for name, (dims, _, note) in parts[0].items()
    }


def _facility_chunk(model: Facility, rack_power_w: np.ndarray, times: slice) -> dict[str, Any]:
    power = facility_power(
        model, rack_power_w[:, times], model.dry_bulb_c[times], model.wet_bulb_c[times]
    )
    found: dict[str, Any] = {
        name: ("time", power.meters[name], _note("W", _LONG_NAMES[name])) for name in METERS
    }
    for element in ("pdu", "ups", "feed"):
        output = getattr(power.loads, f"{element}_output_w")
        note = _note("W", f"load of the {element}")
        found[f"{element}_output_w"] = ((element, "time"), output, note)
    note = _note("W", "heat at the coils of the zone")
    found["zone_heat_w"] = (("zone", "time"), power.coil_heat_w, note)
    return found | _facility_totals(power)


def _facility_totals(power: FacilityPower) -> dict[str, Any]:
    free = np.zeros_like(power.uncooled_w) if power.plant is None else power.plant.free_share
    return {
        "facility_w": ("time", power.total_w, _note("W", "facility power")),
        "heat_out_w": ("time", power.heat_out_w, _note("W", "heat that leaves the facility")),
        "uncooled_w": ("time", power.uncooled_w, _note("W", "heat outside any cooling zone")),
        "water_l_per_h": ("time", power.water_l_per_h, _note("L/h", "make-up water")),
        "free_share": ("time", free, _note("1", "share of heat removed by the economiser")),
        "is_extrapolated": (
            "time",
            power.is_extrapolated,
            _note("1", "a curve was held at the edge of its range"),
        ),
        "is_overloaded": (
            "time",
            power.is_overloaded,
            _note("1", "more heat or air than the installed cooling has"),
        ),
    }


def _bills(twin: xr.Dataset, facility_w: np.ndarray, water_l_per_h: np.ndarray) -> dict[str, Any]:
    """Return what each period costs and emits, with the price and carbon of that period."""
    hours = twin["period_h"].values
    energy_kwh = facility_w * hours / 1e3
    water_l = water_l_per_h * hours
    currency = str(twin.attrs.get("currency", ""))
    energy_cost = energy_kwh * twin["price_per_kwh"].values
    water_cost = water_l / 1e3 * float(twin.attrs.get("water_price_per_m3", 0.0))
    carbon_g = energy_kwh * twin["carbon_g_per_kwh"].values
    return {
        "energy_kwh": ("time", energy_kwh, _note("kWh", "energy of the facility")),
        "energy_cost": ("time", energy_cost, _note(currency, "cost of energy")),
        "water_cost": ("time", water_cost, _note(currency, "cost of water")),
        "cost": ("time", energy_cost + water_cost, _note(currency, "cost of energy and water")),
        "carbon_g": ("time", carbon_g, _note("g", "CO2e of the energy")),
        "water_l": ("time", water_l, _note("L", "make-up water")),
    }
