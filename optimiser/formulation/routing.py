"""Ways of traffic between services: the best routing between places as a transport problem."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from optimiser.formulation.context import Context
from optimiser.formulation.linear import Linear
from optimiser.formulation.members import rules_of
from optimiser.formulation.places import Places, places_of
from optimiser.formulation.rows import at_most, below, declare_rows
from optimiser.schema.policy import RoutingLatency
from optimiser.twin.routing import PARTS, best_routing, limit_of, route, unit_of, way_costs
from optimiser.twin.rules import Rule


@dataclass(frozen=True, eq=False)
class _Route:
    """One route of a rule: ``number`` its place in the policy, ``a`` asks ``b``."""

    rule: Rule
    policy: RoutingLatency
    places: Places
    number: int
    a: int
    b: int

    @property
    def sizes(self) -> tuple[int, int]:
        """Replicas of the two services."""
        size = self.places.members.size
        return int(size[self.a]), int(size[self.b])

    @property
    def costs(self) -> np.ndarray:
        """What ways between places cost (place, place), the least of merged ones."""
        return way_costs(self.policy, self.places.nearest(self.rule.ways_ms))

    def share(self, context: Context, group: int, place: int) -> Linear:
        """Return the share of a service that is in a place."""
        return Linear().plus(
            self.places.count(context, group, place), 1.0 / int(self.places.members.size[group])
        )

    def routed(self, context: Context) -> np.ndarray:
        """Return the variables of the route (place, place)."""
        names, routed = self.places.names, context.model.routed
        table = [[routed[self.rule.name, self.number, p, q] for q in names] for p in names]
        return np.array(table, dtype=object).reshape(len(names), len(names))


def _routes(context: Context) -> Iterator[_Route]:
    """Yield the routes between services that have replicas; others have no length."""
    for rule in rules_of(context, RoutingLatency):
        assert isinstance(rule.policy, RoutingLatency)
        places = places_of(context, rule)
        for number, (a, b) in enumerate(rule.needs.tolist()):
            found = _Route(rule, rule.policy, places, number, a, b)
            if min(found.sizes) > 0:
                yield found


def declare_routed(context: Context) -> None:
    """Declare which share of the traffic of each route goes from place to place."""
    index = [
        (one.rule.name, one.number, p, q)
        for one in _routes(context)
        for p in one.places.names
        for q in one.places.names
    ]
    context.declare("routed", index)


def constrain_routed_out(context: Context) -> None:
    r"""Let no more traffic begin in a place than its share of the senders.

    .. math:: \sum_{p'} y_{r,p,p'} \le \frac{1}{|a|} \sum_{g \in a} \sum_{k \in p} x_{g,k}
        \qquad \forall r = (a, b),\ p

    Recipe entry: ``routed_out``. Dual: none worth reading.
    """
    _shares(context, "routed_out", is_sender=True)


def constrain_routed_in(context: Context) -> None:
    r"""Let no more traffic end in a place than its share of the receivers.

    .. math:: \sum_{p} y_{r,p,p'} \le \frac{1}{|b|} \sum_{g \in b} \sum_{k \in p'} x_{g,k}
        \qquad \forall r = (a, b),\ p'

    Recipe entry: ``routed_in``. Dual: none worth reading.
    """
    _shares(context, "routed_in", is_sender=False)


def _shares(context: Context, name: str, *, is_sender: bool) -> None:
    declare_rows(context, name)
    for one in _routes(context):
        routed = one.routed(context)
        group = one.a if is_sender else one.b
        for p, place in enumerate(one.places.names):
            body = Linear().extend(1.0, routed[p] if is_sender else routed[:, p])
            body.plus(one.share(context, group, p), -1.0)
            below(context, name, (one.rule.name, one.number, place), body)


def constrain_routed_whole(context: Context) -> None:
    r"""Carry all traffic between replicas that have a host.

    .. math:: \sum_{p,p'} y_{r,p,p'} \ge \frac{1}{|a|} \sum_{g \in a} \sum_k x_{g,k}
        + \frac{1}{|b|} \sum_{g \in b} \sum_k x_{g,k} - 1 \qquad \forall r = (a, b)

    Recipe entry: ``routed_whole``. Dual: none worth reading.
    """
    declare_rows(context, "routed_whole")
    for one in _routes(context):
        body = Linear().extend(-1.0, one.routed(context).reshape(-1))
        for group in (one.a, one.b):
            for place in range(len(one.places.names)):
                body.plus(one.share(context, group, place))
        below(context, "routed_whole", (one.rule.name, one.number), body, 1.0)


def constrain_routing_latency(context: Context) -> None:
    r"""Keep the round trips of each route short, on average or but for a share of its traffic.

    .. math:: \sum_{p,p'} d_{p,p'}\, y_{r,p,p'} \le D, \qquad
        \sum_{p,p':\, d_{p,p'} > D} y_{r,p,p'} \le 1 - q \qquad \forall r

    Recipe entry: ``routing_latency``. Dual: value of one more millisecond, or percent.
    """
    declare_rows(context, "routing_latency")
    for one in _routes(context):
        limit = limit_of(one.policy)
        if one.rule.not_worse:
            today = context.instance.twin["workload_host"].values
            limit = max(limit, route(one.rule, today)[one.number].value)
        routed = one.routed(context).reshape(-1)
        body = Linear().extend(one.costs.reshape(-1) / PARTS, routed)
        names = one.rule.group_names
        at_most(
            context, "routing_latency", (one.rule.name, one.number), body, limit, rule=one.rule,
            where=f"{one.rule.name} {names[one.a]} to {names[one.b]}", unit=unit_of(one.policy),
        )  # fmt: skip


def set_routed(context: Context) -> None:
    """Set the variables to the best routing of a placement."""
    for one in _routes(context):
        senders, receivers = (
            np.rint(one.places.counts(context, group)).astype(np.int64) for group in (one.a, one.b)
        )
        amount = best_routing(senders, receivers, one.sizes, one.costs)
        share = amount / (one.sizes[0] * one.sizes[1])
        for variable, value in zip(
            one.routed(context).reshape(-1), share.reshape(-1).tolist(), strict=True
        ):
            variable.set_value(value, skip_validation=True)
