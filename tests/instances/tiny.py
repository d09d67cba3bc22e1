"""Tiny sites from plain Python values, without files: the instances that tests reason about.

``tiny()`` alone is two hosts in two racks with two workloads; every argument replaces one part.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd
import xarray as xr

from optimiser.library.site import SiteInput
from optimiser.schema.policy import AnyPolicy
from optimiser.schema.site import Site
from optimiser.schema.study import Study
from optimiser.twin.rules import Rule, resolve
from optimiser.twin.state import build

Row = Mapping[str, Any]
START = "2026-01-15T00:00:00"
# 100 W idle, 10 W per 10 %: convex, so planning power equals true power
LINEAR_CURVE_W = [100.0 + 10.0 * step for step in range(11)]

SERVER: Row = {
    "kind": "server",
    "name": "plain",
    "curve_w": LINEAR_CURVE_W,
    "standby_w": 5.0,
    "capacity": {"cpu": 100, "memory": 1000, "gpu": 0},
}
RESOURCES: Sequence[Row] = (
    {"name": "cpu", "unit": "millicore", "drives_power": True},
    {"name": "memory", "unit": "MiB"},
)
GPU_RESOURCES: Sequence[Row] = (*RESOURCES, {"name": "gpu", "unit": "share", "device_size": 100})


def tiny(
    hosts: int | Sequence[Row] = 2,
    workloads: int | Sequence[Row] = 2,
    policies: Sequence[AnyPolicy | Row] = (),
    **options: Any,
) -> tuple[SiteInput, xr.Dataset, list[Rule]]:
    """Return the site input, its twin and the resolved rules.

    ``hosts``: a number, or rows with ``name``, ``rack``, ``card``, ``state``, ``labels`` and an
    amount per resource, all optional; host i stands in rack i by default. ``workloads``: a number,
    or rows with ``name``, ``service``, ``profile``, ``replicas``, ``labels``, ``move_cost``,
    ``cpu`` (10), ``memory`` (100), ``gpu`` (0) and ``host``, today's host (a list for replicas).

    Options: ``racks`` rows; ``cards`` rows (added to the card ``plain``); ``services`` rows;
    ``move_costs`` rows;
    ``resources`` rows; ``demand`` profile → fractions per hour (or resource → fractions);
    ``hours``; ``weights``; ``series`` (frames by name); every other one is a field of ``Site``
    (``power``, ``cooling``, ``environment``, ``sla_classes``, …).
    """
    study = tiny_study(options)
    site_input = tiny_input(hosts, workloads, policies, **options)
    twin = build(site_input, study)
    return site_input, twin, resolve(site_input, site_input.site.policies, twin)


def tiny_study(options: Mapping[str, Any]) -> Study:
    """Return the study that goes with the options of :func:`tiny`."""
    hours = options.get("hours") or _num_steps(options.get("demand"))
    horizon = {"start": START, "hours": hours, "step_minutes": 60}
    return Study.model_validate({"horizon": horizon, "weights": options.get("weights", {})})


def tiny_input(
    hosts: int | Sequence[Row] = 2,
    workloads: int | Sequence[Row] = 2,
    policies: Sequence[AnyPolicy | Row] = (),
    **options: Any,
) -> SiteInput:
    """Return the site input alone; the arguments are those of :func:`tiny`."""
    host_rows = _host_rows(hosts)
    workload_rows = _workload_rows(workloads, [row["name"] for row in host_rows])
    cards = [dict(card) for card in (SERVER, *options.get("cards", ()))]
    site = _site(policies, cards, options)
    names = [resource.name for resource in site.resources]
    units, placement = _expand(workload_rows)
    services = options.get("services")
    parts = {
        "site": site,
        "folder": Path(),
        "cards": {(card.kind, card.name): card for card in site.equipment},
        "hosts": _host_frame(host_rows, names),
        "racks": _rack_frame(options.get("racks"), host_rows),
        "services": None if services is None else _service_frame(services),
        "workloads": _workload_frame(workload_rows, names),
        "workload_units": units,
        "placement": placement,
        "demand": _demand_frame(options.get("demand")),
        "pdus": _pdu_frame(site),
        "series": dict(options.get("series", {})),
        "files": {},
        "defaults_used": (),
        "move_costs": _move_cost_frame(options.get("move_costs")),
    }
    known = {field.name for field in dataclasses.fields(SiteInput)}
    return SiteInput(**{name: part for name, part in parts.items() if name in known})


_OWN_OPTIONS = {
    "cards", "racks", "services", "demand", "hours", "weights", "series", "move_costs",
}  # fmt: skip


def _site(
    policies: Sequence[AnyPolicy | Row], cards: Sequence[Row], options: Mapping[str, Any]
) -> Site:
    fields = {key: value for key, value in options.items() if key not in _OWN_OPTIONS}
    plain = [p if isinstance(p, Mapping) else p.model_dump(mode="json") for p in policies]
    named = [{"name": f"rule-{index}", **policy} for index, policy in enumerate(plain)]
    fields = {"name": "tiny", "resources": [dict(r) for r in RESOURCES], **fields}
    return Site.model_validate({**fields, "equipment": list(cards), "policies": named})


def _host_rows(hosts: int | Sequence[Row]) -> list[dict[str, Any]]:
    rows = [{} for _ in range(hosts)] if isinstance(hosts, int) else hosts
    default = {"card": "plain", "state": "on", "labels": ""}
    return [
        {"name": f"h{i + 1}", "rack": f"r{i + 1}", **default, **row} for i, row in enumerate(rows)
    ]


def _host_frame(rows: Sequence[Row], resources: Sequence[str]) -> pd.DataFrame:
    frame = pd.DataFrame(list(rows))
    for name in resources:
        if name in frame.columns:
            frame[name] = pd.to_numeric(frame[name])
    return frame


def _workload_rows(workloads: int | Sequence[Row], hosts: Sequence[str]) -> list[dict[str, Any]]:
    if isinstance(workloads, int):
        workloads = [{"host": hosts[i % len(hosts)]} for i in range(workloads)]
    default = {"profile": "", "replicas": 1, "labels": "", "move_cost": float("nan")}
    amounts = {"cpu": 10, "memory": 100, "gpu": 0}
    return [
        {"name": f"w{i + 1}", "service": f"s{i + 1}", **default, **amounts, **row}
        for i, row in enumerate(workloads)
    ]


def _workload_frame(rows: Sequence[Row], resources: Sequence[str]) -> pd.DataFrame:
    columns = ["name", "service", "profile", "replicas", "labels", "move_cost", *resources]
    frame = pd.DataFrame([{**dict.fromkeys(resources, 0), **row} for row in rows])[columns]
    return frame.astype(dict.fromkeys(resources, "int64"))


def _expand(rows: Sequence[Row]) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return one row per replica, and today's placement."""
    units, placement = [], []
    for position, row in enumerate(rows):
        count = int(row["replicas"])
        hosts = row.get("host")
        today = [hosts] * count if hosts is None or isinstance(hosts, str) else list(hosts)
        for replica in range(count):
            name = row["name"] if count == 1 else f"{row['name']}-{replica + 1}"
            units.append(
                {"name": name, "row": position, "component": row["name"], "service": row["service"]}
            )
            if today[replica] is not None:
                placement.append({"workload": name, "host": today[replica], "devices": ""})
    columns = ["workload", "host", "devices"]
    return pd.DataFrame(units), pd.DataFrame(placement, columns=columns)


