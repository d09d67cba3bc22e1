"""The twin's own runs as a source: a simulation becomes series of class MODELLED.

The parts of the facility that the twin does not know stay out: without a cooling plant there is no
``e_grid`` and no water, because a total that lacks a part is not a total.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pandas as pd
import xarray as xr

from optimiser.library.meters.grid import Grid, grid_of
from optimiser.library.meters.series import (
    MODELLED,
    QUALITY_COLUMNS,
    SeriesData,
    class_counts,
    facts_frame,
    no_bridges,
)  # fmt: skip
from optimiser.schema.period import Period
from optimiser.schema.roles import ROLES

MODEL_ACCURACY_PERCENT = 5.0
"""Accuracy at 95 % that is assumed of every modelled series: an engineering default. Set points and
series that the site gives are taken as they are."""
METHOD = "twin@1"
_GIVEN = ("t_in_setpoint", "t_outdoor", "grid_carbon")
_LOSSES = {"pdu_loss_w": "PDUs", "ups_loss_w": "UPS units", "transformer_loss_w": "transformers"}
_COOLING = {
    "crah_fan_w": "air handler fans",
    "chiller_w": "chillers",
    "chilled_water_pump_w": "chilled-water pumps",
    "condenser_pump_w": "condenser pumps",
    "rejection_fan_w": "tower and dry cooler fans",
}
_WATER = {"potable": ("win_pot", "win_fre"), "fresh": ("win_fre",), "reclaimed": ()}


@dataclass(frozen=True)
class _Modelled:
    """One series: amount or level by period of the simulation."""

    role: str
    name: str
    value: np.ndarray
    zone: str = ""
    point: str = ""


def modelled_series(
    twin: xr.Dataset,
    simulation: xr.Dataset,
    period: Period,
    *,
    water_source: str | None = None,
    carbon_basis: str = "",
    files: dict[str, str] | None = None,
) -> SeriesData:
    """Return the series of a simulation over a period, class MODELLED.

    ``simulation`` is that of ``twin`` over exactly the steps of the period (see ``grid_of``), with
    ``hosts=True`` when CPU utilisation is wanted; ``water_source`` says what the make-up water is
    (potable, fresh, reclaimed), ``carbon_basis`` where the carbon series comes from. Raises
    ``ValueError`` when the steps are others.
    """
    grid = grid_of(period)
    _check_steps(twin, grid)
    found = [*_all(twin, simulation, water_source), *_surroundings(twin, carbon_basis)]
    series = sorted(found, key=lambda one: one.name)
    value = np.stack([one.value for one in series]).astype(np.float64)
    code = np.full(value.shape, MODELLED, dtype=np.uint8)
    rows = [_facts(one, str(twin.attrs.get("site", "site"))) for one in series]
    return SeriesData(
        grid=grid,
        facts=facts_frame(rows),
        value=value,
        coverage=np.ones(value.shape, dtype=np.float32),
        code=code,
        bridges=no_bridges(),
        checks=_checks(series, grid, code),
        files=dict(files or {}),
        defaults_used=(f"twin: accuracy {MODEL_ACCURACY_PERCENT:g} % of every modelled series",),
    )


def _check_steps(twin: xr.Dataset, grid: Grid) -> None:
    start = int(twin["time"].values[0].astype("datetime64[s]").astype(np.int64))
    hours = twin["period_h"].values
    if start != grid.start_s or len(hours) != grid.num or not np.allclose(hours, grid.step_h):
        raise ValueError("the simulation does not have the steps of the period")


def _all(twin: xr.Dataset, simulation: xr.Dataset, source: str | None) -> Iterator[_Modelled]:
    yield from _electricity(twin, simulation)
    yield from _zones(twin, simulation)
    if simulation.attrs["has_plant"]:
        water = simulation["water_l"].values / 1e3
        yield _Modelled("win", "twin/make-up water", water, point="make-up of the towers")
        for role in _WATER.get(source or "", ()):
            yield _Modelled(role, f"twin/make-up water as {role}", water, point=f"{source} water")
    if "host_utilisation" in simulation:
        yield _Modelled("it_cpu", "twin/servers that are on", _utilisation(twin, simulation))


def _kwh(twin: xr.Dataset, watt: np.ndarray) -> np.ndarray:
    return np.asarray(watt * twin["period_h"].values / 1e3)


def _electricity(twin: xr.Dataset, simulation: xr.Dataset) -> Iterator[_Modelled]:
    if simulation.attrs["has_plant"]:
        facility = _kwh(twin, simulation["facility_w"].values)
        yield _Modelled("e_grid", "twin/facility", facility, point="grid connection")
    racks = _kwh(twin, simulation["rack_power_w"].values)
    zones = _zone_names(twin)
    zone_of = twin["rack_zone"].values if zones else np.full(len(racks), -1)
    for number, zone in [*enumerate(zones), (-1, "")]:
        inside = zone_of == number
        if not inside.any():
            continue
        energy, word = racks[inside].sum(axis=0), zone or "racks"
        yield _Modelled("e_it_device", f"twin/IT/{word}", energy, zone, "rack inlets")
        yield _Modelled("e_it_pdu", f"twin/PDU outputs/{word}", energy, zone, "PDU outputs")
    it = simulation["it_w"].values
    if twin.sizes["ups"]:
        ups = _kwh(twin, it + simulation["pdu_loss_w"].values)
        yield _Modelled("e_it_ups", "twin/UPS outputs", ups, point="UPS outputs")
    for meters, role in ((_LOSSES, "e_losses"), (_COOLING, "e_cooling")):
        for meter, words in meters.items():
            energy = _kwh(twin, simulation[meter].values)
            yield _Modelled(role, f"twin/{words}", energy, point=words)


def _zone_names(twin: xr.Dataset) -> list[str]:
    return twin["zone"].values.astype(str).tolist() if twin.sizes["zone"] else []


def _zones(twin: xr.Dataset, simulation: xr.Dataset) -> Iterator[_Modelled]:
    for number, zone in enumerate(_zone_names(twin)):
        heat = _kwh(twin, simulation["zone_heat_w"].values[number])
        yield _Modelled("q_removed", f"twin/coils/{zone}", heat, zone, "cooling coils")
        supply = np.full(heat.shape, float(twin["zone_supply_c"].values[number]))
        yield _Modelled("t_in_setpoint", f"twin/supply air/{zone}", supply, zone, "supply air")


def _surroundings(twin: xr.Dataset, carbon_basis: str) -> Iterator[_Modelled]:
    outdoor = twin["dry_bulb_c"].values.astype(float)
    if not np.isnan(outdoor).any():
        yield _Modelled("t_outdoor", "twin/weather", outdoor, point="weather series of the site")
    carbon = twin["carbon_g_per_kwh"].values.astype(float) / 1e3
    if not np.isnan(carbon).any() and carbon.any():
        yield _Modelled("grid_carbon", "twin/carbon series", carbon, point=carbon_basis)


def _utilisation(twin: xr.Dataset, simulation: xr.Dataset) -> np.ndarray:
    """Return the mean utilisation of the hosts that are on, by period."""
    on = simulation["host_on"].values.astype(bool)
    by_step = simulation["host_utilisation"].values[on].mean(axis=0) if on.any() else None
    step = twin["step_of_time"].values
    return np.zeros(len(step)) if by_step is None else np.asarray(by_step[step])


def _facts(one: _Modelled, site: str) -> dict[str, object]:
    accuracy = 0.0 if one.role in _GIVEN else MODEL_ACCURACY_PERCENT
    return {
        "series": one.name, "role": one.role, "unit": ROLES[one.role].unit, "kind": "model",
        "method": METHOD, "accuracy_percent": accuracy, "calibrated": "",
        "group": "twin", "zone": one.zone, "point": one.point, "serial": "",
        "file": f"simulation of {site}", "line": None, "quality": "modelled",
    }  # fmt: skip


def _checks(series: list[_Modelled], grid: Grid, code: np.ndarray) -> pd.DataFrame:
    """Return data-quality facts: a model has no gaps, and says so."""
    none = np.zeros(len(series), dtype=np.int64)
    starts = grid.starts()
    table = {
        **dict.fromkeys(QUALITY_COLUMNS, none),
        "series": [one.name for one in series],
        "expected": np.full(len(series), grid.num),
        "seen": np.full(len(series), grid.num),
        "longest_gap_h": np.zeros(len(series)),
        "completeness": np.ones(len(series)),
        "first": starts[0],
        "last": starts[-1],
        **class_counts(code),
    }
    return pd.DataFrame(table)[list(QUALITY_COLUMNS)]
