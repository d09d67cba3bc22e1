"""The further kinds of the catalogue, as values that must stay below limits; see the sieve."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import xarray as xr

from optimiser.schema.policy import (
    FreeUnits,
    GroupCapacity,
    GroupCount,
    Isolation,
    IsolationLimit,
    Licence,
    MaxMovesPerService,
    MinHostsOn,
    MoveBudget,
    PresenceOverhead,
    SurviveDomain,
)
from optimiser.twin.rules import PARTS, Rule

Limited = tuple[np.ndarray, np.ndarray | float]


def further_limits(
    twin: xr.Dataset, rule: Rule, host: np.ndarray, on: np.ndarray, usage: np.ndarray
) -> Iterator[Limited]:
    """Yield values (n, …) and limits of one rule over all candidates; nothing for other kinds."""
    policy, today = rule.policy, twin["workload_host"].values
    gone = (today >= 0) & (host != today)
    if isinstance(policy, MaxMovesPerService):
        for group in range(len(rule.group_names)):
            yield (gone & (rule.group == group)).sum(axis=1), policy.limit
    elif isinstance(policy, MoveBudget):
        yield gone @ rule.amount / PARTS, policy.limit
    elif isinstance(policy, MinHostsOn):
        yield -(on & rule.hosts).sum(axis=1), -policy.limit
    elif isinstance(policy, SurviveDomain):
        yield from _lost(twin, rule, policy, on, usage)
    elif isinstance(policy, GroupCapacity):
        yield from _group_uses(twin, rule, policy, host)
    elif isinstance(policy, FreeUnits):
        names = twin["resource"].values.tolist()
        fit = np.min([
            np.maximum(twin["host_capacity"].values[:, r] - usage[:, :, r].max(axis=2), 0) // size
            for name, size in policy.size.items() for r in [names.index(name)]
        ], axis=0) * (rule.hosts & twin["host_usable"].values)  # fmt: skip
        count = max(1, len(rule.domain_names))
        yield -(fit @ (rule.domain[:, None] == np.arange(count))).max(axis=1), -policy.count
    elif isinstance(policy, PresenceOverhead):
        resource = twin["resource"].values.tolist().index(policy.resource)
        crowd = np.sum([
            [(host[:, rule.group == g] == h).any(axis=1) for h in range(on.shape[1])]
            for g in range(len(rule.group_names))
        ], axis=0) if rule.group_names else np.zeros(on.T.shape)  # fmt: skip
        limit = twin["host_capacity"].values[:, [resource]]
        yield usage[:, :, resource] + policy.amount * crowd.T[:, :, None], limit
    elif isinstance(policy, GroupCount | Isolation | IsolationLimit | Licence):
        yield from _shares(rule, host)


def _lost(
    twin: xr.Dataset, rule: Rule, policy: SurviveDomain, on: np.ndarray, usage: np.ndarray
) -> Iterator[Limited]:
    names = twin["resource"].values.tolist()
    capacity = twin["host_capacity"].values[None] * on[:, :, None]
    for name in policy.resources or names:
        resource = names.index(name)
        for d in np.unique(rule.domain[rule.domain >= 0]).tolist():
            left = capacity[:, rule.domain != d, resource].sum(axis=1)
            yield usage[:, :, resource].sum(axis=1) - left[:, None], 0.0


def _group_uses(
    twin: xr.Dataset, rule: Rule, policy: GroupCapacity, host: np.ndarray
) -> Iterator[Limited]:
    resource = twin["resource"].values.tolist().index(policy.resource)
    use = twin["flavour_usage"].values[twin["workload_flavour"].values, resource]
    domain = np.append(rule.domain, -1)[host]
    for d in np.unique(rule.domain[rule.domain >= 0]).tolist():
        offered = float(twin["host_capacity"].values[rule.domain == d, resource].sum())
        limit = policy.limit if policy.limit is not None else offered
        for group in range(len(rule.group_names)):
            yield ((domain == d) & (rule.group == group)) @ use, limit * policy.limit_fraction


def _shares(rule: Rule, host: np.ndarray) -> Iterator[Limited]:
    domain, policy = np.append(rule.domain, -1)[host], rule.policy
    used = np.array([
        [(domain[:, rule.group == g] == d).any(axis=1) for d in range(len(rule.domain_names))]
        for g in range(len(rule.group_names))
    ])  # fmt: skip
    if not used.size:
        return
    if isinstance(policy, GroupCount | Isolation):
        yield used.sum(axis=0).T, getattr(policy, "limit", 1)
    else:
        assert isinstance(policy, IsolationLimit | Licence)
        yield np.einsum("gdn,d->ng", used, rule.takes), policy.limit
