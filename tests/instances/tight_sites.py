"""Sites built around a plan so that every limit is met exactly: any wrong step is one too far."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import xarray as xr
from instances.tiny import GPU_RESOURCES, tiny

from optimiser.analysis.electrical import stage_loads_uw
from optimiser.analysis.loads import measure_loads
from optimiser.analysis.verdict import Placement
from optimiser.twin.rules import Rule

NUM_HOSTS = 8
SPARE, EMPTY = 6, 7  # on without work, and drained
WORKING = 6
HOSTS_PER_RACK = 2
DEVICES = 2
LOSSES = [
    {"kind": "ups", "name": "ups", "rating_kw": 50, "no_load_fraction": 0.01,
     "proportional_fraction": 0.03, "square_fraction": 0.01},
    {"kind": "pdu", "name": "pdu", "rating_kw": 50, "no_load_fraction": 0.001,
     "proportional_fraction": 0.01, "square_fraction": 0.01},
]  # fmt: skip


@dataclass(frozen=True)
class Tight:
    """A legal plan at the edge of everything.

    Hosts 0–5 are exactly full, 6 is on as the reserve, 7 is empty and asleep; two hosts a rack.
    ``members`` gives the workloads of each service: ``together`` in one rack, ``apart`` on
    different hosts, ``wide`` in two racks, ``fenced`` in rack r1, ``pinned`` on one host, ``unit``
    of one unit of cpu each, ``big`` of ten or more, ``gpu`` a whole device each, ``moved`` away
    from today's host.
    """

    twin: xr.Dataset
    rules: list[Rule]
    plan: Placement
    members: Mapping[str, list[int]]


def tight_site(seed: int) -> Tight:
    """Return the site of a seed."""
    rng = np.random.default_rng(seed)
    rows, host = _workloads(rng)
    on = np.arange(NUM_HOSTS) != EMPTY
    hosts, services = _hosts(rows, host, rng), [row["service"] for row in rows]
    members = {name: [i for i, s in enumerate(services) if s == name] for name in set(services)}
    devices = _devices(rows, host)
    plan = Placement(host, on, devices)
    _, open_twin, _ = tiny(hosts, rows, [], **_options(50.0, [9.0] * 4))
    loads = measure_loads(open_twin, plan)
    racks_kw = np.floor(loads.rack_uw.max(axis=1) / 1e6) / 1e3
    feed_kw = max(
        np.floor(stage_loads_uw(open_twin, loads.rack_uw, "feed", lost)["feed"].max() / 1e6) / 1e3
        for lost in range(2)
    )
    policies = _policies(rows, host, hosts)
    _, twin, rules = tiny(hosts, rows, policies, **_options(feed_kw, racks_kw.tolist()))
    return Tight(twin, rules, plan, members)


def _workloads(rng: np.random.Generator) -> tuple[list[dict[str, Any]], np.ndarray]:
    """Return workload rows and the plan's host of each."""
    rows: list[dict[str, Any]] = []
    host: list[int] = []

    def put(service: str, where: int, cpu: int, gpu: int = 0) -> None:
        rows.append({"service": service, "cpu": cpu, "memory": 1, "gpu": gpu,
                     "profile": "day" if service == "big" else ""})  # fmt: skip
        host.append(where)

    rack = int(rng.integers(0, 3))
    for _ in range(3):
        put("together", HOSTS_PER_RACK * rack + int(rng.integers(0, 2)), int(rng.integers(3, 9)))
    for where in rng.choice(WORKING, 4, replace=False):
        put("apart", int(where), int(rng.integers(3, 9)))
    for where in (rng.permutation(3)[:2]) * HOSTS_PER_RACK:
        put("wide", int(where), int(rng.integers(3, 9)))
    put("fenced", int(rng.integers(0, HOSTS_PER_RACK)), 5)
    put("pinned", int(rng.integers(0, WORKING)), 5)
    for where in range(WORKING):
        put("unit", where, 1)
        put("big", where, 10 + int(rng.integers(0, 10)))
        put("gpu", where, 2, 100)
        put("gpu", where, 2, 100)
    for where in rng.choice(WORKING, 2, replace=False):
        put("moved", int(where), 4)
    for row, where in zip(rows, host, strict=True):
        row["host"] = f"h{where + 1}" if row["service"] != "moved" else f"h{EMPTY + 1}"
    return rows, np.array(host, dtype=np.int32)


def _hosts(
    rows: list[dict[str, Any]], host: np.ndarray, rng: np.random.Generator
) -> list[dict[str, Any]]:
    """Return hosts whose cpu is exactly what the plan puts there; memory never binds."""
    used = np.bincount(host, [row["cpu"] for row in rows], minlength=NUM_HOSTS).astype(int)
    used[[SPARE, EMPTY]] = int(rng.integers(40, 60))
    return [
        {"rack": f"r{i // HOSTS_PER_RACK + 1}", "cpu": int(cpu), "memory": 1000,
         "gpu": 100 * DEVICES}
        for i, cpu in enumerate(used)
    ]  # fmt: skip


def _devices(rows: list[dict[str, Any]], host: np.ndarray) -> list[tuple[int, ...]]:
    """Give the GPU workloads of each host one device each, in turn."""
    taken = np.zeros(NUM_HOSTS, dtype=int)
    found: list[tuple[int, ...]] = []
    for row, where in zip(rows, host, strict=True):
        found.append((int(taken[where]),) if row["gpu"] else ())
        taken[where] += row["gpu"] > 0
    return found


def _options(feed_kw: float, racks_kw: list[float]) -> dict[str, Any]:
    power = {
        "feeds": [{"name": s, "rating_kw": feed_kw} for s in "AB"],
        "ups": [{"name": f"U{s}", "card": "ups", "feed": s} for s in "AB"],
        "pdus": [{"name": f"P{s}", "card": "pdu", "ups": f"U{s}"} for s in "AB"],
    }
    racks = [
        {"name": f"r{i + 1}", "pdu_a": "PA", "pdu_b": "PB", "power_limit_kw": limit}
        for i, limit in enumerate(racks_kw)
    ]
    return {
        "power": power, "racks": racks, "cards": LOSSES, "resources": GPU_RESOURCES,
        "demand": {"day": [1.0, 0.5]},
    }  # fmt: skip


def _policies(
    rows: list[dict[str, Any]], host: np.ndarray, hosts: list[dict[str, Any]]
) -> list[dict[str, Any]]:
    def of(service: str) -> dict[str, list[str]]:
        return {"services": [service]}

    pinned = next(i for i, row in enumerate(rows) if row["service"] == "pinned")
    return [
        {"kind": "domain_capacity", "domain": "rack"},
        {"kind": "redundant_feed"},
        {"kind": "affinity", "workloads": of("together")},
        {"kind": "anti_affinity", "workloads": of("apart")},
        {"kind": "spread", "workloads": of("wide"), "min_domains": 2},
        {"kind": "fence", "workloads": of("fenced"), "hosts": {"racks": ["r1"]}},
        {"kind": "pin", "workloads": of("pinned"), "host": f"h{host[pinned] + 1}"},
        {"kind": "drain", "hosts": {"names": [f"h{EMPTY + 1}"]}},
        {"kind": "max_moves", "limit": 2},
        {"kind": "max_hosts_on", "limit": NUM_HOSTS - 1},
        {"kind": "headroom", "amount": hosts[SPARE]["cpu"]},
    ]
