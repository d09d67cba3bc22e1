"""Audit a site folder's placement from its files alone: csv, yaml and arithmetic.

Written apart from the generator and from the package's own rules, so that neither can hide a fault
of the other. Each function returns the offenders as sentences; an empty list is a legal placement.
"""

from __future__ import annotations

import csv
import math
from collections import Counter, defaultdict
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from ruamel.yaml import YAML


@dataclass(frozen=True)
class Audit:
    """The files of a site, indexed by name."""

    site: dict[str, Any]
    hosts: dict[str, dict[str, str]]
    racks: dict[str, dict[str, str]]
    services: dict[str, dict[str, str]]
    rows: dict[str, dict[str, str]]
    """Workload (with replica number) -> its row of workloads.csv."""
    host_of: dict[str, str]
    fraction: dict[str, np.ndarray]
    """Profile -> fraction of the requested cpu by hour."""

    def policy(self, name: str) -> dict[str, Any]:
        return next(policy for policy in self.site["policies"] if policy["name"] == name)

    def service(self, workload: str) -> str:
        return self.rows[workload]["service"]

    def sla_class(self, workload: str) -> str:
        return self.services[self.service(workload)]["sla_class"]

    def of_class(self, *classes: str) -> dict[str, list[str]]:
        """Return the workloads of every service of the classes."""
        found: dict[str, list[str]] = defaultdict(list)
        for workload in self.host_of:
            if self.sla_class(workload) in classes:
                found[self.service(workload)].append(workload)
        return found

    def use(self, workload: str) -> np.ndarray:
        """Return the cpu used by hour; gold reserves its peak."""
        row = self.rows[workload]
        use = np.ceil(int(row["cpu"]) * self.fraction[row["profile"]] - 1e-9)
        return np.full_like(use, use.max()) if self._reserves_peak(workload) else use

    def _reserves_peak(self, workload: str) -> bool:
        classes = {c["name"]: c for c in self.site["sla_classes"]}
        return bool(classes[self.sla_class(workload)].get("peak"))


def read_audit(folder: Path) -> Audit:
    """Read the files of a site folder."""
    tables = {
        name: _rows(folder / f"{name}.csv")
        for name in ("hosts", "racks", "services", "workloads", "placement", "demand")
    }
    fraction: dict[str, list[float]] = defaultdict(list)
    for row in tables["demand"]:
        fraction[row["profile"]].append(float(row["cpu"]))
    rows = {name: row for row in tables["workloads"] for name in _replicas(row)}
    placed = [row["workload"] for row in tables["placement"]]
    assert sorted(placed) == sorted(rows), "each workload has one row in placement.csv"
    return Audit(
        site=YAML(typ="safe").load(folder / "site.yaml"),
        hosts={row["name"]: row for row in tables["hosts"]},
        racks={row["name"]: row for row in tables["racks"]},
        services={row["name"]: row for row in tables["services"]},
        rows=rows,
        host_of={row["workload"]: row["host"] for row in tables["placement"]},
        fraction={name: np.array(values) for name, values in fraction.items()},
    )


def _rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream))


def _replicas(row: dict[str, str]) -> list[str]:
    count = int(row["replicas"])
    return [row["name"]] if count == 1 else [f"{row['name']}-{n + 1}" for n in range(count)]


def host_load(audit: Audit) -> tuple[dict[str, np.ndarray], Counter[str]]:
    """Return cpu by hour and memory of each host."""
    hours = len(next(iter(audit.fraction.values())))
    cpu = {host: np.zeros(hours) for host in audit.hosts}
    memory: Counter[str] = Counter()
    for workload, host in audit.host_of.items():
        cpu[host] += audit.use(workload)
        memory[host] += int(audit.rows[workload]["memory"])
    return cpu, memory


def over_capacity(audit: Audit) -> list[str]:
    cpu, memory = host_load(audit)
    return [
        f"{name}: {cpu[name].max()} millicore, {memory[name]} MiB"
        for name, host in audit.hosts.items()
        if cpu[name].max() > int(host["cpu"]) or memory[name] > int(host["memory"])
    ]


def on_unusable_hosts(audit: Audit) -> list[str]:
    return [w for w, host in audit.host_of.items() if audit.hosts[host]["state"] != "on"]


def together_on_a_host(audit: Audit, *classes: str) -> list[str]:
    crowded = []
    for service, workloads in audit.of_class(*classes).items():
        hosts = Counter(audit.host_of[w] for w in workloads)
        crowded += [f"{service} on {host}: {n}" for host, n in hosts.items() if n > 1]
    return crowded


def too_many_in_a_rack(audit: Audit, sla_class: str, fraction: float) -> list[str]:
    crowded = []
    for service, workloads in audit.of_class(sla_class).items():
        racks = Counter(audit.hosts[audit.host_of[w]]["rack"] for w in workloads)
        most = math.ceil(fraction * len(workloads))
        crowded += [f"{service} in {rack}: {n}" for rack, n in racks.items() if n > most]
    return crowded


def outside_label(audit: Audit, services: list[str], label: str) -> list[str]:
    """Return workloads of the services on hosts without the label."""
    return [
        w
        for w, host in audit.host_of.items()
        if audit.service(w) in services and label not in audit.hosts[host]["labels"].split(";")
    ]


def inside_label(audit: Audit, sla_class: str, label: str) -> list[str]:
    """Return workloads of the class on hosts with the label."""
    return [
        w
        for w, host in audit.host_of.items()
        if audit.sla_class(w) == sla_class and label in audit.hosts[host]["labels"].split(";")
    ]


def scattered(audit: Audit, services: list[str]) -> list[str]:
    """Return the services whose workloads stand in several racks."""
    racks: dict[str, set[str]] = defaultdict(set)
    for workload, host in audit.host_of.items():
        racks[audit.service(workload)].add(audit.hosts[host]["rack"])
    return [service for service in services if len(racks[service]) != 1]


def wrong_card_label(audit: Audit, key: str, card_labels: dict[str, dict[str, str]]) -> list[str]:
    """Return workloads whose own label of that key differs from that of their host's card."""
    wanted = {
        w: value
        for w, row in audit.rows.items()
        for name, _, value in [row["labels"].partition("=")]
        if name == key
    }
    return [
        w
        for w, value in wanted.items()
        if card_labels[audit.hosts[audit.host_of[w]]["card"]].get(key) != value
    ]


def rack_power_kw(audit: Audit, curves: dict[str, np.ndarray]) -> dict[str, float]:
    """Return the highest hourly power of each rack from measured curves [kW]."""
    cpu, _ = host_load(audit)
    power: dict[str, np.ndarray] = {}
    for name, host in audit.hosts.items():
        load = np.minimum(cpu[name] / int(host["cpu"]), 1.0)
        watts = np.interp(load * 10, np.arange(11), curves[host["card"]])
        power[host["rack"]] = power.get(host["rack"], 0.0) + watts
    return {rack: float(watts.max()) / 1e3 for rack, watts in power.items()}


def missing_headroom(audit: Audit) -> list[str]:
    """Return the reserves that are not kept over the hosts that are on."""
    cpu, memory = host_load(audit)
    on = [name for name, host in audit.hosts.items() if host["state"] == "on"]
    used = {
        "cpu": float(sum(cpu[name] for name in on).max()),
        "memory": float(sum(memory[name] for name in on)),
    }
    short = []
    for policy in audit.site["policies"]:
        if policy["kind"] == "headroom":
            capacity = sum(int(audit.hosts[name][policy["resource"]]) for name in on)
            if used[policy["resource"]] > capacity * (1 - policy["fraction"]):
                short.append(policy["name"])
    return short