def _rack_frame(racks: Sequence[Row] | None, hosts: Sequence[Row]) -> pd.DataFrame:
    names = list(dict.fromkeys(row["rack"] for row in hosts))
    rows = racks if racks is not None else [{"name": name} for name in names]
    default = {"row": "", "zone": "", "pdu_a": "", "pdu_b": ""}
    limits = {"power_limit_kw": float("nan"), "units": 42.0, "airflow_m3_s": float("nan")}
    return pd.DataFrame([{**default, **limits, **row} for row in rows])


def _service_frame(services: Sequence[Row]) -> pd.DataFrame:
    default = {"sla_class": "", "tenant": "", "labels": "", "needs": ""}
    return pd.DataFrame([{**default, **row} for row in services])


def _move_cost_frame(rows: Sequence[Row] | None) -> pd.DataFrame | None:
    columns = ["source", "target", "cost"]
    return None if rows is None else pd.DataFrame(list(rows), columns=columns)


def _pdu_frame(site: Site) -> pd.DataFrame:
    pdus = site.power.pdus if site.power else []
    rows = [{"name": pdu.name, "card": pdu.card, "ups": pdu.ups} for pdu in pdus]
    return pd.DataFrame(rows, columns=["name", "card", "ups"])


def _num_steps(demand: Mapping[str, Any] | None) -> int:
    if not demand:
        return 1
    first = next(iter(demand.values()))
    return len(next(iter(first.values())) if isinstance(first, Mapping) else first)


def _demand_frame(demand: Mapping[str, Any] | None) -> pd.DataFrame | None:
    """Return hourly samples; a plain list of fractions is for the cpu."""
    if not demand:
        return None
    frames = []
    for profile, series in demand.items():
        columns = dict(series) if isinstance(series, Mapping) else {"cpu": series}
        times = pd.date_range(START, periods=len(next(iter(columns.values()))), freq="h")
        stamps = times.strftime("%Y-%m-%dT%H:%M:%S")
        frames.append(pd.DataFrame({"time": stamps, "profile": profile, **columns}))
    return pd.concat(frames, ignore_index=True)


__all__ = [
    "GPU_RESOURCES",
    "LINEAR_CURVE_W",
    "RESOURCES",
    "SERVER",
    "tiny",
    "tiny_input",
    "tiny_study",
]
