"""Exact checks of rules about which host or domain a workload may share."""

from __future__ import annotations

import numpy as np
import xarray as xr

from optimiser.analysis.rows import Rows, offenders
from optimiser.schema.policy import (
    Affinity,
    AllOf,
    AntiAffinity,
    AnyOf,
    Ban,
    DisruptionBudget,
    Drain,
    Fence,
    Latency,
    Pin,
    Preserve,
    Quarantine,
    Residency,
    Spread,
)
from optimiser.twin.latency import UserFacts, way_ms
from optimiser.twin.residency import DataFacts, objection
from optimiser.twin.rules import Rule


def measure_allowed_hosts(twin: xr.Dataset, rule: Rule, host: np.ndarray) -> list[Rows]:
    """Ban, fence and all other rules about single workloads: the host of each is allowed."""
    placed = (host >= 0) & (host < twin.sizes["host"])
    place = np.where(placed, host, 0)
    wrong = placed & rule.workloads & ~_is_allowed(twin, rule, place)
    names, hosts = twin["workload"].values, twin["host"].values
    key = np.arange(len(host), dtype=np.int64) * twin.sizes["host"] + place
    return [
        offenders(
            rule,
            wrong,
            key,
            lambda index: f"workload {names[index]} on host {hosts[place[index]]}",
            f"not allowed there ({rule.kind})",
        )
    ]


def _is_allowed(twin: xr.Dataset, rule: Rule, place: np.ndarray) -> np.ndarray:
    """Return whether each workload may be where it is, (W,) bool."""
    policy = rule.policy
    if isinstance(policy, Fence):
        return rule.hosts[place]
    if isinstance(policy, Ban | Drain):
        return ~rule.hosts[place]
    if isinstance(policy, Pin):
        return twin["host"].values[place] == policy.host
    if isinstance(policy, Preserve | DisruptionBudget):
        today = twin["workload_host"].values
        return (today < 0) | (place == today)
    if isinstance(policy, Quarantine):
        today = twin["workload_host"].values
        was_inside = (today >= 0) & rule.hosts[today]
        return np.where(was_inside, place == today, ~rule.hosts[place])
    if isinstance(policy, AnyOf | AllOf):
        kept = [~part.workloads | _is_allowed(twin, part, place) for part in rule.parts]
        return np.any(kept, axis=0) if isinstance(policy, AnyOf) else np.all(kept, axis=0)
    if isinstance(policy, Residency | Latency):
        reasons, which = objections(rule, place)
        return np.array([not reason for reason in reasons], dtype=bool)[which]
    assert rule.allowed is not None and rule.allowed_class is not None
    return rule.allowed[rule.allowed_class, place]


def objections(rule: Rule, place: np.ndarray) -> tuple[list[str], np.ndarray]:
    """Return why declared facts do not allow places, empty where they do, and which it is (W,).

    ``place`` (W,) is the host of each workload. Facts are asked of every pair that occurs.
    """
    policy, facts = rule.policy, rule.facts
    assert facts is not None
    places = len(facts.places)
    key = facts.of_workload.astype(np.int64) * places + facts.of_host[place]
    distinct, which = np.unique(key, return_inverse=True)
    found = []
    for data, where in (divmod(one, places) for one in distinct.tolist()):
        if isinstance(policy, Residency) and isinstance(facts, DataFacts):
            names, host = facts.data[data], facts.places[where]
            found.append(objection(policy, names, host, facts.first, facts.last))
        elif isinstance(policy, Latency) and isinstance(facts, UserFacts):
            found.append(_too_far(policy, facts.places[where], facts.users[data]))
    return found, which.reshape(-1)


def _too_far(policy: Latency, place: str, users: tuple[str, ...]) -> str:
    for user in users:
        ms = way_ms(policy, place, user)
        if ms > policy.limit_ms:
            far = f"{ms:g} ms" if np.isfinite(ms) else "an unknown way"
            return f"{far} from users in {user}, at most {policy.limit_ms:g} ms are allowed"
    return ""


