"""Room at source and target while everything that moves is under way at once."""

from __future__ import annotations

import numpy as np

from optimiser.formulation.context import Context
from optimiser.formulation.grouping import members
from optimiser.formulation.linear import Linear, objects
from optimiser.formulation.members import rules_of
from optimiser.formulation.rows import at_most, declare_rows
from optimiser.formulation.steps import covering_steps
from optimiser.schema.policy import TransientCapacity
from optimiser.twin.rules import Rule


def constrain_transient_capacity(context: Context) -> None:
    r"""Keep room on hosts for what is there and for what has left them.

    .. math:: \sum_g u_{g,r,t} \bigl( x_{g,k} + n_{g,k} - s_{g,k} \bigr) \le C_{k,r} M_k
        \qquad \forall k, r, t

    Recipe entry: ``transient_capacity``. Dual: value of one more unit of the resource on the host.
    """
    declare_rows(context, "transient_capacity")
    names = context.instance.twin["resource"].values.astype(str).tolist()
    for rule in rules_of(context, TransientCapacity):
        assert isinstance(rule.policy, TransientCapacity)
        wanted = [names.index(r) for r in rule.policy.resources] or list(range(len(names)))
        limit = _limits(context, rule)
        for k in np.flatnonzero(rule.hosts[context.instance.grouping.first_host]).tolist():
            leaving = _leaving(context, k)
            for r in wanted:
                _host_rows(context, rule, k, r, names[r], limit[k, r], leaving)


def _limits(context: Context, rule: Rule) -> np.ndarray:
    """Return what the use of host groups may reach (host group, resource, step)."""
    instance, grouping = context.instance, context.instance.grouping
    limit = instance.twin["host_capacity"].values.astype(np.int64)[:, :, None]
    use = instance.frame.today.usage
    limit = np.maximum(limit, use) if rule.not_worse else np.broadcast_to(limit, use.shape)
    total = np.zeros((grouping.num_hosts, *use.shape[1:]))
    inside = grouping.host_group >= 0
    np.add.at(total, grouping.host_group[inside], limit[inside])
    return total


def _leaving(context: Context, k: int) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Return groups that run on a host today with their number, and those that may stay."""
    group, host, count = context.instance.today
    order, start = members(host, context.instance.grouping.num_hosts)
    here = order[start[k] : start[k + 1]]
    known = np.flatnonzero(context.shared["stay_known"])
    stay_group, staying = context.shared["stay"]
    stays = np.flatnonzero(host[known] == k)
    return group[here], count[here], stay_group[stays], staying[stays]


def _host_rows(
    context: Context,
    rule: Rule,
    k: int,
    r: int,
    resource: str,
    limit: np.ndarray,
    leaving: tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray],
) -> None:
    instance, pairs = context.instance, context.pairs_of_host(k)
    scale = instance.frame.scale[r]
    demand = instance.demand[:, r, :] / scale
    group, count, stay_group, staying = leaving
    gone = instance.host_base[k, r] + _fixed_gone(context, k, r)
    even = np.ptp(limit) == 0 and np.ptp(gone) == 0
    steps = covering_steps(instance.demand[:, r, :]) if even else range(instance.num_steps)
    name = instance.host_names[k]
    for s in steps:
        body = Linear(float(gone[s]) / scale + float(demand[group, s] @ count))
        body.extend(demand[context.pair_group[pairs], s], context.arrays["place"][pairs])
        body.extend(-demand[stay_group, s], objects(staying))
        at_most(
            context, "transient_capacity", (rule.name, name, resource, int(s)), body,
            float(limit[s]) / scale, rule=rule, where=f"host {name} {resource}", unit=resource,
            scale=scale, size=float(limit[s]),
        )  # fmt: skip


def _fixed_gone(context: Context, k: int, r: int) -> np.ndarray:
    """Return the use (step,) of fixed workloads that have left a host group."""
    instance = context.instance
    twin, fixed = instance.twin, instance.fixed.host_of_workload
    today = twin["workload_host"].values
    gone = np.flatnonzero((fixed >= 0) & (today >= 0) & (fixed != today))
    gone = gone[instance.grouping.host_group[today[gone]] == k]
    usage = twin["flavour_usage"].values[twin["workload_flavour"].values[gone], r, :]
    return np.asarray(usage.sum(axis=0))
