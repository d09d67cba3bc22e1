"""Replicas of a service over domains: how many domains, how many in one, how even."""

from __future__ import annotations

import math

import numpy as np

from optimiser.formulation.context import Context
from optimiser.formulation.linear import Linear
from optimiser.formulation.members import Members, members_of, rules_of
from optimiser.formulation.rows import at_least, at_most, below, declare_rows
from optimiser.schema.policy import Spread


def declare_spread(context: Context) -> None:
    """Declare presence in domains, and the fullest and the emptiest domain of each group."""
    presence, ends = [], []
    for rule, policy in _spreads(context):
        members = members_of(context, rule)
        for q in members.groups.tolist():
            group = rule.group_names[q]
            if policy.min_domains is not None:
                presence += [(rule.name, group, d) for d in members.domains.names]
            if policy.max_skew is not None:
                ends.append((rule.name, group))
    context.declare("presence", presence)
    context.declare("fullest", ends)
    context.declare("emptiest", ends)


def _spreads(context: Context) -> list[tuple]:
    return [(rule, rule.policy) for rule in rules_of(context, Spread)]


def constrain_spread_max_per_domain(context: Context) -> None:
    r"""Keep at most so many replicas of a service in one domain.

    .. math:: \sum_{g \in q} \sum_{k \in d} x_{g,k} \le N_q \qquad \forall q, d

    Recipe entry: ``spread_max_per_domain``. Dual: value of one more replica in the domain.
    """
    declare_rows(context, "spread_max_per_domain")
    for rule, policy in _spreads(context):
        members = members_of(context, rule)
        for q in members.groups.tolist():
            limit = _largest(policy, int(members.size[q]))
            if limit is not None:
                write_count_rows(context, "spread_max_per_domain", members, q, limit)


def _largest(policy: Spread, size: int) -> int | None:
    """Return the largest count in one domain; a share is rounded up and at least 1."""
    limits = []
    if policy.max_per_domain is not None:
        limits.append(policy.max_per_domain)
    if policy.max_per_domain_fraction is not None:
        limits.append(max(1, math.ceil(size * policy.max_per_domain_fraction - 1e-9)))
    return min(limits, default=None)


def write_count_rows(context: Context, name: str, members: Members, group: int, limit: int) -> None:
    """Write ``count ≤ limit`` for a group in every domain; merged domains add their limits."""
    rule, domains = members.rule, members.domains
    true_limit = np.full(len(domains.of_true), limit)
    if rule.not_worse:
        true_limit = np.maximum(true_limit, members.today[group])
    room = np.zeros(domains.count)
    inside = domains.of_true >= 0
    np.add.at(room, domains.of_true[inside], true_limit[inside])
    for d in range(domains.count):
        body = members.count(context, group, d)
        if not body.variables or _cannot_bind(context, members, group, d, room[d]):
            continue
        index = (rule.name, rule.group_names[group], domains.names[d])
        where = members.where(group, d)
        at_most(context, name, index, body, room[d], rule=rule, where=where, unit="replicas")


def _cannot_bind(context: Context, members: Members, group: int, domain: int, room: float) -> bool:
    """Whether the members in the model are too few to reach the limit at all."""
    return bool(members.size[group] <= room)


def constrain_spread_presence(context: Context) -> None:
    r"""Count a domain as used only when a replica is there.

    .. math:: y_{q,d} \le \sum_{g \in q} \sum_{k \in d} x_{g,k}, \qquad 0 \le y_{q,d} \le |d|

    Recipe entry: ``spread_presence``. Dual: none worth reading.
    """
    declare_rows(context, "spread_presence")
    for rule, policy in _spreads(context):
        if policy.min_domains is None:
            continue
        members = members_of(context, rule)
        for q in members.groups.tolist():
            for d, name in enumerate(members.domains.names):
                index = (rule.name, rule.group_names[q], name)
                present = context.model.presence[index]
                present.setub(float(members.domains.size[d]))
                body = members.count(context, q, d)
                below(context, "spread_presence", index,
                      Linear().add(1.0, present).plus(body, -1.0))  # fmt: skip