def count_cells(rule: Rule, host: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the cells ``group · domains + domain`` in use, sorted, and the members in each."""
    inside = (rule.group >= 0) & (host >= 0)
    domain = rule.domain[np.where(inside, host, 0)]
    inside &= domain >= 0
    cell = rule.group[inside].astype(np.int64) * len(rule.domain_names) + domain[inside]
    cells, counts = np.unique(cell, return_counts=True)
    return cells, counts.astype(np.int64)


def measure_anti_affinity(twin: xr.Dataset, rule: Rule, host: np.ndarray) -> list[Rows]:
    """At most one member of each group in a domain."""
    assert isinstance(rule.policy, AntiAffinity)
    cells, counts = count_cells(rule, host)
    return [_cell_rows(rule, cells, counts, np.ones(len(cells), dtype=np.int64))]


def _cell_rows(rule: Rule, cells: np.ndarray, counts: np.ndarray, limit: np.ndarray) -> Rows:
    """Return rows for the cells in use; the empty ones cannot be above their limit."""
    width = max(1, len(rule.domain_names))
    return Rows(
        value=counts[:, None],
        limit=limit[:, None],
        label=lambda row: (
            f"{rule.group_names[cells[row] // width]} in "
            f"{_level(rule)} {rule.domain_names[cells[row] % width]}"
        ),
        noun="members",
        unit="",
        checked=len(rule.group_names) * len(rule.domain_names),
        key=cells,
    )


def _level(rule: Rule) -> str:
    return str(getattr(rule.policy, "domain", ""))


def domains_used(rule: Rule, cells: np.ndarray) -> np.ndarray:
    """Return how many domains each group uses, (group,) int64."""
    width = max(1, len(rule.domain_names))
    return np.bincount(cells // width, minlength=len(rule.group_names)).astype(np.int64)


def measure_affinity(twin: xr.Dataset, rule: Rule, host: np.ndarray) -> list[Rows]:
    """All members of each group in one domain."""
    assert isinstance(rule.policy, Affinity)
    used = domains_used(rule, count_cells(rule, host)[0])
    return [_group_rows(rule, used, np.ones(len(used), dtype=np.int64), f"{_level(rule)}s used")]


def _group_rows(
    rule: Rule, value: np.ndarray, limit: np.ndarray, noun: str, is_lower: bool = False
) -> Rows:
    sign = -1 if is_lower else 1
    return Rows(
        value=sign * value[:, None],
        limit=sign * limit[:, None],
        label=lambda row: rule.group_names[row],
        noun=noun,
        unit="",
        is_lower=is_lower,
    )


def measure_spread(twin: xr.Dataset, rule: Rule, host: np.ndarray) -> list[Rows]:
    """Members of each group over enough domains, not too many in one, evenly enough."""
    policy = rule.policy
    assert isinstance(policy, Spread)
    cells, counts = count_cells(rule, host)
    size = group_sizes(rule)
    rows = []
    if policy.max_per_domain is not None or policy.max_per_domain_fraction is not None:
        limit = largest_per_domain(policy, size)[cells // max(1, len(rule.domain_names))]
        rows.append(_cell_rows(rule, cells, counts, limit))
    if policy.min_domains is not None:
        used, least = domains_used(rule, cells), np.minimum(policy.min_domains, size)
        rows.append(_group_rows(rule, used, least, f"{policy.domain}s used", is_lower=True))
    if policy.max_skew is not None:
        limit = np.full(len(size), policy.max_skew, dtype=np.int64)
        rows.append(_group_rows(rule, skews(rule, cells, counts), limit, "skew"))
    return rows


def group_sizes(rule: Rule) -> np.ndarray:
    """Return the number of members of each group, (group,) int64."""
    members = rule.group[rule.group >= 0]
    return np.bincount(members, minlength=len(rule.group_names)).astype(np.int64)


def largest_per_domain(policy: Spread, size: np.ndarray) -> np.ndarray:
    """Return the largest number of members in one domain, (group,) int64; shares round up."""
    limit = np.full(len(size), np.iinfo(np.int64).max // 4)
    if policy.max_per_domain is not None:
        limit = np.minimum(limit, policy.max_per_domain)
    if policy.max_per_domain_fraction is not None:
        share = np.ceil(size * policy.max_per_domain_fraction - 1e-9).astype(np.int64)
        limit = np.minimum(limit, np.maximum(1, share))
    return limit


def has_hosts(rule: Rule) -> np.ndarray:
    """Return which domains of the level hold any host, (domain,) bool; others never count."""
    found = np.zeros(len(rule.domain_names), dtype=bool)
    found[rule.domain[rule.domain >= 0]] = True
    return found


def skews(rule: Rule, cells: np.ndarray, counts: np.ndarray) -> np.ndarray:
    """Return fullest minus emptiest domain of each group, over the domains that hold hosts."""
    width, num_groups = max(1, len(rule.domain_names)), len(rule.group_names)
    fullest = np.zeros(num_groups, dtype=np.int64)
    np.maximum.at(fullest, cells // width, counts)
    emptiest = np.full(num_groups, np.iinfo(np.int64).max)
    np.minimum.at(emptiest, cells // width, counts)
    all_used = domains_used(rule, cells) == np.count_nonzero(has_hosts(rule))
    return fullest - np.where(all_used & (fullest > 0), emptiest, 0)
