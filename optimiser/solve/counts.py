"""Rules that count members of a group in a domain, in one table for the kernels.

Spread, anti-affinity and affinity all read: at most ``limit`` members of group g in domain d, and
between ``least`` and ``most`` domains used.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

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
MOST_DENSE = 2**27
"""Cells of a rule beyond which only those in use are kept: half a gigabyte for each searcher."""
COUNTED = (
    Spread, AntiAffinity, Affinity, GroupCount, Isolation, IsolationLimit, Licence,
    PresenceOverhead, ResponseTime, Availability,
)  # fmt: skip


@dataclass(frozen=True)
class CountTable:
    """Count rules side by side.

    ``group`` (rule, workload) int32 and ``domain`` (rule, host) int32, −1 none; cell
    ``offset[rule] + group·num_domains[rule] + domain`` of ``limit`` is the largest count. Where
    that were too many cells ``offset`` is −1 and ``cap`` (rule, group) the largest count, but for
    the cells with the numbers ``excused`` (sorted, numbered through from ``first_cell[rule]``),
    which have ``excused_limit``; what is counted there goes into a hash table of its own for each
    group, at ``slot_start`` (rule, group) with ``slot_mask`` + 1 slots.
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
    cap: np.ndarray
    first_cell: np.ndarray
    excused: np.ndarray
    excused_limit: np.ndarray
    slot_start: np.ndarray
    slot_mask: np.ndarray
    num_slots: int
    least: np.ndarray
    most: np.ndarray
    skew: np.ndarray
    size: np.ndarray
    crowd: np.ndarray
    takes: np.ndarray

    def is_sparse(self, rule: int) -> bool:
        """Whether only the cells in use of a rule are kept."""
        return bool(self.offset[rule] < 0)

    def limit_of(self, rule: int, cell: np.ndarray) -> np.ndarray:
        """Return the largest count of cells (group times domains plus domain) of a rule."""
        if not self.is_sparse(rule):
            return np.asarray(self.limit[int(self.offset[rule]) + cell])
        found = self.cap[rule, cell // self.num_domains[rule]].copy()
        number = cell + self.first_cell[rule]
        position = np.searchsorted(self.excused, number)
        inside = np.flatnonzero(position < len(self.excused))
        inside = inside[self.excused[position[inside]] == number[inside]]
        found[inside] = self.excused_limit[position[inside]]
        return found

    def room_of(self, rule: int, alive: np.ndarray) -> np.ndarray:
        """Return how many members each group (group,) may have in some domains (domain,) bool."""
        groups, domains = int(self.num_groups[rule]), int(self.num_domains[rule])
        if not self.is_sparse(rule):
            start = int(self.offset[rule])
            limit = self.limit[start : start + groups * domains].reshape(groups, domains)
            return np.asarray(limit.astype(np.int64)[:, alive].sum(axis=1))
        room = self.cap[rule, :groups].astype(np.int64) * int(alive.sum())
        cell = self.excused - self.first_cell[rule]
        here = np.flatnonzero((cell >= 0) & (cell < groups * domains))
        here = here[alive[cell[here] % domains]]
        group = cell[here] // domains
        np.add.at(room, group, self.excused_limit[here] - self.cap[rule, group])
        return room


def count_table(twin: xr.Dataset, rules: Sequence[Rule]) -> CountTable:
    """Return the hard counting rules of a site."""
    chosen = tuple(r for r in rules if r.is_hard and isinstance(r.policy, COUNTED))
    domains = [_domains_with_hosts(rule) for rule in chosen]
    num_domains = np.array([max(1, int(d.max(initial=-1)) + 1) for d in domains], dtype=np.int64)
    num_groups = np.array([len(r.group_names) for r in chosen], dtype=np.int64)
    num_cells = num_domains * num_groups
    first = np.concatenate([[0], np.cumsum(num_cells)]).astype(np.int64)
    widest = int(num_groups.max(initial=1))
    cap = np.full((len(chosen), widest), NO_LIMIT, dtype=np.int32)
    least, sizes = np.zeros_like(cap), np.zeros_like(cap)
    most, skew = cap.copy(), cap.copy()
    beyond: list[tuple[np.ndarray, np.ndarray]] = []
    for index, rule in enumerate(chosen):
        size = np.bincount(rule.group[rule.group >= 0], minlength=int(num_groups[index]))
        sizes[index, : len(size)] = size
        cap[index, : len(size)] = _largest(rule, size)
        _domain_bounds(rule, size, least[index], most[index], skew[index])
        excess = np.empty((2, 0), dtype=np.int64)
        if isinstance(rule.policy, Availability):  # its limits know what is excused today
            bounds = domain_limits(rule, twin)
            cap[index, : len(size)] = bounds[:, 0]
            least[index, : len(size)], most[index, : len(size)] = bounds[:, 1], bounds[:, 2]
        elif rule.not_worse:
            excess = _excuse(
                twin, rule, domains[index], int(num_domains[index]), cap[index], least[index],
                most[index], skew[index],
            )  # fmt: skip
        beyond.append((excess[0], excess[1]))
    is_sparse = (num_cells > MOST_DENSE) & (skew == NO_LIMIT).all(axis=1)
    stored = np.concatenate([[0], np.cumsum(np.where(is_sparse, 0, num_cells))])
    offset = np.where(is_sparse, -1, stored[:-1]).astype(np.int64)
    shape = (len(chosen), twin.sizes["workload"])
    return CountTable(
        rules=chosen,
        group=np.array([r.group for r in chosen], dtype=np.int32).reshape(shape),
        domain=np.array(domains, dtype=np.int32).reshape(len(chosen), twin.sizes["host"]),
        num_domains=num_domains,
        num_groups=num_groups,
        offset=offset,
        limit=_limits(offset, num_domains, num_groups, cap, beyond),
        cap=cap,
        first_cell=first[:-1],
        **_excused(is_sparse, first, beyond),
        **_slots(is_sparse, sizes),
        least=least,
        most=most,
        skew=skew,
        size=sizes,
        crowd=_crowds(twin, chosen, domains, int(num_domains.max(initial=1))),
        takes=_takes(chosen, domains, int(num_domains.max(initial=1))),
    )


def _limits(
    offset: np.ndarray,
    num_domains: np.ndarray,
    num_groups: np.ndarray,
    cap: np.ndarray,
    beyond: Sequence[tuple[np.ndarray, np.ndarray]],
) -> np.ndarray:
    """Return the largest count of every dense cell."""
    parts = [np.empty(0, dtype=np.int32)]
    for rule in np.flatnonzero(offset >= 0).tolist():
        limit = np.repeat(cap[rule, : num_groups[rule]], num_domains[rule])
        cell, count = beyond[rule]
        limit[cell] = count
        parts.append(limit)
    return np.concatenate(parts)


def _excused(
    is_sparse: np.ndarray, first: np.ndarray, beyond: Sequence[tuple[np.ndarray, np.ndarray]]
) -> dict[str, Any]:
    """Return the sparse cells that may hold more than others, by their number."""
    none = np.empty(0, dtype=np.int64)
    rules = np.flatnonzero(is_sparse).tolist()
    return {
        "excused": np.concatenate([none, *[first[rule] + beyond[rule][0] for rule in rules]]),
        "excused_limit": np.concatenate([none, *[beyond[rule][1] for rule in rules]]),
    }


def _slots(is_sparse: np.ndarray, size: np.ndarray) -> dict[str, Any]:
    """Return where the hash tables of groups are: a power of two, at most half of it in use."""
    count = 2 ** np.ceil(np.log2(2.0 * np.maximum(size, 1))).astype(np.int64)
    count = np.where(is_sparse[:, None], count, 0)
    end = np.cumsum(count.reshape(-1))
    return {
        "slot_start": (end.reshape(size.shape) - count).astype(np.int64),
        "slot_mask": count - 1,
        "num_slots": int(end[-1]) if len(end) else 0,
    }


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
    cap: np.ndarray,
    least: np.ndarray,
    most: np.ndarray,
    skew: np.ndarray,
) -> np.ndarray:
    """Let groups stay as far beyond their bounds as they are today, and no farther.

    Returns the cells (group times domains plus domain) beyond ``cap`` and their counts (2, n).
    """
    today, num_groups = twin["workload_host"].values, len(rule.group_names)
    placed = (today >= 0) & (rule.group >= 0)
    domain = domain_of_host[np.maximum(today, 0)]
    placed &= domain >= 0
    cell, count = np.unique(
        rule.group[placed].astype(np.int64) * num_domains + domain[placed], return_counts=True
    )
    group = cell // num_domains
    takes = rule.takes[np.unique(rule.domain[rule.domain >= 0])]
    used = np.zeros(num_groups, dtype=np.int64)
    np.add.at(used, group, takes[cell % num_domains].astype(np.int64))
    highest, lowest = np.zeros(num_groups, np.int64), np.full(num_groups, NO_LIMIT, np.int64)
    np.maximum.at(highest, group, count)
    np.minimum.at(lowest, group, count)
    lowest[np.bincount(group, minlength=num_groups) < num_domains] = 0
    least[:num_groups] = np.minimum(least[:num_groups], used)
    most[:num_groups] = np.maximum(most[:num_groups], used)
    skew[:num_groups] = np.maximum(skew[:num_groups], highest - lowest)
    beyond = count > cap[group]
    return np.stack([cell[beyond], count[beyond]])
