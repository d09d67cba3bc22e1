"""What is left when any one domain is lost."""

from __future__ import annotations

import numpy as np

from optimiser.formulation.context import Context
from optimiser.formulation.domains import resource_unit
from optimiser.formulation.linear import Linear
from optimiser.formulation.rows import at_most, declare_rows
from optimiser.schema.policy import SurviveDomain
from optimiser.twin.rules import Rule


def constrain_survive_domain(context: Context) -> None:
    r"""Keep enough on outside each domain for all demand, resource by resource.

    .. math:: \max_t \sum_g m_g\, u_{g,r,t} \le \sum_{k \notin d} C_{k,r}\, z_k \qquad \forall d, r

    Where workloads may have no host, a row for each t, in which only those that have one count. For
    domains that cannot be told apart the mean of their rows. Recipe entry:
    ``survive_domain``. Dual: cost of one more unit of demand that survives.
    """
    declare_rows(context, "survive_domain")
    for rule in context.instance.frame.rules:
        if not isinstance(rule.policy, SurviveDomain):
            continue
        names = context.instance.twin["resource"].values.astype(str).tolist()
        for name in rule.policy.resources or names:
            _resource_rows(context, rule, names.index(name), name)


def _resource_rows(context: Context, rule: Rule, resource: int, name: str) -> None:
    instance, level = context.instance, rule.policy.domain  # type: ignore[union-attr]
    domains, scale = instance.domains(rule), float(instance.frame.scale[resource])
    capacity = instance.capacity[:, resource].astype(float)
    need, waiting = _need(context, rule, resource), context.shared["unserved"]
    if not waiting:
        need = need.max(axis=1, keepdims=True)
    usage = instance.demand[:, resource]
    settled = instance.twin["host_capacity"].values[:, resource] * instance.fixed.host_on
    lost = np.zeros(len(rule.domain_names))
    np.add.at(lost, rule.domain[rule.domain >= 0], settled[rule.domain >= 0])
    present = np.unique(rule.domain[rule.domain >= 0])
    parts = [(present[domains.of_true[present] == d], d) for d in range(domains.count)]
    parts += [(np.array([d]), -1) for d in present[domains.of_true[present] < 0].tolist()]
    for true, d in parts:
        left = 1.0 - (domains.of_host == d) / len(true) if d >= 0 else np.ones(len(capacity))
        label = domains.names[d] if d >= 0 else rule.domain_names[true[0]]
        for step in range(need.shape[1]):
            body = Linear((need[true, step].mean() - settled.sum() + lost[true].mean()) / scale)
            body.extend(-capacity * left / scale, context.arrays["awake"])
            for group, unserved in waiting.items():
                body.add(-usage[group, step] / scale, unserved)
            index = (rule.name, label, name, step) if waiting else (rule.name, label, name)
            at_most(
                context, "survive_domain", index, body, 0.0, rule=rule,
                where=f"{rule.name} {name} without {level} {label}",
                unit=resource_unit(context, resource), scale=scale,
                size=max(1.0, need[true].max()),
            )  # fmt: skip


def _need(context: Context, rule: Rule, resource: int) -> np.ndarray:
    """Return what must be left when each true domain is lost (domain, step), if all have a host.

    That is demand less what may lack. With ``not_worse`` as much may lack at each step as does
    today.
    """
    twin = context.instance.twin
    use = twin["flavour_usage"].values[twin["workload_flavour"].values, resource].sum(axis=0)
    lack = np.zeros((len(rule.domain_names), len(use)))
    if rule.not_worse:
        capacity = twin["host_capacity"].values[:, resource] * twin["host_on"].values
        inside = rule.domain >= 0
        lost = np.bincount(rule.domain[inside], capacity[inside], len(rule.domain_names))
        today = context.instance.frame.today.usage[:, resource].sum(axis=0)
        lack = np.maximum(today[None, :] - (capacity.sum() - lost)[:, None], 0.0)
    return np.asarray(use[None, :] - lack)
