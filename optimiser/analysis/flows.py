"""Exact check of links: the traffic between services that leaves and enters each domain."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import xarray as xr

from optimiser.analysis.placement_rules import count_cells, group_sizes
from optimiser.analysis.rows import Rows, floor_limit
from optimiser.schema.policy import Flow
from optimiser.twin.rules import Rule

PARTS = 1000
NOTHING = Fraction(0)
DIRECTIONS = ("outwards", "inwards")


def measure_flow(twin: xr.Dataset, rule: Rule, host: np.ndarray) -> list[Rows]:
    """No link carries more than its capacity in either direction, in whole kbit/s."""
    policy = rule.policy
    assert isinstance(policy, Flow)
    width = max(1, len(rule.domain_names))
    cells, counts = count_cells(rule, host)
    placed = dict(zip(cells.tolist(), counts.tolist(), strict=True))
    sizes = group_sizes(rule).tolist()
    value = np.zeros((width, 2), dtype=np.int64)
    for domain in np.unique(cells % width).tolist():
        value[domain] = _crossing(rule, policy, placed, sizes, domain, width)
    return [
        Rows(
            value=value[:, [side]],
            limit=np.full((width, 1), floor_limit(policy.limit_mbit_s, PARTS)),
            label=lambda row, way=way: f"{policy.domain} {rule.domain_names[row]} {way}",  # type: ignore[misc]
            noun="traffic",
            unit="Mbit/s",
            scale=float(PARTS),
        )
        for side, way in enumerate(DIRECTIONS)
    ]


def _crossing(
    rule: Rule, policy: Flow, placed: dict[int, int], sizes: list[int], domain: int, width: int
) -> tuple[int, int]:
    """Return what leaves and enters a domain in whole kbit/s, from exact fractions."""
    out, into = NOTHING, NOTHING
    for traffic, (sender, receiver) in zip(policy.traffic, rule.needs.tolist(), strict=True):
        here = [
            Fraction(placed.get(group * width + domain, 0), max(1, sizes[group]))
            for group in (sender, receiver)
        ]
        surplus = Fraction(traffic.mbit_s) * (here[0] - here[1]) * PARTS
        out, into = out + max(surplus, NOTHING), into + max(-surplus, NOTHING)
    hair = Fraction(1, 1_000_000)
    return int(out + hair), int(into + hair)
