"""What groups of workloads use of a resource: their quota in a domain, their cost on a host."""

from __future__ import annotations

import numpy as np

from optimiser.formulation.context import Context
from optimiser.formulation.domains import resource_limit, resource_unit
from optimiser.formulation.linear import Linear
from optimiser.formulation.members import Members, members_of
from optimiser.formulation.rows import at_most, declare_rows
from optimiser.formulation.sharing import settled_groups
from optimiser.formulation.steps import covering_steps
from optimiser.schema.policy import GroupCapacity, PresenceOverhead, ResponseTime
from optimiser.twin.rules import Rule


def constrain_group_capacity(context: Context) -> None:
    r"""Let each group, such as a tenant, use only so much of a resource in each domain.

    .. math:: \sum_{g \in q} \sum_{k \in d} u_{g,\rho,t}\, x_{g,k} \le L_d \qquad \forall q, d, t

    Recipe entry: ``group_capacity``. Dual: value of one more unit for the group.
    """
    declare_rows(context, "group_capacity")
    for rule in context.instance.frame.rules:
        if isinstance(rule.policy, GroupCapacity):
            _rule_rows(context, rule, rule.policy)


def _rule_rows(context: Context, rule: Rule, policy: GroupCapacity) -> None:
    instance, members = context.instance, members_of(context, rule)
    resource = instance.twin["resource"].values.astype(str).tolist().index(policy.resource)
    room = _room(context, rule, policy, members, resource)
    scale = float(instance.frame.scale[resource])
    unit = resource_unit(context, resource)
    for (q, d), pairs in sorted(members.pairs.items()):
        demand = instance.demand[context.pair_group[pairs], resource, :]
        flat = np.ptp(room[q, d]) == 0
        for s in covering_steps(demand).tolist() if flat else range(instance.num_steps):
            body = Linear().extend(demand[:, s] / scale, context.arrays["place"][pairs])
            index = (rule.name, rule.group_names[q], members.domains.names[d], s)
            at_most(
                context, "group_capacity", index, body, float(room[q, d, s]) / scale,
                rule=rule, where=members.where(q, d), unit=unit, scale=scale,
                size=float(room[q, d].max()),
            )  # fmt: skip


def _room(
    context: Context, rule: Rule, policy: GroupCapacity, members: Members, resource: int
) -> np.ndarray:
    """Return what is left for the workloads of the model (group, domain, step)."""
    instance, of_true = context.instance, members.domains.of_true
    own = np.floor(resource_limit(context, rule, policy, resource) + 1e-6)
    limit = np.broadcast_to(own[:, None], (len(rule.group_names), len(own), 1))
    if rule.not_worse:
        limit = np.maximum(limit, group_use(context, rule, resource))
    left = limit - group_use(context, rule, resource, instance.fixed.host_of_workload)
    room = np.zeros((len(rule.group_names), members.domains.count, instance.num_steps))
    inside = of_true >= 0
    np.add.at(room.swapaxes(0, 1), of_true[inside], left[:, inside].swapaxes(0, 1))
    return room


def group_use(
    context: Context, rule: Rule, resource: int, host: np.ndarray | None = None
) -> np.ndarray:
    """Return the use of each group in each true domain (group, domain, step); default today's."""
    twin = context.instance.twin
    place = twin["workload_host"].values if host is None else host
    total = np.zeros((len(rule.group_names), len(rule.domain_names), twin.sizes["step"]))
    placed = (place >= 0) & (rule.group >= 0)
    placed &= rule.domain[np.maximum(place, 0)] >= 0
    use = twin["flavour_usage"].values[twin["workload_flavour"].values[placed], resource]
    np.add.at(total, (rule.group[placed], rule.domain[place[placed]]), use)
    return total


def constrain_presence_overhead(context: Context) -> None:
    r"""Keep room on each host for what every group there costs once.

    .. math:: \sum_g u_{g,\rho,t}\, x_{g,k} + A \sum_q h_{q,k} \le C_{k,\rho} M_k
        \qquad \forall k, t

    Recipe entry: ``presence_overhead``. Dual: value of one more unit of the resource on the host.
    """
    declare_rows(context, "presence_overhead")
    for rule in context.instance.frame.rules:
        if isinstance(rule.policy, PresenceOverhead):
            _overhead_rows(context, rule, rule.policy)


def constrain_response_time(context: Context) -> None:
    r"""Keep hosts so little busy that the requests of workloads on them are answered in time.

    .. math:: \sum_g u_{g,\rho,t}\, x_{g,k} + (1 - B_k)\, C_{k,\rho}\, h_{q,k}
        \le C_{k,\rho} M_k \qquad \forall k, t

    The largest utilisation comes from a queue, before the model is built. Recipe entry:
    ``response_time``. Dual: value of one more unit of the resource on the host.
    """
    declare_rows(context, "response_time")
    for rule in context.instance.frame.rules:
        if isinstance(rule.policy, ResponseTime):
            _overhead_rows(context, rule, rule.policy)


def _overhead_rows(context: Context, rule: Rule, policy: PresenceOverhead | ResponseTime) -> None:
    instance, members = context.instance, members_of(context, rule)
    amount = rule.overhead[instance.grouping.first_host]  # the same on all hosts of a group
    resource = instance.twin["resource"].values.astype(str).tolist().index(policy.resource)
    scale = float(instance.frame.scale[resource])
    limit = _host_limit(context, rule, members, resource)
    base = instance.host_base[:, resource, :] - limit
    settled, unit = settled_groups(members), resource_unit(context, resource)
    steps = covering_steps(instance.demand[:, resource, :]).tolist()
    groups = [rule.group_names[q] for q in members.groups.tolist()]
    for k, d in enumerate(members.domains.of_host.tolist()):
        pairs, name = np.flatnonzero(context.pair_host == k), members.domains.names[d]
        place = context.arrays["place"][pairs]
        demand = instance.demand[context.pair_group[pairs], resource, :]
        hosting = [context.model.hosting[rule.name, group, name] for group in groups]
        for s in steps if np.ptp(base[k]) == 0 else range(instance.num_steps):
            body = Linear((base[k, s] + amount[k] * settled[d]) / scale)
            body.extend(demand[:, s] / scale, place).extend(amount[k] / scale, hosting)
            at_most(
                context, policy.kind, (rule.name, name, s), body, 0.0, rule=rule,
                where=f"{rule.name} host {name}", unit=unit, scale=scale,
                size=max(1.0, float(limit[k].max())),
            )  # fmt: skip


def _host_limit(context: Context, rule: Rule, members: Members, resource: int) -> np.ndarray:
    """Return what the hosts of each group may carry, overheads included (host group, step)."""
    instance = context.instance
    limit = np.repeat(
        instance.twin["host_capacity"].values[:, [resource]], instance.num_steps, axis=1
    )
    if rule.not_worse:
        taken = (rule.overhead * (members.today > 0).sum(axis=0))[:, None]
        today = instance.frame.today.usage[:, resource, :]
        limit = np.maximum(limit, today + taken)
    total = np.zeros((instance.grouping.num_hosts, instance.num_steps))
    inside = instance.grouping.host_group >= 0
    np.add.at(total, instance.grouping.host_group[inside], limit[inside])
    return total
