"""Workloads that need a workload of another service in the same domain."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from optimiser.formulation.context import Context
from optimiser.formulation.linear import Linear
from optimiser.formulation.members import Members, find_members, members_of, rules_of
from optimiser.formulation.rows import at_most, below, declare_rows
from optimiser.schema.policy import Dependency
from optimiser.twin.rules import Rule


def declare_nearby(context: Context) -> None:
    """Declare in which domains a service is that others need, from 0 to 1."""
    index = [
        (rule.name, rule.group_names[q], name)
        for rule in rules_of(context, Dependency)
        for q in np.unique(rule.needs[:, 1]).tolist()
        for name in members_of(context, rule).domains.names
    ]
    context.declare("nearby", index, upper=np.ones(len(index)))


def constrain_dependency_presence(context: Context) -> None:
    r"""Count a needed service as near only in domains where one of its workloads is.

    .. math:: v_{b,d} \le \sum_{g \in b} \sum_{k \in d} x_{g,k} \qquad \forall b, d

    Recipe entry: ``dependency_presence``. Dual: none worth reading.
    """
    declare_rows(context, "dependency_presence")
    for rule in rules_of(context, Dependency):
        members = members_of(context, rule)
        for q in np.unique(rule.needs[:, 1]).tolist():
            for d, name in enumerate(members.domains.names):
                index = (rule.name, rule.group_names[q], name)
                body = Linear().add(1.0, context.model.nearby[index])
                below(context, "dependency_presence", index,
                      body.plus(members.count(context, q, d), -1.0))  # fmt: skip


def constrain_dependency(context: Context) -> None:
    r"""Let workloads be only in domains where the services are that they need.

    .. math:: \sum_{g \in a} \sum_{k \in d} x_{g,k} \le |a|\, v_{b,d}
        \qquad \forall a \text{ that needs } b,\ d

    Recipe entry: ``dependency``. Dual: value of one more workload without.
    """
    declare_rows(context, "dependency")
    for rule in rules_of(context, Dependency):
        needed, users = members_of(context, rule), _users_of(context, rule)
        for a, b in rule.needs.tolist():
            allowed = _without_today(needed, users, a, b)
            for d, name in enumerate(users.domains.names):
                body = users.count(context, a, d)
                near = context.model.nearby[rule.name, rule.group_names[b], name]
                body.add(-float(users.size[a]), near)
                where = f"{users.where(a, d)} without {rule.group_names[b]}"
                index = (rule.name, rule.group_names[a], rule.group_names[b], name)
                at_most(
                    context, "dependency", index, body, float(allowed[d]),
                    rule=rule, where=where, unit="workloads",
                )  # fmt: skip


def _users_of(context: Context, rule: Rule) -> Members:
    """Return the members of each group that need others."""
    if rule.workloads.all():
        return members_of(context, rule)
    return find_members(context, replace(rule, group=np.where(rule.workloads, rule.group, -1)))


def _without_today(needed: Members, users: Members, a: int, b: int) -> np.ndarray:
    """Return how many may be without what they need (domain,): today's where that is excused."""
    domains = users.domains
    room = np.zeros(domains.count)
    if not users.rule.not_worse:
        return room
    without = np.where(needed.today[b] == 0, users.today[a], 0)
    inside = domains.of_true >= 0
    np.add.at(room, domains.of_true[inside], without[inside])
    return room
