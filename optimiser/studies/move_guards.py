"""Guards that tell whether one more move may be under way, one per family of rules.

While a workload moves it counts at its source *and* at its target, in capacity, devices and power
alike; in a domain that holds both ends it counts once. A guard's limit is the rule's own, or what
is the case today where that is already more, or what the verified plan ends with.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import xarray as xr
from scipy import sparse

from optimiser.analysis import capacity
from optimiser.analysis.loads import Loads
from optimiser.analysis.placement_rules import group_sizes, has_hosts, largest_per_domain
from optimiser.schema.policy import (
    AntiAffinity,
    DomainCapacity,
    GroupCapacity,
    GroupCount,
    Headroom,
    Isolation,
    PresenceOverhead,
    ResponseTime,
    Spread,
)
from optimiser.studies.move_limits import UNWATCHED, LimitGuard, has_limits_only
from optimiser.studies.move_sharing import SharingGuard
from optimiser.studies.move_uses import OverheadGuard, UseGuard
from optimiser.twin.devices import assign_devices
from optimiser.twin.limits import RackRows, all_rack_rows
from optimiser.twin.rules import Rule

UNLIMITED = np.int64(2**40)


class GroupGuard:
    """Members of groups in domains: spread over so many domains, or evenly.

    ``highest`` (group, domain) counts a moving workload in both domains, ``lowest`` in neither;
    when both extremes keep the rule, moves may end in any order. Otherwise a move of the group
    goes alone in its wave if the rule holds before and after it. Only groups with a member that
    moves are watched; members of others (``UNWATCHED``) stay where they are.
    """

    def __init__(self, rule: Rule, start: np.ndarray, end: np.ndarray) -> None:
        self.rule = rule
        self.watched = np.unique(rule.group[(start != end) & (rule.group >= 0)])
        local = np.full(len(rule.group_names) + 1, UNWATCHED, dtype=np.int64)
        local[self.watched], local[-1] = np.arange(len(self.watched)), -1
        self.group = local[rule.group]
        self.domain = np.append(rule.domain, -1).astype(np.int64)
        self.real = np.flatnonzero(has_hosts(rule))
        self.settled = self._count(start)
        last = self._count(end)
        self.highest, self.lowest = self.settled.copy(), self.settled.copy()
        self.under_way = np.zeros(len(self.settled), dtype=np.int64)
        self.alone: set[int] = set()
        self._set_limits(last)

    def _count(self, host: np.ndarray) -> np.ndarray:
        table = np.zeros((len(self.watched), len(self.rule.domain_names)), dtype=np.int32)
        domain = self.domain[host]
        inside = (self.group >= 0) & (domain >= 0)
        np.add.at(table, (self.group[inside], domain[inside]), 1)
        return table

    def _set_limits(self, last: np.ndarray) -> None:
        policy, size = self.rule.policy, group_sizes(self.rule)[self.watched]
        assert isinstance(policy, Spread)
        largest = largest_per_domain(policy, size)
        self.least = np.zeros(len(size), dtype=np.int64)
        self.skew = np.full(len(size), UNLIMITED)
        if policy.min_domains is not None:
            self.least = np.minimum(policy.min_domains, size)
        if policy.max_skew is not None:
            self.skew = np.full(len(size), policy.max_skew)
        self.limit = np.maximum(np.maximum(largest[:, None], self.settled), last)
        for table in (self.settled, last):
            self.least = np.minimum(self.least, (table > 0).sum(axis=1))
            real = table[:, self.real]
            self.skew = np.maximum(self.skew, real.max(axis=1) - real.min(axis=1))
        self.checks_domains = bool(self.least.any() or (self.skew < UNLIMITED).any())

    def allows(self, workload: int, source: int, target: int) -> bool:
        """Whether a move may start now."""
        group = self.group[workload]
        leaves, enters = self.domain[source], self.domain[target]
        if group == -1 or leaves == enters:
            return True
        if group == UNWATCHED or group in self.alone:
            return False
        if enters >= 0 and self.highest[group, enters] >= self.limit[group, enters]:
            return False
        if not self.checks_domains or self._any_order(group, leaves, enters):
            return True
        return self.under_way[group] == 0 and self._after(group, leaves, enters)

    def _any_order(self, group: int, leaves: int, enters: int) -> bool:
        high, low = self.highest[group].copy(), self.lowest[group].copy()
        if enters >= 0:
            high[enters] += 1
        if leaves >= 0:
            low[leaves] -= 1
        skew = int(high.max() - low[self.real].min())
        return self._holds(group, int(np.count_nonzero(low)), skew)

    def _after(self, group: int, leaves: int, enters: int) -> bool:
        count = self.settled[group].copy()
        if enters >= 0:
            count[enters] += 1
        if leaves >= 0:
            count[leaves] -= 1
        skew = int(count.max() - count[self.real].min())
        return self._holds(group, int(np.count_nonzero(count)), skew)

    def _holds(self, group: int, used: int, skew: int) -> bool:
        return used >= self.least[group] and skew <= self.skew[group]

    def start(self, workload: int, source: int, target: int) -> None:
        """Count a move that starts."""
        group = self.group[workload]
        leaves, enters = self.domain[source], self.domain[target]
        if group < 0 or leaves == enters:
            return
        if self.checks_domains and not self._any_order(group, leaves, enters):
            self.alone.add(int(group))
        self.under_way[group] += 1
        if enters >= 0:
            self.highest[group, enters] += 1
        if leaves >= 0:
            self.lowest[group, leaves] -= 1

    def settle(self, workload: int, source: int, target: int) -> None:
        """Count a move that has ended."""
        group = self.group[workload]
        leaves, enters = self.domain[source], self.domain[target]
        if group < 0 or leaves == enters:
            return
        self.under_way[group] -= 1
        self.alone.discard(int(group))
        if enters >= 0:
            self.settled[group, enters] += 1
            self.lowest[group, enters] += 1
        if leaves >= 0:
            self.settled[group, leaves] -= 1
            self.highest[group, leaves] -= 1


class SumGuard:
    """Sums over domains of a resource or of hosts that are on: headroom, space and resources.

    ``value`` (domain, step) may rise up to ``limit``; a host that is on adds ``on_weight`` (H,).
    """

    def __init__(self, twin: xr.Dataset, rule: Rule, start: Loads, end: Loads) -> None:
        policy = rule.policy
        self.name = rule.name
        measure = (
            capacity.measure_headroom
            if isinstance(policy, Headroom)
            else capacity.measure_domain_resource
        )
        first, last = measure(twin, rule, start)[0], measure(twin, rule, end)[0]
        self.value = np.repeat(first.value, 1, axis=1)
        self.limit = np.maximum(np.maximum(first.limit, first.value), last.value)
        domain = np.where(rule.hosts, rule.domain, -1)
        present = np.unique(domain[domain >= 0])
        row = np.full(len(rule.domain_names) + 1, -1, dtype=np.int64)
        row[present] = np.arange(len(present))
        self.domain = row[np.append(domain, -1)]
        self._set_weights(twin, rule, round(first.scale))

    def _set_weights(self, twin: xr.Dataset, rule: Rule, scale: int) -> None:
        policy = rule.policy
        num_hosts = twin.sizes["host"]
        self.resource, self.scale = -1, scale
        self.on_weight = np.zeros(num_hosts, dtype=np.int64)
        if isinstance(policy, DomainCapacity) and policy.resource == "space":
            units = twin["kind_rack_units"].values[twin["host_kind"].values]
            self.on_weight = np.where(rule.hosts, units.astype(np.int64), 0)
            return
        assert isinstance(policy, DomainCapacity | Headroom)
        names = twin["resource"].values.astype(str).tolist()
        self.resource = names.index(policy.resource)
        if isinstance(policy, Headroom):
            offered = twin["host_capacity"].values[:, self.resource].astype(np.int64)
            self.on_weight = -np.where(rule.hosts, offered, 0) * (
                scale - round(policy.fraction * scale)
            )

    def change(self, usage: np.ndarray, source: int, target: int, wakes: bool) -> np.ndarray | int:
        """Return what a move that starts adds in its target's domain, (step,)."""
        added: np.ndarray | int = int(self.on_weight[target]) if wakes else 0
        if self.resource >= 0 and self.domain[source] != self.domain[target]:
            added = usage[self.resource] * self.scale + added
        return added

    def allows(self, usage: np.ndarray, source: int, target: int, wakes: bool) -> bool:
        """Whether a move may start now."""
        row = self.domain[target]
        if row < 0:
            return True
        added = self.change(usage, source, target, wakes)
        return bool(np.all((self.value[row] + added <= self.limit[row]) | (np.asarray(added) <= 0)))

    def start(self, usage: np.ndarray, source: int, target: int, wakes: bool) -> None:
        """Count a move that starts."""
        if self.domain[target] >= 0:
            self.value[self.domain[target]] += self.change(usage, source, target, wakes)

    def settle(self, usage: np.ndarray, source: int, target: int) -> None:
        """Count a move that has ended."""
        row = self.domain[source]
        if self.resource >= 0 and row >= 0 and row != self.domain[target]:
            self.value[row] -= usage[self.resource] * self.scale

    def switch(self, host: int, sign: int) -> None:
        """Count a host that wakes (+1) or falls asleep (−1)."""
        if self.domain[host] >= 0:
            self.value[self.domain[host]] += sign * self.on_weight[host]


