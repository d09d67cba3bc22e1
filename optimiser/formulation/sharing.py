"""Which groups use which domains: isolation, licences and how many groups share a domain."""

from __future__ import annotations

import numpy as np

from optimiser.formulation.context import Context
from optimiser.formulation.linear import Linear
from optimiser.formulation.members import Members, members_of
from optimiser.formulation.modelling import pyo
from optimiser.formulation.rows import at_most, below, declare_rows
from optimiser.schema.policy import (
    GroupCount,
    Isolation,
    IsolationLimit,
    Licence,
    PresenceOverhead,
    ResponseTime,
)
from optimiser.twin.rules import Rule

SHARING = (GroupCount, Isolation, IsolationLimit, Licence, PresenceOverhead, ResponseTime)


def sharing_rules(context: Context) -> list[Rule]:
    """Return the rules that ask which groups use which domains."""
    return [rule for rule in context.instance.frame.rules if isinstance(rule.policy, SHARING)]


def declare_hosting(context: Context) -> None:
    """Declare which domains each group uses; one that stands for several counts once."""
    index = [
        (rule.name, rule.group_names[q], name)
        for rule in sharing_rules(context)
        for members in [members_of(context, rule)]
        for q in members.groups.tolist()
        for name in members.domains.names
    ]
    upper = np.ones(len(index))
    context.declare("hosting", index, domain=pyo.NonNegativeIntegers, upper=upper)


def constrain_hosting_members(context: Context) -> None:
    r"""Let members of a group be only in domains that count as used by the group.

    .. math:: \sum_{g \in q} \sum_{k \in d} x_{g,k} \le |q|\, h_{q,d} \qquad \forall q, d

    Recipe entry: ``hosting_members``. Dual: none worth reading.
    """
    declare_rows(context, "hosting_members")
    for rule in sharing_rules(context):
        members = members_of(context, rule)
        for q in members.groups.tolist():
            for d, name in enumerate(members.domains.names):
                index = (rule.name, rule.group_names[q], name)
                body = members.count(context, q, d)
                body.add(-float(members.size[q]), context.model.hosting[index])
                below(context, "hosting_members", index, body)


def constrain_isolation_limit(context: Context) -> None:
    r"""Keep each group, such as a tenant, on at most so many domains.

    .. math:: \sum_d h_{q,d} \le N \qquad \forall q

    Recipe entry: ``isolation_limit``. Dual: value of one more domain.
    """
    _used_rows(context, "isolation_limit", IsolationLimit, "domains")


def constrain_licence(context: Context) -> None:
    r"""Run licensed software on no more hosts, or sockets, than there are licences.

    .. math:: \sum_d l_d\, h_{q,d} \le N

    Recipe entry: ``licence``. Dual: value of one more licence.
    """
    _used_rows(context, "licence", Licence, "licences")


def _used_rows(context: Context, name: str, kind: type, unit: str) -> None:
    declare_rows(context, name)
    for rule in sharing_rules(context):
        if not isinstance(rule.policy, kind):
            continue
        members = members_of(context, rule)
        for q in members.groups.tolist():
            group = rule.group_names[q]
            limit = int(getattr(rule.policy, "limit", 1))
            if rule.not_worse:
                limit = max(limit, int(rule.takes[members.today[q] > 0].sum()))
            hosting = [context.model.hosting[rule.name, group, d] for d in members.domains.names]
            body = Linear(_taken_outside(members, q)).extend(_least_taken(members), hosting)
            at_most(
                context, name, (rule.name, group), body, limit,
                rule=rule, where=members.where(q), unit=unit,
            )  # fmt: skip


def _least_taken(members: Members) -> np.ndarray:
    """Return what using a domain of the model takes at least, (domain,)."""
    domains, takes = members.domains, members.rule.takes
    least = np.full(domains.count, np.inf)
    inside = domains.of_true >= 0
    np.minimum.at(least, domains.of_true[inside], takes[inside])
    return least


def _taken_outside(members: Members, group: int) -> float:
    """Return what fixed members take in domains of which no host is in the model."""
    outside = (members.domains.of_true < 0) & members.has_hosts
    return float(members.rule.takes[outside][members.outside[group] > 0].sum())


def constrain_group_count(context: Context) -> None:
    r"""Let at most so many groups, such as tenants, share a domain.

    .. math:: \sum_q h_{q,d} \le N \qquad \forall d

    Recipe entry: ``group_count``. Dual: value of one more group in the domain.
    """
    _crowd_rows(context, "group_count", GroupCount)


def constrain_isolation(context: Context) -> None:
    r"""Keep each group, such as a tenant, alone in the domains that it uses.

    .. math:: \sum_q h_{q,d} \le 1 \qquad \forall d

    All workloads that the policy does not select are one more group q. Recipe entry:
    ``isolation``. Dual: value of letting one more group into the domain.
    """
    _crowd_rows(context, "isolation", Isolation)


def _crowd_rows(context: Context, name: str, kind: type) -> None:
    declare_rows(context, name)
    for rule in sharing_rules(context):
        if not isinstance(rule.policy, kind):
            continue
        members = members_of(context, rule)
        room, settled = _room(members), settled_groups(members)
        level = getattr(rule.policy, "domain", "")
        for d, domain in enumerate(members.domains.names):
            groups = [rule.group_names[q] for q in members.groups.tolist()]
            hosting = [context.model.hosting[rule.name, group, domain] for group in groups]
            if settled[d] + len(hosting) <= room[d]:
                continue
            body = Linear(settled[d]).extend(1.0, hosting)
            at_most(
                context, name, (rule.name, domain), body, room[d], rule=rule,
                where=f"{rule.name} {level} {domain}", unit="groups",
            )  # fmt: skip


def _room(members: Members) -> np.ndarray:
    """Return how many groups each domain of the model may hold (domain,)."""
    rule, of_true = members.rule, members.domains.of_true
    limit = np.full(len(of_true), getattr(rule.policy, "limit", 1))
    if rule.not_worse:
        limit = np.maximum(limit, (members.today > 0).sum(axis=0))
    room = np.zeros(members.domains.count)
    np.add.at(room, of_true[of_true >= 0], limit[of_true >= 0])
    return room


def settled_groups(members: Members) -> np.ndarray:
    """Return how many groups that the model does not move are in each domain (domain,)."""
    rest = np.ones(len(members.fixed), dtype=bool)
    rest[members.groups] = False
    return (members.fixed[rest] > 0).sum(axis=0).astype(float)
