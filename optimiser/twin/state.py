"""The twin in memory: one labelled Dataset built from a site's documents and tables.

Dimensions and variables are listed in ``docs/twin.md``; every variable carries ``units`` and
``long_name``. Relations (host in rack, rack on PDU) are integer index arrays, −1 for none.
"""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import xarray as xr

from optimiser.library.site import SiteInput
from optimiser.schema.study import Study
from optimiser.twin.demand import Clock, build_flavours, build_profiles, make_clock
from optimiser.twin.moving import move_cost_variables
from optimiser.twin.series import align_series, rows_in_force
from optimiser.twin.topology import (
    cooling_variables,
    host_variables,
    index_of,
    plant_document,
    power_variables,
    rack_variables,
)
from optimiser.twin.variables import Variables

FORMAT = "dcopt.twin/1"


def build(site_input: SiteInput, study: Study) -> xr.Dataset:
    """Return the twin of a site over the horizon of a study.

    Sites without a power chain have ``pdu``, ``ups`` and ``feed`` of size 0, those without
    cooling ``zone`` of size 0.
    """
    site = site_input.site
    clock = make_clock(study.horizon, site.location.time_zone, site_input.demand)
    variables = Variables()
    variables.add("resource", ["resource"], [r.name for r in site.resources])
    host_variables(variables, site_input)
    move_cost_variables(variables, site_input)
    rack_variables(variables, site_input)
    power_variables(variables, site_input)
    cooling_variables(variables, site_input)
    defaults = _time_variables(variables, site_input, clock)
    _workload_variables(variables, site_input, study, clock)
    return variables.dataset(_attributes(site_input, study, defaults))


def _attributes(site_input: SiteInput, study: Study, defaults: list[str]) -> dict[str, Any]:
    site = site_input.site
    device = [i for i, r in enumerate(site.resources) if r.device_size is not None]
    power = [i for i, r in enumerate(site.resources) if r.drives_power]
    return {
        "format": FORMAT,
        "site": site.name,
        "study": study.name,
        "currency": site.currency,
        "time_zone": site.location.time_zone,
        "altitude_m": site.location.altitude_m,
        "power_resource": power[0] if power else 0,
        "device_resource": device[0] if device else -1,
        "device_size": site.resources[device[0]].device_size if device else 0,
        "water_price_per_m3": site.environment.water_price_per_m3,
        "grid_water_l_per_kwh": site.environment.grid_water_l_per_kwh,
        "resource_units": json.dumps([r.unit for r in site.resources]),
        "plant": plant_document(site_input),
        "defaults": json.dumps(defaults),
    }


def _time_variables(variables: Variables, site_input: SiteInput, clock: Clock) -> list[str]:
    variables.add("time", ["time"], clock.utc, "UTC", "start of each period")
    variables.add("period_h", ["time"], clock.hours, "h", "length of each period")
    environment, defaults = site_input.site.environment, []
    for name, long_name, unit in (
        ("price_per_kwh", "energy price", f"{site_input.site.currency}/kWh"),
        ("carbon_g_per_kwh", "grid carbon intensity", "g/kWh"),
    ):
        source = getattr(environment, name)
        if isinstance(source, str):
            values, other = align_series(site_input.series[name], name, clock, source)
            defaults += [f"{source} read as a typical year"] if other else []
        else:
            values = np.full(len(clock.utc), float(source))
        variables.add(name, ["time"], values, unit, long_name)
    weather, rows = site_input.series.get("weather"), np.empty(0, dtype=np.int64)
    if weather is not None:
        rows, other = rows_in_force(weather["time"], clock, str(environment.weather))
        defaults += [f"{environment.weather} read as a typical year"] if other else []
    for name, long_name in (
        ("dry_bulb_c", "outdoor dry-bulb temperature"),
        ("wet_bulb_c", "outdoor wet-bulb temperature"),
    ):
        values = np.full(len(clock.utc), np.nan)
        if weather is not None:
            values = weather[name].to_numpy(dtype=float)[rows]
        variables.add(name, ["time"], values, "degC", long_name)
    return defaults


