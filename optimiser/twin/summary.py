"""The figures of one simulation that people compare: energy, PUE, WUE, carbon, cost, extremes."""

from __future__ import annotations

from typing import Any

import numpy as np
import xarray as xr

from optimiser.twin.facility import METERS

_CHAIN = ("it_w", "pdu_loss_w", "ups_loss_w", "transformer_loss_w")
_COOLING = (
    "it_w",
    "crah_fan_w",
    "chiller_w",
    "chilled_water_pump_w",
    "condenser_pump_w",
    "rejection_fan_w",
)


def summary(result: xr.Dataset, twin: xr.Dataset) -> dict[str, Any]:
    """Return the totals and extremes of a simulation as plain numbers.

    ``kwh`` by meter, ``it_kwh``, ``facility_kwh``, ``pue`` (``None`` without a cooling plant,
    because a part of the facility is then unknown), ``ppue_power`` and ``ppue_cooling`` where the
    chain or the zones are modelled, ``wue_l_per_kwh`` of the site, ``wue_source_l_per_kwh`` with
    the grid's water, ``kgco2e``, ``energy_cost``, ``water_cost``, ``cost``, ``hosts_on``,
    ``peak_kw``, ``max_inlet_c`` with its rack, and the hours of free cooling, extrapolation and
    overload that the reader must know.
    """
    hours = twin["period_h"].values
    kwh = {name.removesuffix("_w"): _kwh(result, name, hours) for name in METERS}
    has_plant = bool(result.attrs["has_plant"])
    it_kwh, water_l = kwh["it"], float(result["water_l"].sum())
    facility_kwh = _kwh(result, "facility_w", hours)
    grid_l = float(twin.attrs.get("grid_water_l_per_kwh", 0.0)) * facility_kwh
    return {
        "hours": float(hours.sum()),
        "kwh": kwh,
        "it_kwh": it_kwh,
        "facility_kwh": facility_kwh,
        "pue": _ratio(facility_kwh, it_kwh) if has_plant else None,
        "ppue_power": _ppue(result, _CHAIN, hours) if twin.sizes["feed"] else None,
        "ppue_cooling": _ppue(result, _COOLING, hours) if twin.sizes["zone"] else None,
        "wue_l_per_kwh": _ratio(water_l, it_kwh) if has_plant else None,
        "wue_source_l_per_kwh": _ratio(water_l + grid_l, it_kwh) if has_plant else None,
        "water_l": water_l,
        "kgco2e": float(result["carbon_g"].sum()) / 1e3,
        "energy_cost": float(result["energy_cost"].sum()),
        "water_cost": float(result["water_cost"].sum()),
        "cost": float(result["cost"].sum()),
        "hosts_on": int(result["host_on"].sum()),
        "hosts": int(result.sizes["host"]),
        "peak_kw": float(result["facility_w"].max()) / 1e3,
        "mean_kw": _ratio(facility_kwh, float(hours.sum())),
        **_hottest(result),
        "free_cooling_h": float((hours * result["free_share"].values).sum()),
        "extrapolated_h": float(hours[result["is_extrapolated"].values].sum()),
        "cooling_overload_h": float(hours[result["is_overloaded"].values].sum()),
        "host_overload_h": float((hours * result["num_hosts_overloaded"].values).sum()),
    }


def _kwh(result: xr.Dataset, name: str, hours: np.ndarray) -> float:
    return float((result[name].values * hours).sum()) / 1e3


def _ratio(numerator: float, denominator: float) -> float | None:
    return numerator / denominator if denominator > 0 else None


def _ppue(result: xr.Dataset, names: tuple[str, ...], hours: np.ndarray) -> float | None:
    """Return a partial PUE: one part of the facility plus IT over IT."""
    return _ratio(sum(_kwh(result, name, hours) for name in names), _kwh(result, "it_w", hours))


def _hottest(result: xr.Dataset) -> dict[str, Any]:
    if "inlet_c" not in result or np.isnan(result["inlet_c"].values).all():
        return {"max_inlet_c": None, "hottest_rack": None}
    inlet = result["inlet_c"].values
    rack = int(np.nanargmax(np.nanmax(np.where(np.isnan(inlet), -np.inf, inlet), axis=1)))
    name = str(result["rack"].values[rack]) if "rack" in result.coords else str(rack)
    return {"max_inlet_c": float(np.nanmax(inlet)), "hottest_rack": name}
