"""A vectorised sieve over placements: it may let illegal ones pass, and never drops a legal one.

Every rule is written once more, apart from the checker and the model, as values that must stay
below limits; ``verify`` has the last word on what passes.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
import xarray as xr
from instances.sieve_further import Limited, further_limits

from optimiser.analysis.loads import host_power
from optimiser.schema.policy import (
    Affinity,
    AntiAffinity,
    DomainCapacity,
    Headroom,
    MaxHostsOn,
    MaxMoves,
    Spread,
)
from optimiser.twin.limits import all_rack_rows
from optimiser.twin.rules import Rule

TOLERANCE = 1e-6


def screen(twin: xr.Dataset, rules: Sequence[Rule], host: np.ndarray, on: np.ndarray) -> np.ndarray:
    """Return which candidates (n,) may be legal: ``host`` (n, W), ``on`` (n, H).

    Today stands below the candidates as one more row, so that what a lenient rule excuses is what
    the same formula gives there.
    """
    today = twin["workload_host"].values
    host = np.vstack([host, today[None]])
    on = np.vstack([on, twin["host_on"].values[None]])
    usage = usage_of(twin, host)
    passed = np.ones(len(host), dtype=bool)
    lenient = bool(twin.attrs.get("capacity_not_worse"))
    capacity = twin["host_capacity"].values[:, :, None]
    passed &= _below((usage, capacity), lenient)
    for rule in rules:
        if rule.is_hard:
            for limited in _limited(twin, rule, host, on, usage):
                passed &= _below(limited, rule.not_worse)
    for limited, rule in _rack_limited(twin, rules, usage, on):
        passed &= _below(limited, rule.not_worse)
    return passed[:-1]


def _below(limited: Limited, lenient: bool) -> np.ndarray:
    """Compare (n, …) values with their limit, raised to the last row's value if lenient."""
    value, limit = limited
    if lenient:
        limit = np.maximum(limit, value[-1])
    return (value <= limit + TOLERANCE).reshape(len(value), -1).all(axis=1)


def usage_of(twin: xr.Dataset, host: np.ndarray) -> np.ndarray:
    """Return the use of every host in every candidate, (n, host, resource, step)."""
    use = twin["flavour_usage"].values[twin["workload_flavour"].values]
    total = np.zeros((len(host), twin.sizes["host"] + 1, *use.shape[1:]), dtype=np.int64)
    rows = np.arange(len(host))
    for workload in range(host.shape[1]):
        total[rows, host[:, workload]] += use[workload]
    return total[:, :-1]  # what runs nowhere was added to one host too many


def planning_rack_w(
    twin: xr.Dataset, usage: np.ndarray, on: np.ndarray, gap: float = 1.0
) -> np.ndarray:
    """Return rack planning power of every candidate, (n, rack, step) [W]; ``gap`` 0 omits it."""
    curves, (number, num_hosts) = host_power(twin), on.shape
    hosts = np.tile(np.arange(num_hosts), number)
    flat = curves.planning_uw(hosts, usage.reshape(-1, *usage.shape[2:]), on.reshape(-1)) / 1e6
    power = flat.reshape(number, num_hosts, twin.sizes["step"])
    power = power - (1.0 - gap) * (curves.envelope.gap_w[curves.kind] * on)[:, :, None]
    rack = np.zeros((number, twin.sizes["rack"], power.shape[2]))
    for index in range(num_hosts):
        rack[:, twin["host_rack"].values[index]] += power[:, index]
    return rack


def _rack_limited(
    twin: xr.Dataset, rules: Sequence[Rule], usage: np.ndarray, on: np.ndarray
) -> Iterator[tuple[Limited, Rule]]:
    rack_w = planning_rack_w(twin, usage, on)
    for rows in all_rack_rows(twin, [rule for rule in rules if rule.is_hard]):
        value = np.einsum("dr,nrs->nds", rows.coefficient, rack_w) + rows.offset[None, :, None]
        slack = 1.0 if rows.unit == "W" else 0.01  # limits are compared rounded down
        yield (value - slack, rows.limit), rows.rule


def _limited(
    twin: xr.Dataset, rule: Rule, host: np.ndarray, on: np.ndarray, usage: np.ndarray
) -> Iterator[Limited]:
    policy, today = rule.policy, twin["workload_host"].values
    gone = (today >= 0) & (host != today)
    if isinstance(policy, MaxMoves):
        yield (gone & rule.workloads).sum(axis=1), policy.limit
    elif isinstance(policy, MaxHostsOn):
        yield (on & rule.hosts).sum(axis=1), policy.limit
    elif isinstance(policy, Headroom):
        yield from _reserve(twin, rule, policy, on, usage)
    elif isinstance(policy, DomainCapacity) and policy.resource not in ("power", "space"):
        yield from _resource(twin, rule, policy, usage)
    elif isinstance(policy, Affinity | AntiAffinity | Spread):
        yield from _groups(rule, host)
    else:
        yield from further_limits(twin, rule, host, on, usage)


def _domains(rule: Rule) -> list[np.ndarray]:
    """Return the counted hosts of each domain that has some."""
    inside = rule.hosts & (rule.domain >= 0)
    return [inside & (rule.domain == d) for d in np.unique(rule.domain[inside])]


def _reserve(
    twin: xr.Dataset, rule: Rule, policy: Headroom, on: np.ndarray, usage: np.ndarray
) -> Iterator[Limited]:
    resource = twin["resource"].values.tolist().index(policy.resource)
    capacity = twin["host_capacity"].values[:, resource] * on
    for inside in _domains(rule):
        used = usage[:, inside, resource].sum(axis=1)
        room = capacity[:, inside].sum(axis=1) * (1.0 - policy.fraction) - policy.amount
        yield used - room[:, None], 0.0


def _resource(
    twin: xr.Dataset, rule: Rule, policy: DomainCapacity, usage: np.ndarray
) -> Iterator[Limited]:
    resource = twin["resource"].values.tolist().index(policy.resource)
    for inside in _domains(rule):
        offered = float(twin["host_capacity"].values[inside, resource].sum())
        limit = policy.limit if policy.limit is not None else offered
        yield usage[:, inside, resource].sum(axis=1), limit * policy.limit_fraction


def _groups(rule: Rule, host: np.ndarray) -> Iterator[Limited]:
    policy = rule.policy
    domain = np.append(rule.domain, -1)[host]
    for group in range(len(rule.group_names)):
        member = rule.group == group
        count = (domain[:, member, None] == np.arange(len(rule.domain_names))).sum(axis=1)
        used = (count > 0).sum(axis=1)
        if isinstance(policy, AntiAffinity):
            yield count, 1
        elif isinstance(policy, Affinity):
            yield used, 1
        elif isinstance(policy, Spread) and policy.max_per_domain is not None:
            yield count, policy.max_per_domain
        elif isinstance(policy, Spread) and policy.min_domains is not None:
            yield -used, -min(policy.min_domains, int(member.sum()))
