"""Exact check of routes: how long the ways are that traffic between services has to take."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import xarray as xr

from optimiser.analysis.nearness import members_by_domain
from optimiser.analysis.placement_rules import group_sizes
from optimiser.analysis.rows import Rows, floor_limit
from optimiser.schema.policy import RoutingLatency
from optimiser.twin.rules import Rule
from optimiser.twin.transport import cheapest_transport

PARTS = 1000


def measure_routing_latency(twin: xr.Dataset, rule: Rule, host: np.ndarray) -> list[Rows]:
    """No route takes too long, on average or for more of its traffic than may, in whole numbers."""
    policy = rule.policy
    assert isinstance(policy, RoutingLatency)
    present, sizes = members_by_domain(rule, host), group_sizes(rule).tolist()
    found = []
    for sender, receiver in rule.needs.tolist():
        name = f"{rule.group_names[sender]} to {rule.group_names[receiver]}"
        whole = sizes[sender] * sizes[receiver]
        amount = np.zeros(rule.ways_ms.shape, dtype=np.int64)
        if whole:
            sides = [(present[g], sizes[g]) for g in (sender, receiver)]
            amount = _amounts(_costs(rule, policy), *sides)
        found.append(_rows(rule, policy, name, amount, whole))
    return found


def _costs(rule: Rule, policy: RoutingLatency) -> np.ndarray:
    """Return the ways in whole microseconds; of a percentile, all of it for those too long."""
    ways = np.rint(rule.ways_ms * PARTS).astype(np.int64)
    if policy.percentile is None:
        return ways
    return np.where(ways > floor_limit(policy.limit_ms, PARTS), 100 * PARTS, 0)


def _amounts(
    cost: np.ndarray, sender: tuple[np.ndarray, int], receiver: tuple[np.ndarray, int]
) -> np.ndarray:
    """Return how much goes from place to place at the least cost (place, place), in whole numbers.

    A side is (replicas by place, all replicas). One more place at no cost stands for replicas
    that have no host.
    """
    (here, senders), (there, receivers) = sender, receiver
    supply = np.append(here, senders - here.sum()) * receivers
    demand = np.append(there, receivers - there.sum()) * senders
    return cheapest_transport(supply, demand, np.pad(cost, (0, 1)))[:-1, :-1]


def _rows(rule: Rule, policy: RoutingLatency, name: str, amount: np.ndarray, whole: int) -> Rows:
    value = int((amount * _costs(rule, policy)).sum())
    if policy.percentile is None:
        most = int(floor_limit(policy.limit_ms, PARTS))
        noun, unit = "the average round trip is", "ms"
    else:
        most = int((100 - Fraction(str(policy.percentile))) * PARTS)
        noun, unit = f"the traffic beyond {policy.limit_ms:g} ms is", "%"
    return Rows(
        value=np.array([[value]], dtype=np.int64),
        limit=np.array([[most * whole]], dtype=np.int64),
        label=lambda row: name,
        noun=_worst_way(rule, amount, whole) + noun,
        unit=unit,
        scale=float(PARTS * max(1, whole)),
    )


def _worst_way(rule: Rule, amount: np.ndarray, whole: int) -> str:
    """Say which way that carries anything is the longest, and how much of the traffic it takes."""
    if not amount.any():
        return ""
    ways = np.where(amount > 0, rule.ways_ms, -1.0)
    here, there = divmod(int(ways.argmax()), ways.shape[1])
    share = 100.0 * float(amount[here, there]) / whole
    ends = f"inside {rule.domain_names[here]}"
    if here != there:
        ends = f"from {rule.domain_names[here]} to {rule.domain_names[there]}"
    return f"with {share:.3g} % {ends} in {ways[here, there]:g} ms, "