class RackGuard:
    """Rows over rack planning power: electrical, cooling and temperature limits.

    ``value`` and ``limit`` (row, step); ``rows_of`` lists for each rack its rows and coefficients.
    """

    def __init__(
        self, twin: xr.Dataset, rules: Sequence[Rule], start_w: np.ndarray, end_w: np.ndarray
    ) -> None:
        hard = [r for r in rules if r.is_hard and not _is_per_host(r)]
        blocks = all_rack_rows(twin, hard)
        num_racks, num_steps = start_w.shape
        parts = [sparse.csr_array(b.coefficient) for b in blocks]
        parts.append(sparse.csr_array((0, num_racks)))
        self.coefficient = sparse.csr_array(sparse.vstack(parts, format="csr"))
        limit = np.concatenate([np.zeros((0, num_steps)), *[_room(b) for b in blocks]])
        self.names = [name for b in blocks for name in b.names]
        self.value = self.coefficient @ start_w
        self.limit = np.maximum(np.maximum(limit, self.value), self.coefficient @ end_w) + 1e-6
        self.held_back = np.zeros(len(self.limit))
        columns = sparse.csc_array(self.coefficient)
        columns.sort_indices()
        ends = zip(columns.indptr[:-1].tolist(), columns.indptr[1:].tolist(), strict=True)
        self.rows_of = [
            (columns.indices[start:end], columns.data[start:end, None]) for start, end in ends
        ]

    def allows(self, rack: int, added_w: np.ndarray) -> bool:
        """Whether a rack may draw ``added_w`` (step,) more."""
        rows, coefficient = self.rows_of[rack]
        if not len(rows):
            return True
        limit = self.limit[rows] - self.held_back[rows, None]
        return bool(np.all(self.value[rows] + coefficient * added_w <= limit))

    def hold_back(self, rows: np.ndarray, amount: np.ndarray) -> None:
        """Keep an amount of some rows free for others, (row,) in their unit."""
        self.held_back[rows] = amount

    def add(self, rack: int, added_w: np.ndarray) -> None:
        """Count a change of a rack's power."""
        rows, coefficient = self.rows_of[rack]
        self.value[rows] += coefficient * added_w

    def refresh(self, rack_w: np.ndarray) -> None:
        """Recompute all rows, so that rounding does not build up."""
        self.value = self.coefficient @ rack_w


