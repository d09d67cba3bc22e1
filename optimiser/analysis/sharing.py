"""Exact checks of who shares a domain with whom: isolation, licences and groups in a domain."""

from __future__ import annotations

import numpy as np
import xarray as xr

from optimiser.analysis.capacity import resource_unit
from optimiser.analysis.placement_rules import count_cells, has_hosts
from optimiser.analysis.rows import Rows, floor_limit
from optimiser.schema.policy import (
    GroupCapacity,
    GroupCount,
    IsolationLimit,
    Licence,
    PresenceOverhead,
    ResponseTime,
)
from optimiser.twin.queueing import mean_response, slower_than
from optimiser.twin.rules import Rule

ROUNDING = 1e-12
"""Share by which response times may differ for no reason but arithmetic."""


def measure_used_domains(twin: xr.Dataset, rule: Rule, host: np.ndarray) -> list[Rows]:
    """Each group uses at most so many domains, or takes at most so many licences."""
    policy = rule.policy
    assert isinstance(policy, IsolationLimit | Licence)
    cells, _ = count_cells(rule, host)
    width, taken = max(1, len(rule.domain_names)), np.zeros(len(rule.group_names), dtype=np.int64)
    np.add.at(taken, cells // width, rule.takes[cells % width])
    return [
        Rows(
            value=taken[:, None],
            limit=np.full((len(taken), 1), policy.limit, dtype=np.int64),
            label=lambda row: rule.group_names[row],
            noun="licences" if isinstance(policy, Licence) else f"{policy.domain}s used",
            unit="",
        )
    ]


def measure_groups_in_domain(twin: xr.Dataset, rule: Rule, host: np.ndarray) -> list[Rows]:
    """Each domain holds at most so many groups; one where they are to be alone."""
    policy = rule.policy
    cells, _ = count_cells(rule, host)
    width = max(1, len(rule.domain_names))
    crowd = np.bincount(cells % width, minlength=width).astype(np.int64)
    present = np.flatnonzero(has_hosts(rule))
    limit = policy.limit if isinstance(policy, GroupCount) else 1
    return [
        Rows(
            value=crowd[present, None],
            limit=np.full((len(present), 1), limit, dtype=np.int64),
            label=lambda row: (
                f"{policy.domain} {rule.domain_names[present[row]]}"  # type: ignore[union-attr]
            ),
            noun="groups",
            unit="",
        )
    ]


def measure_group_capacity(twin: xr.Dataset, rule: Rule, host: np.ndarray) -> list[Rows]:
    """Each group uses at most so much of a resource in each domain, at every step."""
    policy = rule.policy
    assert isinstance(policy, GroupCapacity)
    resource = twin["resource"].values.astype(str).tolist().index(policy.resource)
    cells, value = group_use(twin, rule, resource, host, np.arange(len(host)))
    width = max(1, len(rule.domain_names))
    limit = group_limit(twin, rule, resource)[cells % width]
    return [
        Rows(
            value=value,
            limit=limit[:, None],
            label=lambda row: (
                f"{rule.group_names[cells[row] // width]} in "
                f"{policy.domain} {rule.domain_names[cells[row] % width]}"
            ),
            noun=f"{policy.resource} use",
            unit=resource_unit(twin, resource),
            checked=len(rule.group_names) * len(rule.domain_names) * twin.sizes["step"],
            key=cells,
        )
    ]


def group_use(
    twin: xr.Dataset, rule: Rule, resource: int, host: np.ndarray, workload: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Return the cells ``group · domains + domain`` in use, sorted, and their use (cell, step).

    ``workload`` (n,) is at ``host`` (n,); one that is listed twice counts at each of its places.
    """
    group = rule.group[workload]
    inside = (group >= 0) & (host >= 0)
    domain = rule.domain[np.where(inside, host, 0)]
    inside &= domain >= 0
    cell = group[inside].astype(np.int64) * len(rule.domain_names) + domain[inside]
    cells, place = np.unique(cell, return_inverse=True)
    flavour = twin["workload_flavour"].values[workload[inside]]
    total = np.zeros((len(cells), twin.sizes["step"]), dtype=np.int64)
    np.add.at(total, place.reshape(-1), twin["flavour_usage"].values[flavour, resource])
    return cells, total


def group_limit(twin: xr.Dataset, rule: Rule, resource: int) -> np.ndarray:
    """Return what each group may use in each domain (domain,) int64."""
    policy, count = rule.policy, len(rule.domain_names)
    assert isinstance(policy, GroupCapacity)
    if policy.limit is not None:
        return floor_limit(np.full(count, policy.limit * policy.limit_fraction))
    offered, inside = twin["host_capacity"].values[:, resource], rule.domain >= 0
    rating = np.bincount(rule.domain[inside], weights=offered[inside], minlength=count)
    return floor_limit(rating * policy.limit_fraction)


def measure_presence_overhead(
    twin: xr.Dataset, rule: Rule, host: np.ndarray, usage: np.ndarray
) -> list[Rows]:
    """Use of each host, and what every group there costs once, stay inside its capacity.

    ``usage`` (host, resource, step). A response time costs what has to stay free for it.
    """
    policy = rule.policy
    assert isinstance(policy, PresenceOverhead | ResponseTime)
    resource = twin["resource"].values.astype(str).tolist().index(policy.resource)
    cells, _ = count_cells(rule, host)
    num_hosts = twin.sizes["host"]
    crowd = np.bincount(cells % num_hosts, minlength=num_hosts).astype(np.int64)
    taken, noun = _taken(twin, policy, resource)
    return [
        Rows(
            value=usage[:, resource].astype(np.int64) + (taken * crowd)[:, None],
            limit=twin["host_capacity"].values[:, [resource]].astype(np.int64),
            label=lambda row: f"host {twin['host'].values[row]}",
            noun=noun,
            unit=resource_unit(twin, resource),
        )
    ]


def _taken(
    twin: xr.Dataset, policy: PresenceOverhead | ResponseTime, resource: int
) -> tuple[np.ndarray, str]:
    """Return what the presence of a group takes on each host (host,) int64, and what that is."""
    capacity = twin["host_capacity"].values[:, resource].astype(np.int64)
    if isinstance(policy, PresenceOverhead):
        return np.full(len(capacity), policy.amount), f"{policy.resource} use with overheads"
    noun = f"{policy.resource} use and what stays free to answer in {policy.limit_ms:g} ms,"
    return capacity - _usable(policy, capacity), noun


def _usable(policy: ResponseTime, capacity: np.ndarray) -> np.ndarray:
    """Return the largest use of each host (host,) at which the queue is fast enough.

    Found by trying whole amounts, from below, against the response time itself.
    """
    size, share = np.unique(capacity, return_inverse=True)
    usable = [_largest_use(policy, int(amount)) for amount in size]
    return np.array(usable, dtype=np.int64)[share.reshape(-1)]


def _largest_use(policy: ResponseTime, capacity: int) -> int:
    low, high = 0, capacity  # the queue is fast enough at low, and at high only if nothing is
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if _is_fast(policy, middle, capacity) else (low, middle)
    return low


def _is_fast(policy: ResponseTime, use: int, capacity: int) -> bool:
    servers, busy = max(1, capacity // policy.server_size), use / capacity
    if policy.percentile is not None:
        slow = slower_than(policy.limit_ms, policy.service_ms, servers, busy)
        return slow <= (1.0 - policy.percentile / 100.0) * (1.0 + ROUNDING)
    mean = mean_response(policy.queue, policy.service_ms, servers, busy)
    return mean <= policy.limit_ms * (1.0 + ROUNDING)
