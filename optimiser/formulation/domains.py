"""Sums over racks, rows, power elements and zones: power, space and any resource."""

from __future__ import annotations

import numpy as np

from optimiser.formulation.context import Context
from optimiser.formulation.grouping import Domains
from optimiser.formulation.linear import Linear
from optimiser.formulation.rackrows import write_rack_rows
from optimiser.formulation.rows import at_most, declare_rows
from optimiser.formulation.steps import covering_steps
from optimiser.schema.policy import DomainCapacity, GroupCapacity
from optimiser.twin.rules import Rule


def constrain_domain_capacity(context: Context) -> None:
    r"""Keep the power, space or use of a resource in each domain below its limit.

    .. math:: c_d + \sum_{r} c_{d,r}\, P_{r,t} \le L_d, \qquad
        \sum_{g} \sum_{k \in d} u_{g,\rho,t}\, x_{g,k} \le L_d, \qquad
        \sum_{k \in d} h_k\, z_k \le L_d

    Power is planning power with full-load losses on the way up. Space counts the height of hosts
    that are on, because a plan does not move installed hosts. Recipe entry: ``domain_capacity``.
    Dual: value of one more unit of the limit.
    """
    declare_rows(context, "domain_capacity")
    write_rack_rows(context, "domain_capacity")
    for rule in context.instance.frame.rules:
        if not isinstance(rule.policy, DomainCapacity) or rule.policy.resource == "power":
            continue
        if rule.policy.resource == "space":
            _space_rows(context, rule, rule.policy)
        else:
            _resource_rows(context, rule, rule.policy)


def _space_rows(context: Context, rule: Rule, policy: DomainCapacity) -> None:
    instance = context.instance
    domains = instance.domains(rule)
    height = instance.twin["kind_rack_units"].values[instance.twin["host_kind"].values]
    counted = rule.hosts.astype(float) * height
    limit = space_limit(context, rule, policy)
    if rule.not_worse:
        limit = np.maximum(limit, _sum_domains(rule, counted * instance.twin["host_on"].values))
    fixed = _sum_domains(rule, counted * instance.fixed.host_on)
    room = _merge(limit - fixed, domains)
    for d, name in enumerate(domains.names):
        inside = np.flatnonzero(domains.of_host == d)
        coefs = counted[instance.grouping.first_host[inside]]
        body = Linear().extend(coefs, context.arrays["awake"][inside])
        _row(context, rule, name, None, body, float(room[d]), "U")


def space_limit(context: Context, rule: Rule, policy: DomainCapacity) -> np.ndarray:
    """Return the limit of each domain in rack units (domain,): given, or the racks' height."""
    twin, count = context.instance.twin, len(rule.domain_names)
    if policy.limit is not None:
        return np.full(count, policy.limit * policy.limit_fraction)
    rack = twin["host_rack"].values
    pairs = np.unique(np.stack([rule.domain, rack], axis=1)[rule.domain >= 0], axis=0)
    height = twin["rack_units"].values[pairs[:, 1]].astype(float)
    return np.bincount(pairs[:, 0], weights=height, minlength=count) * policy.limit_fraction


def _resource_rows(context: Context, rule: Rule, policy: DomainCapacity) -> None:
    instance = context.instance
    resource = [str(name) for name in instance.twin["resource"].values].index(policy.resource)
    domains, counted = instance.domains(rule), rule.hosts[:, None]
    limit = resource_limit(context, rule, policy, resource)[:, None]
    if rule.not_worse:
        limit = np.maximum(
            limit, _sum_domains(rule, instance.frame.today.usage[:, resource, :] * counted)
        )
    fixed = _sum_domains(rule, instance.fixed.usage[:, resource, :] * counted)
    room = _merge(limit - fixed, domains)
    flat = np.ptp(room, axis=1) == 0
    steps = covering_steps(instance.demand[:, resource, :])
    scale = float(instance.frame.scale[resource])
    domain = np.where(rule.hosts[instance.grouping.first_host], domains.of_host, -1)
    of_pair = domain[context.pair_host]
    unit = resource_unit(context, resource)
    for d, name in enumerate(domains.names):
        pairs = np.flatnonzero(of_pair == d)
        place = context.arrays["place"][pairs]
        demand = instance.demand[context.pair_group[pairs], resource, :] / scale
        for s in steps.tolist() if flat[d] else range(instance.num_steps):
            body = Linear().extend(demand[:, s], place)
            _row(context, rule, name, s, body, float(room[d, s]) / scale, unit, scale)


def resource_limit(
    context: Context, rule: Rule, policy: DomainCapacity | GroupCapacity, resource: int
) -> np.ndarray:
    """Return the limit of each domain (domain,): given, or the capacity of its hosts."""
    capacity = context.instance.twin["host_capacity"].values[:, resource] * rule.hosts
    limit = _sum_domains(rule, capacity.astype(float))
    if policy.limit is not None:
        limit = np.full(len(rule.domain_names), float(policy.limit))
    return limit * policy.limit_fraction


def resource_unit(context: Context, resource: int) -> str:
    """Return the unit of a resource."""
    import json

    return str(json.loads(context.instance.twin.attrs["resource_units"])[resource])


def _row(
    context: Context,
    rule: Rule,
    name: str,
    step: int | None,
    body: Linear,
    room: float,
    unit: str,
    scale: float = 1.0,
) -> None:
    index = (rule.name, name) if step is None else (rule.name, name, step)
    where = f"{rule.name} {rule.policy.domain} {name}"  # type: ignore[union-attr]
    if not body.variables and context.instance.background is not None:
        return
    at_most(
        context,
        "domain_capacity",
        index,
        body,
        room,
        rule=rule,
        where=where,
        unit=unit,
        scale=scale,
    )


def _sum_domains(rule: Rule, host_values: np.ndarray) -> np.ndarray:
    """Sum values of hosts (host, …) over the true domains of a rule."""
    total = np.zeros((len(rule.domain_names), *host_values.shape[1:]))
    inside = rule.domain >= 0
    np.add.at(total, rule.domain[inside], host_values[inside])
    return total


def _merge(true_values: np.ndarray, domains: Domains) -> np.ndarray:
    """Sum values of true domains (domain, …) over the merged ones."""
    total = np.zeros((domains.count, *true_values.shape[1:]))
    inside = domains.of_true >= 0
    np.add.at(total, domains.of_true[inside], true_values[inside])
    return total