def _is_per_host(rule: Rule) -> bool:
    return isinstance(rule.policy, DomainCapacity) and rule.policy.domain == "host"


def _room(block: RackRows) -> np.ndarray:
    """Return limit minus offset (row, step), up to what still rounds down to the limit."""
    if block.unit == "W":
        whole = np.floor(block.limit + 1e-6) + 0.999
    else:
        whole = np.floor(block.limit * 100.0 + 1e-6) / 100.0 + 0.00999
    return np.where(np.isfinite(block.limit), whole, 1e18) - block.offset[:, None]


class DeviceGuard:
    """Devices such as GPUs: requests of both ends must fit the devices of a host."""

    def __init__(self, twin: xr.Dataset, host: np.ndarray) -> None:
        resource = int(twin.attrs["device_resource"])
        self.is_needed = resource >= 0
        if not self.is_needed:
            return
        self.size = int(twin.attrs["device_size"])
        self.count = twin["host_capacity"].values[:, resource] // self.size
        usage = twin["flavour_usage"].values[:, resource, :].max(axis=1)
        self.request = usage[twin["workload_flavour"].values].astype(np.int64)
        self.held: list[list[int]] = [[] for _ in range(len(self.count))]
        for workload in np.flatnonzero((self.request > 0) & (host >= 0)):
            self.held[host[workload]].append(int(self.request[workload]))
        self._known: dict[tuple[int, ...], bool] = {}

    def allows(self, workload: int, target: int) -> bool:
        """Whether the devices of a host can also hold a workload."""
        if not self.is_needed or self.request[workload] == 0:
            return True
        wanted = sorted([*self.held[target], int(self.request[workload])])
        key = (int(self.count[target]), *wanted)
        if key not in self._known:
            packed = assign_devices(np.array(wanted), key[0], self.size)
            self._known[key] = packed is not None
        return self._known[key]

    def start(self, workload: int, target: int) -> None:
        """Count a move that starts."""
        if self.is_needed and self.request[workload]:
            self.held[target].append(int(self.request[workload]))

    def settle(self, workload: int, source: int) -> None:
        """Count a move that has ended."""
        if self.is_needed and self.request[workload] and source >= 0:
            self.held[source].remove(int(self.request[workload]))


