"""Rules that count members of a group in a domain, in one table for the kernels.

Spread, anti-affinity and affinity all read: at most ``limit`` members of group g in domain d, and
between ``least`` and ``most`` domains used.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import xarray as xr

from optimiser.schema.policy import (
    Affinity,
    AntiAffinity,
    Availability,
    GroupCount,
    Isolation,
    IsolationLimit,
    Licence,
    PresenceOverhead,
    ResponseTime,
    Spread,
)
from optimiser.solve.uptime import domain_limits
from optimiser.twin.rules import Rule

NO_LIMIT = np.int32(2**30)
COUNTED = (
    Spread, AntiAffinity, Affinity, GroupCount, Isolation, IsolationLimit, Licence,
    PresenceOverhead, ResponseTime, Availability,
)  # fmt: skip


@dataclass(frozen=True)
class CountTable:
    """Count rules side by side.

    ``group`` (rule, workload) int32 and ``domain`` (rule, host) int32, −1 none; cell
    ``offset[rule] + group·num_domains[rule] + domain`` of ``limit`` is the largest count;
    ``least``, ``most`` and ``skew`` (rule, group) bound the number of domains used and the
    difference between the fullest and the emptiest; ``size`` (rule, group) its members. ``crowd``
    (rule, domain) is the largest number of groups in a domain, ``takes`` (rule, domain) what a
    domain counts that a group uses.
    """

    rules: tuple[Rule, ...]
    group: np.ndarray
    domain: np.ndarray
    num_domains: np.ndarray
    num_groups: np.ndarray
    offset: np.ndarray
    limit: np.ndarray
    least: np.ndarray
    most: np.ndarray
    skew: np.ndarray
    size: np.ndarray
    crowd: np.ndarray
    takes: np.ndarray


def count_table(twin: xr.Dataset, rules: Sequence[Rule]) -> CountTable:
    """Return the hard counting rules of a site."""
    chosen = tuple(r for r in rules if r.is_hard and isinstance(r.policy, COUNTED))
    domains = [_domains_with_hosts(rule) for rule in chosen]
    num_domains = np.array([max(1, int(d.max(initial=-1)) + 1) for d in domains], dtype=np.int64)
    num_groups = np.array([len(r.group_names) for r in chosen], dtype=np.int64)
    offset = np.concatenate([[0], np.cumsum(num_domains * num_groups)]).astype(np.int64)
    widest = int(num_groups.max(initial=1))
    least = np.zeros((len(chosen), widest), dtype=np.int32)
    most = np.full((len(chosen), widest), NO_LIMIT, dtype=np.int32)
    skew = np.full((len(chosen), widest), NO_LIMIT, dtype=np.int32)
    sizes = np.zeros((len(chosen), widest), dtype=np.int32)
    limit = np.full(offset[-1], NO_LIMIT, dtype=np.int32)
    for index, rule in enumerate(chosen):
        size = np.bincount(rule.group[rule.group >= 0], minlength=int(num_groups[index]))
        sizes[index, : len(size)] = size
        cell = slice(int(offset[index]), int(offset[index + 1]))
        limit[cell] = np.repeat(_largest(rule, size), int(num_domains[index]))
        _domain_bounds(rule, size, least[index], most[index], skew[index])
        if isinstance(rule.policy, Availability):  # its limits know what is excused today
            bounds = domain_limits(rule, twin)
            limit[cell] = np.repeat(bounds[:, 0], int(num_domains[index]))
            least[index, : len(size)], most[index, : len(size)] = bounds[:, 1], bounds[:, 2]
        elif rule.not_worse:
            _excuse(
                twin,
                rule,
                domains[index],
                int(num_domains[index]),
                limit[cell],
                least[index],
                most[index],
                skew[index],
            )
    shape = (len(chosen), twin.sizes["workload"])
    return CountTable(
        rules=chosen,
        group=np.array([r.group for r in chosen], dtype=np.int32).reshape(shape),
        domain=np.array(domains, dtype=np.int32).reshape(len(chosen), twin.sizes["host"]),
        num_domains=num_domains,
        num_groups=num_groups,
        offset=offset[:-1],
        limit=limit,
        least=least,
        most=most,
        skew=skew,
        size=sizes,
        crowd=_crowds(twin, chosen, domains, int(num_domains.max(initial=1))),
        takes=_takes(chosen, domains, int(num_domains.max(initial=1))),
    )


def _crowds(
    twin: xr.Dataset, rules: Sequence[Rule], domains: Sequence[np.ndarray], widest: int
) -> np.ndarray:
    """Return the largest number of groups in each domain (rule, domain)."""
    crowd = np.full((len(rules), widest), NO_LIMIT, dtype=np.int32)
    today = twin["workload_host"].values
    for index, (rule, domain) in enumerate(zip(rules, domains, strict=True)):
        if not isinstance(rule.policy, GroupCount | Isolation):
            continue
        crowd[index] = getattr(rule.policy, "limit", 1)
        if rule.not_worse:
            placed = (today >= 0) & (rule.group >= 0) & (domain[today] >= 0)
            pairs = np.unique(np.column_stack([rule.group, domain[today]])[placed], axis=0)
            there = np.bincount(pairs[:, 1], minlength=widest)
            crowd[index] = np.maximum(crowd[index], there)
    return crowd


def _takes(rules: Sequence[Rule], domains: Sequence[np.ndarray], widest: int) -> np.ndarray:
    """Return what each domain counts that a group uses (rule, domain)."""
    takes = np.ones((len(rules), widest), dtype=np.int32)
    for index, (rule, domain) in enumerate(zip(rules, domains, strict=True)):
        inside = domain >= 0
        takes[index, domain[inside]] = rule.takes[rule.domain[inside]]
    return takes


def _domains_with_hosts(rule: Rule) -> np.ndarray:
    """Return the domain of each host (H,), numbered without gaps: empty domains hold nothing."""
    used = np.unique(rule.domain[rule.domain >= 0])
    return np.where(rule.domain >= 0, np.searchsorted(used, rule.domain), -1).astype(np.int32)


def _largest(rule: Rule, size: np.ndarray) -> np.ndarray:
    """Return the largest count of each group in one domain."""
    policy = rule.policy
    if isinstance(policy, AntiAffinity):
        return np.ones(len(size), dtype=np.int32)
    limit = np.full(len(size), NO_LIMIT, dtype=np.int64)
    if isinstance(policy, Spread):
        if policy.max_per_domain is not None:
            limit = np.minimum(limit, policy.max_per_domain)
        if policy.max_per_domain_fraction is not None:
            limit = np.minimum(limit, share_limit(size, policy.max_per_domain_fraction))
    return limit.astype(np.int32)


def share_limit(size: np.ndarray, fraction: float) -> np.ndarray:
    """Return the largest count that a share of a group allows, rounded up, at least one."""
    return np.maximum(1, np.ceil(size * fraction - 1e-9)).astype(np.int64)


def _domain_bounds(
    rule: Rule, size: np.ndarray, least: np.ndarray, most: np.ndarray, skew: np.ndarray
) -> None:
    policy = rule.policy
    if isinstance(policy, IsolationLimit | Licence):
        most[: len(size)] = policy.limit
    if isinstance(policy, Affinity):
        most[: len(size)] = 1
    if isinstance(policy, Spread) and policy.min_domains is not None:
        least[: len(size)] = np.minimum(policy.min_domains, size)
    if isinstance(policy, Spread) and policy.max_skew is not None:
        skew[: len(size)] = policy.max_skew


def _excuse(
    twin: xr.Dataset,
    rule: Rule,
    domain_of_host: np.ndarray,
    num_domains: int,
    limit: np.ndarray,
    least: np.ndarray,
    most: np.ndarray,
    skew: np.ndarray,
) -> None:
    """Let groups stay as far beyond their bounds as they are today, and no farther."""
    today, num_groups = twin["workload_host"].values, len(rule.group_names)
    placed = (today >= 0) & (rule.group >= 0)
    domain = domain_of_host[np.maximum(today, 0)]
    placed &= domain >= 0
    count = np.bincount(
        rule.group[placed].astype(np.int64) * num_domains + domain[placed],
        minlength=num_groups * num_domains,
    )
    np.maximum(limit, count, out=limit)
    table = count.reshape(num_groups, num_domains)
    used = (table > 0) @ rule.takes[np.unique(rule.domain[rule.domain >= 0])]
    least[:num_groups] = np.minimum(least[:num_groups], used)
    most[:num_groups] = np.maximum(most[:num_groups], used)
    skew[:num_groups] = np.maximum(skew[:num_groups], table.max(axis=1) - table.min(axis=1))
