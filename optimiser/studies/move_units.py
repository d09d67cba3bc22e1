"""Workloads whose moves have to begin together, joined over all ``sync`` policies."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from scipy import sparse

from optimiser.twin.way import WayRule


def unit_labels(way: Sequence[WayRule], workload: np.ndarray) -> np.ndarray:
    """Return which of some moving workloads (n,) move together: equal numbers, −1 for none."""
    alone = np.full(len(workload), -1, dtype=np.int64)
    groups = [rule.group[workload] for rule in way if rule.kind == "sync"]
    if not groups or not len(workload):
        return alone
    from scipy.sparse.csgraph import connected_components  # loads all of linear algebra

    size = len(workload)
    who, where, count = [], [], size
    for group in groups:
        inside = np.flatnonzero(group >= 0)
        who.append(inside)
        where.append(count + group[inside])
        count += int(group.max(initial=-1)) + 1
    row, column = np.concatenate(who), np.concatenate(where)
    graph = sparse.coo_array((np.ones(len(row)), (row, column)), shape=(count, count))
    label = connected_components(graph, directed=False)[1][:size]
    together = np.bincount(label)[label] > 1
    return np.where(together, label, alone)


def never_detours(way: Sequence[WayRule], num_workloads: int) -> np.ndarray:
    """Return which workloads (W,) bool may make no detour: those that move with others."""
    found = np.zeros(num_workloads, dtype=bool)
    for rule in way:
        if rule.kind == "sync":
            found |= rule.group >= 0
    return found
