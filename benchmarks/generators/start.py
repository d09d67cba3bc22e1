"""A wasteful but legal placement of today: everything spread thin over the whole fleet."""

from __future__ import annotations

import itertools
import math
from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from benchmarks.generators.fleet import Fleet
from benchmarks.generators.load import Load

FILL_LIMIT = 0.85
"""Share of a host's capacity that today's placement uses at most, at any hour."""
HALL_RACKS = 500
"""Racks of a hall at most; a service stays in one hall, so time grows with hosts, not squared."""


@dataclass(frozen=True)
class PlacementRules:
    """The rules that today's placement keeps, by SLA class or by role of the service."""

    apart_classes: frozenset[str] = frozenset()
    """SLA classes whose services never have two workloads on one host."""
    rack_fraction: Mapping[str, float] = field(default_factory=dict)
    """SLA class -> largest share of a service in one rack (rounded up)."""
    needs_label: Mapping[str, str] = field(default_factory=dict)
    """Role -> host label ``key=value`` that its services need."""
    avoids_label: Mapping[str, str] = field(default_factory=dict)
    """SLA class -> host label that its services keep away from, unless they need it."""
    together_roles: frozenset[str] = frozenset()
    """Roles whose services stay within one rack each."""
    allowed_cards: Mapping[str, frozenset[str]] = field(default_factory=dict)
    """Role -> server cards it may use."""


@dataclass
class _Use:
    """What is used so far; the arrays change while the placement grows."""

    cpu: np.ndarray
    """(host, hour) [millicore]."""
    peak: np.ndarray
    """(host,) largest of ``cpu`` over the hours."""
    memory: np.ndarray
    """(host,) [MiB]."""


@dataclass
class _ServiceState:
    """What one service has used so far."""

    hosts: np.ndarray
    """(host,) bool."""
    per_rack: np.ndarray
    """(rack,) number of workloads."""


def place_start(
    fleet: Fleet, load: Load, rules: PlacementRules, rng: np.random.Generator
) -> pd.DataFrame:
    """Return ``workload, host`` for every replica, in the order of the workload table.

    Sites of more than ``HALL_RACKS`` racks are cut into halls of equal size, and the services take
    turns. Raises ``ValueError`` naming the component that finds no room.
    """
    halls = math.ceil(len(fleet.racks) / HALL_RACKS)
    edges = np.linspace(0, len(fleet.racks), halls + 1).round().astype(int)
    hall_of = pd.Series(np.arange(len(load.services)) % halls, index=load.services["name"])
    placed: dict[str, np.ndarray] = {}
    for hall, (first, last) in enumerate(itertools.pairwise(edges.tolist())):
        ours = hall_of[load.services["name"]].to_numpy() == hall
        theirs = hall_of[load.workloads["service"]].to_numpy() == hall
        part = Load(load.services[ours], load.workloads[theirs], load.demand)
        placed |= StartPlacer(_racks_between(fleet, first, last), part, rules, rng).place()
    frames = [
        pd.DataFrame({"workload": replica_names(name, count), "host": placed[name]})
        for name, count in zip(load.workloads["name"], load.workloads["replicas"], strict=True)
    ]
    return pd.concat(frames, ignore_index=True)


def _racks_between(fleet: Fleet, first: int, last: int) -> Fleet:
    inside = (fleet.host_rack >= first) & (fleet.host_rack < last)
    hosts = fleet.hosts[inside].reset_index(drop=True)
    return Fleet(fleet.racks.iloc[first:last].reset_index(drop=True), hosts, fleet.pdus)


