"""What groups use of a resource while workloads move: the guards, and recounts of an order."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import xarray as xr

from optimiser.analysis.rows import Rows
from optimiser.analysis.sharing import group_limit, group_use, measure_presence_overhead
from optimiser.schema.policy import GroupCapacity, PresenceOverhead, ResponseTime
from optimiser.studies.move_sharing import SharingGuard
from optimiser.twin.rules import Rule


def _resource(twin: xr.Dataset, rule: Rule) -> int:
    assert isinstance(rule.policy, GroupCapacity | PresenceOverhead | ResponseTime)
    return int(twin["resource"].values.astype(str).tolist().index(rule.policy.resource))


class UseGuard:
    """Use of a resource by group and domain, a workload under way counting at both ends.

    ``value`` and ``limit`` (group · domains + domain, step).
    """

    def __init__(self, twin: xr.Dataset, rule: Rule, start: np.ndarray, end: np.ndarray) -> None:
        self.rule, resource = rule, _resource(twin, rule)
        self.domain = np.append(rule.domain, -1).astype(np.int64)
        usage = twin["flavour_usage"].values[:, resource].astype(np.int64)
        self.use = usage[twin["workload_flavour"].values]
        own = np.tile(group_limit(twin, rule, resource), len(rule.group_names))
        self.value = np.zeros((len(own), twin.sizes["step"]), dtype=np.int64)
        last, every = np.zeros_like(self.value), np.arange(len(start))
        for total, host in ((self.value, start), (last, end)):
            cells, used = group_use(twin, rule, resource, host, every)
            total[cells] = used
        self.limit = np.maximum(own[:, None], np.maximum(self.value, last))

    def _cell(self, workload: int, host: int) -> int:
        group, domain = int(self.rule.group[workload]), int(self.domain[host])
        return -1 if group < 0 or domain < 0 else group * len(self.rule.domain_names) + domain

    def allows(self, workload: int, source: int, target: int) -> bool:
        """Whether a move may start now."""
        cell = self._cell(workload, target)
        if cell < 0 or cell == self._cell(workload, source):
            return True
        return bool(np.all(self.value[cell] + self.use[workload] <= self.limit[cell]))

    def start(self, workload: int, source: int, target: int) -> None:
        """Count a move that starts."""
        cell = self._cell(workload, target)
        if cell >= 0 and cell != self._cell(workload, source):
            self.value[cell] += self.use[workload]

    def settle(self, workload: int, source: int, target: int) -> None:
        """Count a move that has ended."""
        cell = self._cell(workload, source)
        if cell >= 0 and cell != self._cell(workload, target):
            self.value[cell] -= self.use[workload]


class UseReplay:
    """Adds the use of each group in each domain up again, wave by wave."""

    def __init__(self, twin: xr.Dataset, rule: Rule, start: np.ndarray, end: np.ndarray) -> None:
        self.twin, self.rule, self.resource = twin, rule, _resource(twin, rule)
        self.host = np.array(start, dtype=np.int64)
        every = np.arange(len(self.host))
        own = np.tile(group_limit(twin, rule, self.resource), len(rule.group_names))
        self.limit = np.repeat(own[:, None], twin.sizes["step"], axis=1)
        for host in (start, end):
            cells, used = group_use(twin, rule, self.resource, host, every)
            self.limit[cells] = np.maximum(self.limit[cells], used)

    def moves(
        self, workload: np.ndarray, source: np.ndarray, target: np.ndarray
    ) -> list[tuple[Rows, np.ndarray]]:
        """Carry out a wave; return what it breaks while its workloads count at both ends."""
        domain = np.append(self.rule.domain, -1)
        apart = domain[source] != domain[target]
        who = np.concatenate([np.arange(len(self.host)), workload[apart]])
        where = np.concatenate([self.host, target[apart]])
        cells, used = group_use(self.twin, self.rule, self.resource, where, who)
        self.host[workload] = target
        width = max(1, len(self.rule.domain_names))
        rows = Rows(
            value=used,
            limit=self.limit[cells],
            label=lambda row: (
                f"{self.rule.group_names[cells[row] // width]} in "
                f"{self.rule.domain_names[cells[row] % width]}"
            ),
            noun="use while moving",
            unit="",
        )
        excess = rows.excess()
        return [(rows, excess)] if excess.any() else []


class OverheadGuard(SharingGuard):
    """Use of hosts and what each group there costs once, both ends of a move counting.

    ``value`` and ``most`` (host, step).
    """

    def __init__(self, twin: xr.Dataset, rule: Rule, start: np.ndarray, end: np.ndarray) -> None:
        super().__init__(rule, start, end)
        self.amount, resource = rule.overhead, _resource(twin, rule)
        usage = twin["flavour_usage"].values[:, resource].astype(np.int64)
        self.use = usage[twin["workload_flavour"].values]
        self.value = self._carried(twin, start)
        ends = np.maximum(self.value, self._carried(twin, end))
        self.most = np.maximum(twin["host_capacity"].values[:, [resource]], ends)

    def _carried(self, twin: xr.Dataset, host: np.ndarray) -> np.ndarray:
        total = np.zeros((twin.sizes["host"], self.use.shape[1]), dtype=np.int64)
        np.add.at(total, host[host >= 0], self.use[host >= 0])
        return total + (self.amount * (self._count(host) > 0).sum(axis=0))[:, None]

    def _cost(self, workload: int, host: int) -> np.ndarray:
        """Return what a workload adds to a host that it is not counted on, (step,)."""
        group = self.rule.group[workload]
        is_new = group >= 0 and self.count[group, host] == 0
        return np.asarray(self.use[workload] + self.amount[host] * int(is_new))

    def allows(self, workload: int, source: int, target: int) -> bool:
        """Whether a move may start now."""
        added = self.value[target] + self._cost(workload, target)
        return bool(np.all(added <= self.most[target]))

    def start(self, workload: int, source: int, target: int) -> None:
        """Count a move that starts."""
        if target >= 0:
            self.value[target] += self._cost(workload, target)
        super().start(workload, source, target)

    def settle(self, workload: int, source: int, target: int) -> None:
        """Count a move that has ended."""
        super().settle(workload, source, target)
        if source >= 0:
            self.value[source] -= self._cost(workload, source)


class OverheadReplay:
    """Measures use and overheads of every host anew, wave by wave."""

    def __init__(self, twin: xr.Dataset, rule: Rule, start: np.ndarray, end: np.ndarray) -> None:
        self.twin, self.rule = twin, rule
        self.host = np.array(start, dtype=np.int64)
        self.bounds = [self._measure([np.asarray(one, dtype=np.int64)]) for one in (start, end)]

    def _measure(self, places: list[np.ndarray]) -> Rows:
        """Return what hosts carry with workloads at all of some places, each counted once."""
        twin = self.twin
        who = np.tile(np.arange(len(self.host)), len(places))
        pairs = np.unique(np.column_stack([who, np.concatenate(places)]), axis=0)
        pairs = pairs[pairs[:, 1] >= 0]
        use = twin["flavour_usage"].values[twin["workload_flavour"].values[pairs[:, 0]]]
        usage = np.zeros((twin.sizes["host"], *use.shape[1:]), dtype=np.int64)
        np.add.at(usage, pairs[:, 1], use)
        twice = replace(self.rule, group=self.rule.group[pairs[:, 0]])
        return measure_presence_overhead(twin, twice, pairs[:, 1], usage)[0]

    def moves(
        self, workload: np.ndarray, source: np.ndarray, target: np.ndarray
    ) -> list[tuple[Rows, np.ndarray]]:
        """Carry out a wave; return what it breaks while its workloads count at both ends."""
        after = self.host.copy()
        after[workload] = target
        rows = self._measure([self.host, after])
        self.host = after
        known = np.maximum(self.bounds[0].value, self.bounds[1].value)
        excess = np.maximum(rows.value - np.maximum(rows.limit, known), 0)
        return [(rows, excess)] if excess.any() else []
