"""Workloads that must be near to services: at least one workload of each, or every one."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np

from optimiser.formulation.context import Context
from optimiser.formulation.linear import Linear
from optimiser.formulation.modelling import pyo
from optimiser.formulation.places import Places, find_places, places_of
from optimiser.formulation.rows import at_most, below, declare_rows
from optimiser.schema.policy import Latency
from optimiser.twin.nearness import asks_for_all, is_nearness, lacking
from optimiser.twin.rules import Rule


@dataclass(frozen=True, eq=False)
class _Latency:
    """A rule with its ``places``, the ``users`` among their members who need others, and ``near``.

    ``near`` (place, place) bool; merged places are near when any two of theirs are, which relaxes
    the rule.
    """

    rule: Rule
    places: Places
    users: Places
    near: np.ndarray


def _latencies(context: Context) -> Iterator[_Latency]:
    for rule in context.instance.frame.rules:
        if is_nearness(rule) and isinstance(rule.policy, Latency):
            key = f"latency {rule.name}"
            if key not in context.shared:
                context.shared[key] = _latency(context, rule, rule.policy)
            yield context.shared[key]


def _latency(context: Context, rule: Rule, policy: Latency) -> _Latency:
    places = places_of(context, rule)
    asking = replace(rule, group=np.where(rule.workloads, rule.group, -1))
    users = places if rule.workloads.all() else find_places(context, asking)
    return _Latency(rule, places, users, places.nearest(rule.ways_ms) <= policy.limit_ms)


def _needed(rule: Rule) -> list[int]:
    found: list[int] = np.unique(rule.needs[:, 1]).tolist()
    return found


def declare_within_reach(context: Context) -> None:
    """Declare from which places a service counts as near, from 0 to 1; whole where all must be."""
    whole, index = [], []
    for latency in _latencies(context):
        rule, places = latency.rule, latency.places
        found = [(rule.name, rule.group_names[b], p) for b in _needed(rule) for p in places.names]
        index += found
        whole += [asks_for_all(rule)] * len(found)
    declared = context.declare("within_reach", index, upper=np.ones(len(index)))
    for variable, is_whole in zip(declared, whole, strict=True):
        if is_whole:
            variable.domain = pyo.Binary


def constrain_latency_to_any(context: Context) -> None:
    r"""Count a service as near only where one of its workloads is within the limit.

    .. math:: w_{b,p} \le \sum_{p':\, d_{p,p'} \le D} \sum_{g \in b} \sum_{k \in p'} x_{g,k}
        \qquad \forall b, p

    Recipe entry: ``latency_to_any``. Dual: none worth reading.
    """
    declare_rows(context, "latency_to_any")
    for latency in _latencies(context):
        rule, places = latency.rule, latency.places
        if asks_for_all(rule):
            continue
        for b in _needed(rule):
            for p, name in enumerate(places.names):
                index = (rule.name, rule.group_names[b], name)
                body = Linear().add(1.0, context.model.within_reach[index])
                for other in np.flatnonzero(latency.near[p]).tolist():
                    body.plus(places.count(context, b, other), -1.0)
                below(context, "latency_to_any", index, body)


def constrain_latency_to_all(context: Context) -> None:
    r"""Count a service as near only where none of its workloads is beyond the limit.

    .. math:: \sum_{p':\, d_{p,p'} > D} \sum_{g \in b} \sum_{k \in p'} x_{g,k}
        \le |b|\, (1 - w_{b,p}) \qquad \forall b, p

    Recipe entry: ``latency_to_all``. Dual: none worth reading.
    """
    declare_rows(context, "latency_to_all")
    for latency in _latencies(context):
        rule, places = latency.rule, latency.places
        if not asks_for_all(rule):
            continue
        for b in _needed(rule):
            size = float(places.members.size[b])
            for p, name in enumerate(places.names):
                index = (rule.name, rule.group_names[b], name)
                body = Linear().add(size, context.model.within_reach[index])
                for other in np.flatnonzero(~latency.near[p]).tolist():
                    body.plus(places.count(context, b, other))
                below(context, "latency_to_all", index, body, size)


def constrain_latency_to_services(context: Context) -> None:
    r"""Let workloads be only in places from where the services are near that they need.

    .. math:: \sum_{g \in a} \sum_{k \in p} x_{g,k} \le |a|\, w_{b,p}
        \qquad \forall a \text{ that needs } b,\ p

    Recipe entry: ``latency_to_services``. Dual: value of one more workload too far away.
    """
    declare_rows(context, "latency_to_services")
    for latency in _latencies(context):
        rule, places = latency.rule, latency.places
        for a, b in rule.needs.tolist():
            allowed = _far_today(latency, a, b)
            for p, name in enumerate(places.names):
                body = latency.users.count(context, a, p)
                near = context.model.within_reach[rule.name, rule.group_names[b], name]
                body.add(-float(latency.users.members.size[a]), near)
                level = rule.policy.domain  # type: ignore[union-attr]
                names = rule.group_names
                where = f"{rule.name} {names[a]} in {level} {name} far from {names[b]}"
                at_most(
                    context, "latency_to_services", (rule.name, names[a], names[b], name), body,
                    float(allowed[p]), rule=rule, where=where, unit="workloads",
                )  # fmt: skip


def _far_today(latency: _Latency, a: int, b: int) -> np.ndarray:
    """Return how many may be far (place,): those that are today where that is excused."""
    rule, places = latency.rule, latency.places
    if not rule.not_worse:
        return np.zeros(len(places.names))
    lacks = lacking(rule, places.members.today)
    return places.gathered(np.where(lacks[b], latency.users.members.today[a], 0))


def set_within_reach(context: Context) -> None:
    """Set the variables to what a placement implies."""
    for latency in _latencies(context):
        rule, places = latency.rule, latency.places
        for b in _needed(rule):
            table = places.counts(context, b)
            for p, name in enumerate(places.names):
                if asks_for_all(rule):
                    found = float(table[~latency.near[p]].sum() < 0.5)
                else:
                    found = min(1.0, float(table[latency.near[p]].sum()))
                variable = context.model.within_reach[rule.name, rule.group_names[b], name]
                variable.set_value(found, skip_validation=True)