class StartPlacer:
    """Places component by component on the least loaded hosts that the rules allow."""

    def __init__(
        self, fleet: Fleet, load: Load, rules: PlacementRules, rng: np.random.Generator
    ) -> None:
        self.fleet, self.load, self.rules, self.rng = fleet, load, rules, rng
        self.rack = fleet.host_rack
        self.cpu_limit = np.floor(FILL_LIMIT * fleet.hosts["cpu"].to_numpy())
        self.memory_limit = np.floor(FILL_LIMIT * fleet.hosts["memory"].to_numpy())
        self.usable = (fleet.hosts["state"] == "on").to_numpy()
        self.sla_class = load.services.set_index("name")["sla_class"]
        self.fraction = load.cpu_fraction
        self.labels = fleet.hosts["labels"].str.split(";").map(set)
        self.parts = dict(list(load.workloads.groupby("service", sort=False)))
        self.masks: dict[str, np.ndarray] = {}
        hours = self.fraction.shape[1]
        self.use = _Use(np.zeros((len(self.rack), hours)), *np.zeros((2, len(self.rack))))

    def place(self) -> dict[str, np.ndarray]:
        """Return the names of the hosts of each component (replica,).

        Raises ``ValueError`` naming the component that finds no room.
        """
        placed: dict[str, np.ndarray] = {}
        for service in self._order():
            placed |= self._place_service(service)
        names = self.fleet.hosts["name"].to_numpy()
        return {component: names[hosts] for component, hosts in placed.items()}

    def _order(self) -> list[str]:
        """Return the services, the most constrained first."""
        rank = []
        for service, sla_class in self.sla_class.items():
            role = role_of(str(service))
            narrow = role in self.rules.together_roles or role in self.rules.needs_label
            rank.append((not narrow, sla_class not in self.rules.apart_classes, str(service)))
        return [service for _, _, service in sorted(rank)]

    def _place_service(self, service: str) -> dict[str, np.ndarray]:
        parts = self.parts[service]
        state = _ServiceState(
            np.zeros(len(self.rack), dtype=bool), np.zeros(len(self.fleet.racks), dtype=int)
        )
        allowed = self._allowed(service, parts)
        quota = self._rack_quota(service, int(parts["replicas"].sum()))
        return {
            str(part.name): self._place_component(part, service, allowed, quota, state)
            for part in parts.itertuples(index=False)
        }

    def _allowed(self, service: str, parts: pd.DataFrame) -> np.ndarray:
        role, sla_class = role_of(service), self.sla_class[service]
        allowed = self.usable.copy()
        need = self.rules.needs_label.get(role)
        if need:
            allowed &= self._has_label(need)
        elif sla_class in self.rules.avoids_label:
            allowed &= ~self._has_label(self.rules.avoids_label[sla_class])
        cards = self.rules.allowed_cards.get(role)
        if cards:
            allowed &= self.fleet.hosts["card"].isin(cards).to_numpy()
        if role in self.rules.together_roles:
            allowed &= self.rack == self._emptiest_rack(allowed)
        return allowed

    def _emptiest_rack(self, allowed: np.ndarray) -> int:
        """Return the rack with the most free memory among the allowed hosts."""
        free = np.where(allowed, self.memory_limit - self.use.memory, 0.0)
        return int(np.bincount(self.rack, free).argmax())

    def _has_label(self, label: str) -> np.ndarray:
        if label not in self.masks:
            self.masks[label] = np.array([label in own for own in self.labels])
        return self.masks[label]

    def _rack_quota(self, service: str, replicas: int) -> float:
        fraction = self.rules.rack_fraction.get(self.sla_class[service])
        return math.inf if fraction is None else math.ceil(fraction * replicas)

    def _place_component(
        self, part: object, service: str, allowed: np.ndarray, quota: float, state: _ServiceState
    ) -> np.ndarray:
        need_cpu = np.ceil(part.cpu * self.fraction.loc[part.profile].to_numpy())
        is_apart = self.sla_class[service] in self.rules.apart_classes
        chosen: list[np.ndarray] = []
        missing = int(part.replicas)
        while missing:
            fits = allowed & self._fits(need_cpu, part.memory)
            if is_apart:
                fits &= ~state.hosts
            hosts = self._least_loaded(fits, quota - state.per_rack)[:missing]
            if not hosts.size:
                raise ValueError(f"no room for {missing} of {part.name}")
            self.use.cpu[hosts] += need_cpu
            self.use.peak[hosts] = self.use.cpu[hosts].max(axis=1)
            self.use.memory[hosts] += part.memory
            state.hosts[hosts] = True
            state.per_rack += np.bincount(self.rack[hosts], minlength=len(state.per_rack))
            chosen.append(hosts)
            missing -= hosts.size
        return np.concatenate(chosen)

    def _fits(self, need_cpu: np.ndarray, memory: float) -> np.ndarray:
        fits = self.use.peak + need_cpu.max() <= self.cpu_limit
        near = np.flatnonzero(~fits)  # peaks at different hours may still fit together
        fits[near] = (self.use.cpu[near] + need_cpu <= self.cpu_limit[near, None]).all(axis=1)
        return fits & (self.use.memory + memory <= self.memory_limit)

    def _least_loaded(self, fits: np.ndarray, rack_room: np.ndarray) -> np.ndarray:
        """Return fitting hosts, least loaded first, at most ``rack_room`` of each rack."""
        hosts = np.flatnonzero(fits)
        load = np.maximum(
            self.use.peak[hosts] / self.cpu_limit[hosts],
            self.use.memory[hosts] / self.memory_limit[hosts],
        )
        hosts = hosts[np.argsort(load + self.rng.uniform(0.0, 0.2, hosts.size), kind="stable")]
        rack = self.rack[hosts]
        by_rack = np.argsort(rack, kind="stable")
        first = np.searchsorted(rack[by_rack], rack[by_rack])
        place_in_rack = np.empty(hosts.size, dtype=int)
        place_in_rack[by_rack] = np.arange(hosts.size) - first
        return hosts[place_in_rack < rack_room[rack]]


def role_of(service: str) -> str:
    """Return the role of a service: ``shop-api-2`` has the role ``api``."""
    return service.split("-")[1]


def replica_names(component: str, replicas: int) -> list[str]:
    """Return ``name-1 … name-n``, or the bare name of a single workload."""
    if replicas == 1:
        return [component]
    return [f"{component}-{number + 1}" for number in range(replicas)]
