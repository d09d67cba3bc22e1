"""Racks and hosts of a generated site."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import pandas as pd

GIB = 1024
"""MiB in one GiB."""


@dataclass(frozen=True)
class RackGroup:
    """Equal racks that stand side by side in one zone."""

    card: str
    """Server card of every host in them."""
    zone: str
    racks: int
    hosts_per_rack: int
    cpu: int
    """Capacity of one host [millicore]."""
    memory: int
    """Capacity of one host [MiB]; fleets carry more than the measured configuration."""
    power_limit_kw: float
    """Power limit of one rack [kW]."""
    pdu: str
    """PDU card on both sides of the rack."""
    labels: str = ""
    """Labels of every host, ``key=value;key=value``."""


@dataclass(frozen=True)
class LabelRule:
    """Give a label to the first hosts of each rack that holds a card."""

    label: str
    card: str
    per_rack: int


@dataclass(frozen=True)
class FleetSpec:
    """The racks of a site and how they are named."""

    groups: Sequence[RackGroup]
    racks_per_row: int
    label_rules: Sequence[LabelRule] = field(default_factory=tuple)
    maintenance_every: int = 0
    """Every n-th host is in maintenance and stands empty; 0 means none."""


@dataclass(frozen=True)
class Fleet:
    """Tables of racks, hosts and PDUs, in rack order; rows of hosts follow their racks."""

    racks: pd.DataFrame
    hosts: pd.DataFrame
    pdus: pd.DataFrame

    @property
    def host_rack(self) -> np.ndarray:
        """Index of the rack of each host, shape (host,)."""
        return pd.Index(self.racks["name"]).get_indexer(self.hosts["rack"])


def make_fleet(spec: FleetSpec) -> Fleet:
    """Return the fleet; racks fill rows zone by zone, hosts fill racks from the bottom."""
    groups = [group for group in spec.groups for _ in range(group.racks)]
    rows = _row_of_rack(groups, spec.racks_per_row)
    racks = _rack_table(groups, rows)
    hosts = _host_table(groups, racks["name"].tolist(), spec)
    return Fleet(racks, hosts, _pdu_table(groups, racks["name"].tolist()))


def _row_of_rack(groups: Sequence[RackGroup], racks_per_row: int) -> list[tuple[int, int]]:
    """Return (row, place in the row) of each rack; a zone begins a new row."""
    places: list[tuple[int, int]] = []
    for index, group in enumerate(groups):
        if index == 0:
            places.append((0, 0))
            continue
        row, place = places[-1]
        is_full = place + 1 == racks_per_row or group.zone != groups[index - 1].zone
        places.append((row + 1, 0) if is_full else (row, place + 1))
    return places


def _row_name(row: int, num_rows: int) -> str:
    return chr(ord("A") + row) if num_rows <= 26 else f"R{row + 1:0{len(str(num_rows))}d}-"


def _rack_table(groups: Sequence[RackGroup], places: Sequence[tuple[int, int]]) -> pd.DataFrame:
    num_rows = places[-1][0] + 1
    rows = [_row_name(row, num_rows) for row, _ in places]
    names = [f"{row}{place + 1:02d}" for row, (_, place) in zip(rows, places, strict=True)]
    return pd.DataFrame(
        {
            "name": names,
            "row": [row.rstrip("-") for row in rows],
            "zone": [group.zone for group in groups],
            "pdu_a": [f"{name}-a" for name in names],
            "pdu_b": [f"{name}-b" for name in names],
            "power_limit_kw": [group.power_limit_kw for group in groups],
            "units": 42,
        }
    )


def _host_table(groups: Sequence[RackGroup], racks: Sequence[str], spec: FleetSpec) -> pd.DataFrame:
    width = len(str(max(group.hosts_per_rack for group in groups)))
    slots = [
        (rack, group, slot)
        for rack, group in zip(racks, groups, strict=True)
        for slot in range(group.hosts_per_rack)
    ]
    every = spec.maintenance_every or math.inf
    states = ["maintenance" if (n + 1) % every == 0 else "on" for n in range(len(slots))]
    return pd.DataFrame(
        {
            "name": [f"{rack.lower()}-{slot + 1:0{width}d}" for rack, _, slot in slots],
            "rack": [rack for rack, _, _ in slots],
            "card": [group.card for _, group, _ in slots],
            "state": states,
            "cpu": [group.cpu for _, group, _ in slots],
            "memory": [group.memory for _, group, _ in slots],
            "labels": [_labels(group, slot, spec.label_rules) for _, group, slot in slots],
        }
    )


def _labels(group: RackGroup, slot: int, rules: Sequence[LabelRule]) -> str:
    own = [group.labels] if group.labels else []
    given = [rule.label for rule in rules if rule.card == group.card and slot < rule.per_rack]
    return ";".join(own + given)


def _pdu_table(groups: Sequence[RackGroup], racks: Sequence[str]) -> pd.DataFrame:
    sides = [
        (f"{rack}-{side}", group.pdu, f"ups-{side}")
        for rack, group in zip(racks, groups, strict=True)
        for side in "ab"
    ]
    return pd.DataFrame(sides, columns=["name", "card", "ups"])