AnyGuard = GroupGuard | LimitGuard | SharingGuard | UseGuard


def group_guards(
    twin: xr.Dataset, rules: Sequence[Rule], start: np.ndarray, end: np.ndarray
) -> list[AnyGuard]:
    """Return the guards of all hard rules about groups in domains, except how many a group uses."""
    found: list[AnyGuard] = []
    for rule in rules:
        if not rule.is_hard:
            continue
        if isinstance(rule.policy, GroupCount | Isolation):
            found.append(SharingGuard(rule, start, end))
        elif isinstance(rule.policy, GroupCapacity):
            found.append(UseGuard(twin, rule, start, end))
        elif isinstance(rule.policy, PresenceOverhead | ResponseTime):
            found.append(OverheadGuard(twin, rule, start, end))
        elif isinstance(rule.policy, Spread | AntiAffinity) and has_hosts(rule).any():
            guard = LimitGuard if has_limits_only(rule) else GroupGuard
            found.append(guard(rule, start, end))
    return found


def sum_guards(twin: xr.Dataset, rules: Sequence[Rule], start: Loads, end: Loads) -> list[SumGuard]:
    """Return the guards of all hard headroom, space and resource rules."""
    return [
        SumGuard(twin, rule, start, end)
        for rule in rules
        if rule.is_hard
        and (
            isinstance(rule.policy, Headroom)
            or (isinstance(rule.policy, DomainCapacity) and rule.policy.resource != "power")
        )
    ]