def constrain_spread_min_domains(context: Context) -> None:
    r"""Use at least so many domains, or as many as there are replicas.

    .. math:: \sum_d y_{q,d} \ge \min(D_q, |q|) \qquad \forall q

    Recipe entry: ``spread_min_domains``. Dual: cost of one more domain.
    """
    declare_rows(context, "spread_min_domains")
    for rule, policy in _spreads(context):
        if policy.min_domains is None:
            continue
        members = members_of(context, rule)
        for q in members.groups.tolist():
            group = rule.group_names[q]
            need = min(policy.min_domains, int(members.size[q]))
            if rule.not_worse:
                need = min(need, int((members.today[q] > 0).sum()))
            body = Linear(float((members.outside[q] > 0).sum()))
            present = [context.model.presence[rule.name, group, d] for d in members.domains.names]
            at_least(
                context, "spread_min_domains", (rule.name, group), body.extend(1.0, present), need,
                rule=rule, where=members.where(q), unit="domains",
            )  # fmt: skip


def constrain_spread_fullest(context: Context) -> None:
    r"""Define the fullest domain of a group.

    .. math:: \sum_{g \in q} \sum_{k \in d} x_{g,k} \le |d|\, \overline{n}_q \qquad \forall q, d

    Recipe entry: ``spread_fullest``. Dual: none worth reading.
    """
    declare_rows(context, "spread_fullest")
    for rule, members, q in _skewed(context):
        fullest = context.model.fullest[rule.name, rule.group_names[q]]
        fullest.setlb(float(members.outside[q].max(initial=0)))
        for d, name in enumerate(members.domains.names):
            body = members.count(context, q, d).add(-float(members.domains.size[d]), fullest)
            below(context, "spread_fullest", (rule.name, rule.group_names[q], name), body)


def constrain_spread_emptiest(context: Context) -> None:
    r"""Define the emptiest domain of a group.

    .. math:: \sum_{g \in q} \sum_{k \in d} x_{g,k} \ge |d|\, \underline{n}_q \qquad \forall q, d

    Recipe entry: ``spread_emptiest``. Dual: none worth reading.
    """
    declare_rows(context, "spread_emptiest")
    for rule, members, q in _skewed(context):
        emptiest = context.model.emptiest[rule.name, rule.group_names[q]]
        if members.outside.shape[1]:
            emptiest.setub(float(members.outside[q].min()))
        for d, name in enumerate(members.domains.names):
            body = Linear().add(float(members.domains.size[d]), emptiest)
            body.plus(members.count(context, q, d), -1.0)
            below(context, "spread_emptiest", (rule.name, rule.group_names[q], name), body)


def constrain_spread_max_skew(context: Context) -> None:
    r"""Keep the fullest domain at most so many replicas above the emptiest.

    .. math:: \overline{n}_q - \underline{n}_q \le S \qquad \forall q

    Recipe entry: ``spread_max_skew``. Dual: value of one more replica of difference.
    """
    declare_rows(context, "spread_max_skew")
    for rule, members, q in _skewed(context):
        index = (rule.name, rule.group_names[q])
        limit = rule.policy.max_skew
        if rule.not_worse:
            limit = max(limit, int(np.ptp(members.today[q, members.has_hosts])))
        body = Linear().add(1.0, context.model.fullest[index])
        body.add(-1.0, context.model.emptiest[index])
        at_most(
            context, "spread_max_skew", index, body, limit,
            rule=rule, where=members.where(q), unit="replicas",
        )  # fmt: skip


def _skewed(context: Context) -> list[tuple]:
    return [
        (rule, members_of(context, rule), q)
        for rule, policy in _spreads(context)
        if policy.max_skew is not None
        for q in members_of(context, rule).groups.tolist()
    ]
