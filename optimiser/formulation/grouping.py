"""Groups of interchangeable workloads and hosts: symmetry that never reaches the solver.

Workloads of one class are interchangeable, so counting them is exact. Hosts are interchangeable
only as containers of an aggregate: a model with merged hosts is a relaxation, and its optimum a
proven lower bound.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from optimiser.distinct import distinct_rows
from optimiser.formulation.frame import Frame
from optimiser.twin.rules import Rule

LEVELS = ("rack", "row", "pdu", "ups", "feed", "zone")
HOST_KINDS = (
    "domain_capacity", "headroom", "max_hosts_on", "min_hosts_on", "transient_capacity",
    "free_units",
)  # fmt: skip
"""Kinds that are about some hosts and not about others."""


@dataclass(frozen=True, eq=False)
class Grouping:
    """Which workloads and hosts of a twin form a group.

    ``workload_group`` (W,) and ``host_group`` (H,) int, −1 for those that are not in the model;
    ``workload_count`` (group,) and ``host_count`` (host group,) multiplicities; ``first_workload``
    and ``first_host`` one member of each; ``rack_cell`` (rack,) the cell whose racks cannot be told
    apart, −1 for racks without hosts in the model; every host group lies in one cell.
    """

    workload_group: np.ndarray
    workload_count: np.ndarray
    first_workload: np.ndarray
    host_group: np.ndarray
    host_count: np.ndarray
    first_host: np.ndarray
    host_cell: np.ndarray
    rack_cell: np.ndarray

    @property
    def num_groups(self) -> int:
        """Number of workload groups."""
        return len(self.workload_count)

    @property
    def num_hosts(self) -> int:
        """Number of host groups."""
        return len(self.host_count)

    @cached_property
    def num_cells(self) -> int:
        """Number of cells of racks."""
        return int(self.rack_cell.max(initial=-1)) + 1

    @cached_property
    def is_exact(self) -> bool:
        """Whether every host stands alone, so that the model is no relaxation."""
        return bool((self.host_count == 1).all())

    def workloads_of(self, group: int) -> np.ndarray:
        """Return the workloads of a group."""
        order, start = self._workloads
        return order[start[group] : start[group + 1]]

    def hosts_of(self, host_group: int) -> np.ndarray:
        """Return the hosts of a host group."""
        order, start = self._hosts
        return order[start[host_group] : start[host_group + 1]]

    @cached_property
    def _workloads(self) -> tuple[np.ndarray, np.ndarray]:
        return members(self.workload_group, self.num_groups)

    @cached_property
    def _hosts(self) -> tuple[np.ndarray, np.ndarray]:
        return members(self.host_group, self.num_hosts)


def members(group: np.ndarray, num_groups: int) -> tuple[np.ndarray, np.ndarray]:
    """Return the items sorted by group, those of none left out, and where each group starts."""
    order = np.argsort(group, kind="stable")
    start = np.searchsorted(group[order], np.arange(num_groups + 1))
    return order, start


def group_exact(
    frame: Frame, workloads: np.ndarray | None = None, hosts: np.ndarray | None = None
) -> Grouping:
    """Group identical workloads and keep every host alone; masks (W,) and (H,) restrict both."""
    twin = frame.twin
    usable = _usable(frame, hosts)
    host_group = np.where(usable, np.cumsum(usable) - 1, -1)
    rack = twin["host_rack"].values
    used = np.zeros(twin.sizes["rack"], dtype=bool)
    used[rack[usable]] = True
    rack_cell = np.where(used, np.cumsum(used) - 1, -1)
    return _grouping(frame, workloads, host_group, rack_cell)


def group_hosts(
    frame: Frame, levels: Collection[str] = ("zone",), workloads: np.ndarray | None = None
) -> Grouping:
    """Merge hosts that the rules cannot tell apart at the levels that are kept.

    Kept levels are some of ``LEVELS``. Rules at other levels are relaxed: sums over the domains
    that a host group touches take their place.
    """
    twin = frame.twin
    usable = _usable(frame, None)
    rack_key = _identify([_rack_column(frame, level) for level in levels], twin.sizes["rack"])
    columns = [
        twin["host_kind"].values,
        twin["host_capacity"].values,
        frame.eligibility.allowed.T,
        rack_key[twin["host_rack"].values],
        np.unique(frame.host_on_cost, return_inverse=True)[1],
    ]
    for rule in frame.rules:
        if rule.allowed is not None and not rule.is_hard:
            columns.append(rule.allowed.T)
        elif rule.kind in HOST_KINDS:
            columns.append(rule.hosts)
    key = _identify(columns, twin.sizes["host"])
    host_group = np.full(len(key), -1)
    host_group[usable] = np.unique(key[usable], return_inverse=True)[1].reshape(-1)
    rack_cell = np.full(twin.sizes["rack"], -1)
    used = np.unique(twin["host_rack"].values[usable])
    rack_cell[used] = np.unique(rack_key[used], return_inverse=True)[1].reshape(-1)
    return _grouping(frame, workloads, host_group, rack_cell)


def _usable(frame: Frame, hosts: np.ndarray | None) -> np.ndarray:
    usable = frame.twin["host_usable"].values
    return usable if hosts is None else usable & hosts


def _rack_column(frame: Frame, level: str) -> np.ndarray:
    """Return what tells racks apart at a level, (rack, n)."""
    twin = frame.twin
    if level == "rack":
        return np.arange(twin.sizes["rack"])[:, None]
    if level in ("row", "zone"):
        return twin[f"rack_{level}"].values[:, None]
    path = np.stack([twin["rack_pdu_a"].values, twin["rack_pdu_b"].values], axis=1)
    for name, parent in (("pdu", None), ("ups", "pdu_ups"), ("feed", "ups_feed")):
        if parent is not None:
            path = np.append(twin[parent].values, -1)[path]
        if name == level:
            break
    return path


def _identify(columns: list[np.ndarray], length: int) -> np.ndarray:
    """Return one number per row, equal where all columns are."""
    if not columns:
        return np.zeros(length, dtype=np.int64)
    table = np.column_stack([np.asarray(c, dtype=np.int64).reshape(length, -1) for c in columns])
    return distinct_rows(table)[1]


def _grouping(
    frame: Frame, workloads: np.ndarray | None, host_group: np.ndarray, rack_cell: np.ndarray
) -> Grouping:
    known = np.ones(len(frame.workload_class), dtype=bool) if workloads is None else workloads
    workload_group = np.full(len(known), -1)
    classes = frame.workload_class[known]
    workload_group[known] = np.unique(classes, return_inverse=True)[1].reshape(-1)
    first_workload, workload_count = _first_and_count(workload_group)
    first_host, host_count = _first_and_count(host_group)
    return Grouping(
        workload_group=workload_group,
        workload_count=workload_count,
        first_workload=first_workload,
        host_group=host_group,
        host_count=host_count,
        first_host=first_host,
        host_cell=rack_cell[frame.twin["host_rack"].values[first_host]],
        rack_cell=rack_cell,
    )


def _first_and_count(group: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    inside = np.flatnonzero(group >= 0)
    _, first, count = np.unique(group[inside], return_index=True, return_counts=True)
    return inside[first], count


@dataclass(frozen=True, eq=False)
class Domains:
    """The domains of a rule as a grouping sees them.

    Domains that one host group spans are merged: ``of_host`` (host group,) −1 none, ``size``
    (domain,) how many true domains each stands for, ``of_true`` (true domain,) −1 where no host of
    the model is, ``names``.
    """

    of_host: np.ndarray
    size: np.ndarray
    of_true: np.ndarray
    names: tuple[str, ...]

    @property
    def count(self) -> int:
        """Number of merged domains."""
        return len(self.size)


def merge_domains(grouping: Grouping, rule: Rule) -> Domains:
    """Return the domains of a rule, merged where host groups span several."""
    inside = (grouping.host_group >= 0) & (rule.domain >= 0)
    host, domain = grouping.host_group[inside], rule.domain[inside]
    merged = connect(host, domain, grouping.num_hosts, len(rule.domain_names))
    of_host = np.full(grouping.num_hosts, -1)
    of_host[host] = merged[domain]
    touched = np.zeros(len(rule.domain_names), dtype=bool)
    touched[domain] = True
    of_true = np.where(touched, merged, -1)
    first, size = _first_and_count(of_true)
    names = tuple(
        rule.domain_names[d] if n == 1 else f"{rule.domain_names[d]} and {n - 1} more"
        for d, n in zip(first, size, strict=True)
    )
    return Domains(of_host, size, of_true, names)


def connect(left: np.ndarray, right: np.ndarray, num_left: int, num_right: int) -> np.ndarray:
    """Return the connected component of each right item (num_right,), −1 for the untouched.

    ``left[i]`` and ``right[i]`` are joined. Components are numbered by their first right item.
    """
    from scipy import sparse
    from scipy.sparse.csgraph import connected_components

    size = num_left + num_right
    edges = sparse.coo_array((np.ones(len(left)), (left, num_left + right)), shape=(size, size))
    label = connected_components(edges, directed=False)[1][num_left:]
    touched = np.unique(right)
    result = np.full(num_right, -1)
    _, first, inverse = np.unique(label[touched], return_index=True, return_inverse=True)
    rank = np.argsort(np.argsort(first))
    result[touched] = rank[inverse.reshape(-1)]
    return result
