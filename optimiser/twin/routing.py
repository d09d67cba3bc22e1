"""Ways that traffic between services takes at a placement, and how long they are."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from optimiser.schema.policy import RoutingLatency
from optimiser.twin.flows import group_sizes
from optimiser.twin.rules import Rule
from optimiser.twin.transport import cheapest_transport

PARTS = 1000
"""Times are compared in microseconds, shares in thousandths of a percent."""
PERCENT = 100.0


@dataclass(frozen=True)
class Routed:
    """The best routing of one route.

    ``amount`` (place, place) of ``whole`` that goes from place to place; ``cost`` their sum times
    the cost of the ways and ``limit`` what it may be, in ``1/(PARTS · whole)`` of ms or percent.
    ``whole`` is 0 for services without replicas, whose route has no length.
    """

    amount: np.ndarray
    whole: int
    cost: int
    limit: int

    @property
    def value(self) -> float:
        """The average [ms], or the share of traffic that is too far [%]."""
        return self.cost / (PARTS * self.whole) if self.whole else 0.0


def way_costs(policy: RoutingLatency, ways_ms: np.ndarray) -> np.ndarray:
    """Return what each way costs in parts, int64 of any shape: its length, or all of it too far."""
    length = np.rint(ways_ms * PARTS).astype(np.int64)
    if policy.percentile is None:
        return length
    return np.where(length > _parts(policy.limit_ms), _parts(PERCENT), 0)


def is_near(policy: RoutingLatency, ways_ms: np.ndarray) -> np.ndarray:
    """Return whether ways are within the limit, bool of any shape."""
    return np.asarray(np.rint(ways_ms * PARTS) <= _parts(policy.limit_ms))


def limit_of(policy: RoutingLatency) -> float:
    """Return the limit [ms or %] on what :func:`way_costs` measures."""
    value = policy.limit_ms if policy.percentile is None else PERCENT - policy.percentile
    return _parts(value) / PARTS


def _parts(value: float) -> int:
    """Return a time or a share in whole parts, rounded down but for a hair."""
    return int(value * PARTS + 1e-6)


def unit_of(policy: RoutingLatency) -> str:
    """Return the unit of what is limited."""
    return "ms" if policy.percentile is None else "%"


def replicas_by_place(rule: Rule, host: np.ndarray) -> np.ndarray:
    """Return placed replicas of each service (group, place) int64 at a placement (W,)."""
    table = np.zeros((len(rule.group_names), len(rule.domain_names)), dtype=np.int64)
    placed = (rule.group >= 0) & (host >= 0)
    np.add.at(table, (rule.group[placed], rule.domain[host[placed]]), 1)
    return table


def best_routing(
    senders: np.ndarray, receivers: np.ndarray, sizes: tuple[int, int], cost: np.ndarray
) -> np.ndarray:
    """Return the amounts between places (place, place) of the routing that costs least.

    ``senders`` and ``receivers`` (place,) are placed replicas, ``sizes`` all of the two services.
    The whole is the product of the sizes. Replicas without a host take what costs most: traffic
    from them or to them is not carried.
    """
    size_a, size_b = sizes
    used, met = np.flatnonzero(senders), np.flatnonzero(receivers)
    supply = np.append(senders[used], size_a - senders.sum()) * size_b
    demand = np.append(receivers[met], size_b - receivers.sum()) * size_a
    table = np.zeros((len(used) + 1, len(met) + 1), dtype=np.int64)
    table[:-1, :-1] = cost[np.ix_(used, met)]
    amount = np.zeros(cost.shape, dtype=np.int64)
    amount[np.ix_(used, met)] = cheapest_transport(supply, demand, table)[:-1, :-1]
    return amount


def route(rule: Rule, host: np.ndarray) -> list[Routed]:
    """Return the best routing of each route of a rule at a placement (W,)."""
    policy, sizes = rule.policy, group_sizes(rule).tolist()
    assert isinstance(policy, RoutingLatency)
    cost, placed = way_costs(policy, rule.ways_ms), replicas_by_place(rule, host)
    found = []
    for a, b in rule.needs.tolist():
        whole = sizes[a] * sizes[b]
        amount = np.zeros_like(cost)
        if whole:
            amount = best_routing(placed[a], placed[b], (sizes[a], sizes[b]), cost)
        limit = round(limit_of(policy) * PARTS) * whole
        found.append(Routed(amount, whole, int((amount * cost).sum()), limit))
    return found