def _workload_variables(
    variables: Variables, site_input: SiteInput, study: Study, clock: Clock
) -> None:
    resources = tuple(site_input.site.resources)
    rows, units = site_input.workloads, site_input.workload_units
    profiles = build_profiles(site_input.demand, clock, resources, study.horizon.step_minutes)
    request = rows[[r.name for r in resources]].to_numpy(dtype=np.int64)
    services, row_service, service_class = _services(site_input)
    profile = index_of(rows["profile"].fillna("constant").replace("", "constant"), profiles.names)
    flavours = build_flavours(
        request,
        np.maximum(profile, 0),
        service_class[row_service],
        tuple(site_input.site.sla_classes),
        profiles,
        resources,
    )
    row_of = units["row"].to_numpy()
    add = variables.add
    add("step_of_time", ["time"], profiles.step_of_time, "1", "distinct demand step of the period")
    add("service", ["service"], services, "", "service")
    add("service_sla_class", ["service"], service_class, "1", "SLA class of the service")
    add("sla_class", ["sla_class"], [c.name for c in site_input.site.sla_classes], "", "SLA class")
    add("flavour_usage", ["flavour", "resource", "step"], flavours.usage, "resource unit",
        "exact integer use of each distinct demand")  # fmt: skip
    add("flavour_request", ["flavour", "resource"], flavours.request, "resource unit", "request")
    add("workload", ["workload"], units["name"].astype(str).tolist(), "", "workload")
    add("workload_service", ["workload"], row_service[row_of].astype(np.int32), "1", "service")
    add("workload_flavour", ["workload"], flavours.of_row[row_of], "1", "distinct demand")
    today = _today(site_input, variables)
    # a host under maintenance that still holds workloads is running
    variables.arrays("host_on")[today[today >= 0]] = True
    add("workload_host", ["workload"], today, "1", "host today, -1 none")
    add("workload_move_cost", ["workload"], _move_cost(site_input, study)[row_of],
        site_input.site.currency, "cost of one move")  # fmt: skip
    add("workload_memory_gib", ["workload"], _memory_gib(site_input)[row_of], "GiB",
        "data to copy when moving")  # fmt: skip


def _services(site_input: SiteInput) -> tuple[list[str], np.ndarray, np.ndarray]:
    """Return service names, the service of each workload row and the class of each service."""
    rows, table = site_input.workloads, site_input.services
    if table is not None:
        names = table["name"].astype(str).tolist()
        classes = [c.name for c in site_input.site.sla_classes]
        service_class = index_of(table["sla_class"].fillna(""), classes)
    else:
        names = list(dict.fromkeys(rows["service"].astype(str)))
        service_class = np.full(len(names), -1)
    return names, index_of(rows["service"], names), service_class.astype(np.int32)


def _today(site_input: SiteInput, variables: Variables) -> np.ndarray:
    units = site_input.workload_units["name"].astype(str)
    today = np.full(len(units), -1, dtype=np.int32)
    placement = site_input.placement
    if placement is not None and len(placement):
        row = index_of(placement["workload"], units.tolist())
        today[row] = index_of(placement["host"], variables.coordinate("host"))
    return today


def _memory_gib(site_input: SiteInput) -> np.ndarray:
    """Return the memory of each workload row [GiB]; 0 when the site has no memory in bytes."""
    bytes_per_unit = {"MiB": 2.0**20, "GiB": 2.0**30, "MB": 1e6, "GB": 1e9, "KiB": 2.0**10}
    for resource in site_input.site.resources:
        if resource.name == "memory" and resource.unit in bytes_per_unit:
            amount = site_input.workloads["memory"].to_numpy(dtype=float)
            return amount * bytes_per_unit[resource.unit] / 2.0**30
    return np.zeros(len(site_input.workloads))


def _move_cost(site_input: SiteInput, study: Study) -> np.ndarray:
    weights, rows = study.weights, site_input.workloads
    default = weights.move_cost + weights.move_cost_per_gib * _memory_gib(site_input)
    if "move_cost" not in rows.columns:
        return default
    own = rows["move_cost"].to_numpy(dtype=float)
    return np.where(np.isnan(own), default, own)
