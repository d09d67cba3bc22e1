"""Room that stays free on the hosts that are on."""

from __future__ import annotations

import numpy as np

from optimiser.formulation.context import Context
from optimiser.formulation.domains import resource_unit
from optimiser.formulation.linear import Linear
from optimiser.formulation.rows import at_most, declare_rows
from optimiser.formulation.steps import covering_steps
from optimiser.schema.policy import Headroom
from optimiser.twin.rules import Rule


def constrain_headroom(context: Context) -> None:
    r"""Keep a share of the capacity that is on, and an amount in each domain, free.

    .. math:: \sum_{g} \sum_{k \in d} u_{g,\rho,t}\, x_{g,k} + A
        \le (1 - \phi) \sum_{k \in d} C_{k,\rho}\, z_k \qquad \forall d, t

    Recipe entry: ``headroom``. Dual: cost of keeping one more unit free.
    """
    declare_rows(context, "headroom")
    for rule in context.instance.frame.rules:
        if isinstance(rule.policy, Headroom):
            _rule_rows(context, rule, rule.policy)


def _rule_rows(context: Context, rule: Rule, policy: Headroom) -> None:
    instance = context.instance
    resource = [str(name) for name in instance.twin["resource"].values].index(policy.resource)
    domains = instance.domains(rule)
    fixed = deficit(context, rule, resource, instance.fixed.usage, instance.fixed.host_on)
    room = np.zeros_like(fixed)
    if rule.not_worse:
        today = instance.frame.today.usage
        on = instance.twin["host_on"].values
        room = np.maximum(deficit(context, rule, resource, today, on) + policy.amount, 0.0)
    short = fixed + policy.amount - room
    need = np.zeros((domains.count, instance.num_steps))
    inside = domains.of_true >= 0
    np.add.at(need, domains.of_true[inside], short[inside])
    _check_outside(context, rule, resource, ~inside, short)
    counted = np.where(rule.hosts[instance.grouping.first_host], domains.of_host, -1)
    flat = np.ptp(need, axis=1) == 0
    steps = covering_steps(instance.demand[:, resource, :])
    for d, name in enumerate(domains.names):
        chosen = steps.tolist() if flat[d] else range(instance.num_steps)
        _domain_rows(context, rule, resource, counted == d, name, need[d], list(chosen))


def _check_outside(
    context: Context, rule: Rule, resource: int, outside: np.ndarray, short: np.ndarray
) -> None:
    """Write the rows of domains whose hosts are all in maintenance: they have nothing to offer."""
    present = np.zeros(len(outside), dtype=bool)
    present[rule.domain[rule.hosts & (rule.domain >= 0)]] = True
    for d in np.flatnonzero(outside & present).tolist():
        name, worst = rule.domain_names[d], int(short[d].argmax())
        at_most(
            context,
            "headroom",
            (rule.name, name, worst),
            Linear(float(short[d, worst])),
            0.0,
            rule=rule,
            where=f"{rule.name} {name}",
            unit=resource_unit(context, resource),
            size=max(1.0, float(rule.policy.amount)),  # type: ignore[union-attr]
        )


def _domain_rows(
    context: Context,
    rule: Rule,
    resource: int,
    inside: np.ndarray,
    name: str,
    need: np.ndarray,
    steps: list[int],
) -> None:
    instance = context.instance
    scale = float(instance.frame.scale[resource])
    pairs, hosts = np.flatnonzero(inside[context.pair_host]), np.flatnonzero(inside)
    demand = instance.demand[context.pair_group[pairs], resource, :] / scale
    place, awake = context.arrays["place"][pairs], context.arrays["awake"][hosts]
    kept = 1.0 - rule.policy.fraction  # type: ignore[union-attr]
    capacity = kept * instance.capacity[hosts, resource] / scale
    for s in steps:
        body = Linear(float(need[s]) / scale).extend(demand[:, s], place).extend(-capacity, awake)
        if not body.variables and instance.background is not None:
            continue
        at_most(
            context,
            "headroom",
            (rule.name, name, s),
            body,
            0.0,
            rule=rule,
            where=f"{rule.name} {name}",
            unit=resource_unit(context, resource),
            scale=scale,
            size=max(1.0, float(np.abs(capacity).sum()) * scale),
        )


def deficit(
    context: Context, rule: Rule, resource: int, usage: np.ndarray, host_on: np.ndarray
) -> np.ndarray:
    """Return use less the part of the capacity that may be used, (true domain, step)."""
    twin = context.instance.twin
    kept = 1.0 - rule.policy.fraction  # type: ignore[union-attr]
    capacity = kept * twin["host_capacity"].values[:, resource] * host_on
    value = (usage[:, resource, :] - capacity[:, None]) * rule.hosts[:, None]
    total = np.zeros((len(rule.domain_names), value.shape[1]))
    inside = rule.domain >= 0
    np.add.at(total, rule.domain[inside], value[inside])
    return total
