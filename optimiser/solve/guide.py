"""From a solved relaxation to a start: which class of hosts each workload should go to."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from optimiser.solve.compiled import Compiled, Floats

if TYPE_CHECKING:
    from optimiser.formulation.context import Context
    from optimiser.formulation.modelling import pyo


@dataclass(frozen=True)
class Guide:
    """``target`` (workload,) class of hosts, −1 none; ``host_group`` (host,) class of each host.

    ``first`` (host,) bool hosts to wake: in each class as many as the relaxation has on, those
    that keep most of their workloads.
    """

    target: np.ndarray
    host_group: np.ndarray
    first: np.ndarray


def round_relaxation(model: pyo.ConcreteModel, compiled: Compiled, x: Floats) -> Guide:
    """Round the counts of a relaxation by largest remainders, group by group.

    Workloads of a group that run on a host of a class today are the first to be sent there.
    """
    from optimiser.formulation.context import context_of

    context = context_of(model)
    grouping, today = context.instance.grouping, context.instance.twin["workload_host"].values
    column = [compiled.column_of.get(id(v), -1) for v in context.arrays["place"]]
    value = np.where(np.array(column) >= 0, x[column], 0.0)
    target = np.full(len(today), -1, dtype=np.int32)
    host_group = grouping.host_group.astype(np.int32)
    served = _served(context, compiled, x)
    for group in range(grouping.num_groups):
        pairs = context.group_order[context.group_start[group] : context.group_start[group + 1]]
        workloads = grouping.workloads_of(group)[: served[group]]
        count = largest_remainders(value[pairs], len(workloads))
        target[workloads] = _hand_out(context.pair_host[pairs], count, host_group[today[workloads]])
    awake_column = np.array([compiled.column_of[id(v)] for v in context.arrays["awake"]])
    awake = np.ceil(x[awake_column] - 1e-6).astype(np.int64)
    kept = np.zeros(len(host_group))
    columns = [compiled.column_of.get(id(v), -1) for v in context.arrays["keeping"]]
    kept[context.shared["hosts_kept"]] = np.where(np.array(columns) >= 0, x[columns], 0.0)
    return Guide(target, host_group, _most_kept(kept, host_group, awake))


def _served(context: Context, compiled: Compiled, x: Floats) -> np.ndarray:
    """Return how many workloads of each group get a host (group,): of gangs all or none."""
    from optimiser.formulation.serving import gang_of_group

    size = context.instance.grouping.workload_count.astype(float)
    gang, left = gang_of_group(context), np.zeros(len(size))
    for group, variable in context.shared["unserved"].items():
        left[group] = x[compiled.column_of[id(variable)]]
    inside = gang >= 0
    whole = np.bincount(gang[inside], weights=size[inside])
    missing = np.bincount(gang[inside], weights=left[inside])
    share = missing / np.maximum(whole, 1.0)
    left[inside] = np.where(share[gang[inside]] > 0.5, size[inside], 0.0)
    return np.rint(size - left).astype(np.int64)


def _most_kept(kept: np.ndarray, host_group: np.ndarray, awake: np.ndarray) -> np.ndarray:
    """Return which hosts to wake (host,): in each class those that the relaxation keeps most."""
    order = np.lexsort((-kept, host_group))
    order = order[host_group[order] >= 0]
    start = np.searchsorted(host_group[order], np.arange(len(awake)))
    rank = np.arange(len(order)) - start[host_group[order]]
    first = np.zeros(len(host_group), dtype=bool)
    first[order] = rank < awake[host_group[order]]
    return first


def largest_remainders(share: np.ndarray, total: int) -> np.ndarray:
    """Return whole numbers near ``share`` (n,) that add up to ``total``."""
    share = np.maximum(share, 0.0)
    share = share * (total / max(float(share.sum()), 1e-12))
    count = np.floor(share + 1e-9).astype(np.int64)
    missing = total - int(count.sum())
    order = np.argsort(-(share - count), kind="stable")
    count[order[: max(0, missing)]] += 1
    return count


def _hand_out(classes: np.ndarray, count: np.ndarray, present: np.ndarray) -> np.ndarray:
    """Give each workload (n,) a class, its present one first."""
    result = np.full(len(present), -1, dtype=np.int32)
    left = count.copy()
    for position, host_class in enumerate(classes.tolist()):
        staying = np.flatnonzero((present == host_class) & (result < 0))[: left[position]]
        result[staying] = host_class
        left[position] -= len(staying)
    rest = np.repeat(classes, left)
    result[np.flatnonzero(result < 0)[: len(rest)]] = rest
    return result
