"""From the values of a model back to a placement and to what the model believes it costs."""

from __future__ import annotations

import numpy as np

from optimiser.formulation.context import context_of
from optimiser.formulation.grouping import members
from optimiser.formulation.instance import Instance
from optimiser.formulation.modelling import pyo
from optimiser.formulation.values import read_values


def extract(model: pyo.ConcreteModel) -> tuple[np.ndarray, np.ndarray]:
    """Return the placement in a solved model with single hosts.

    host_of_workload (W,) int32 and host_on (H,) bool of the whole site; what lies outside the model
    keeps its place. Workloads of a group stay on today's host where they can. Raises
    ``ValueError`` for a model with merged hosts, whose counts are no placement.
    """
    context = context_of(model)
    count = np.rint(read_values(context.arrays["place"])).astype(np.int64)
    awake = np.rint(read_values(context.arrays["awake"])).astype(np.int64)
    return disaggregate(context.instance, context.pair_group, context.pair_host, count, awake)


def disaggregate(
    instance: Instance,
    pair_group: np.ndarray,
    pair_host: np.ndarray,
    count: np.ndarray,
    awake: np.ndarray,
) -> tuple[np.ndarray, np.ndarray]:
    """Return the placement that counts per pair (pair,) and hosts awake (host group,) mean."""
    grouping, twin = instance.grouping, instance.twin
    if not grouping.is_exact:
        raise ValueError("a model with merged hosts is a bound and has no placement")
    host = instance.fixed.host_of_workload.astype(np.int32)
    host_on = instance.fixed.host_on.copy()
    host_on[grouping.first_host] = awake > 0
    used = np.flatnonzero(count > 0)
    order, start = members(pair_group[used], grouping.num_groups)
    today = twin["workload_host"].values
    for g in range(grouping.num_groups):
        pairs = used[order[start[g] : start[g + 1]]]
        hosts = grouping.first_host[pair_host[pairs]]
        workloads = grouping.workloads_of(g)
        host[workloads] = _share_out(today[workloads], hosts, count[pairs])
    return host, host_on


def _share_out(today: np.ndarray, hosts: np.ndarray, count: np.ndarray) -> np.ndarray:
    """Give each workload (n,) a host, today's first; −1 when the counts are too few."""
    result = np.full(len(today), -1, dtype=np.int32)
    left = count.copy()
    for i, host in enumerate(hosts.tolist()):
        staying = np.flatnonzero((today == host) & (result < 0))[: left[i]]
        result[staying] = host
        left[i] -= len(staying)
    rest = np.repeat(hosts, left)
    open_places = np.flatnonzero(result < 0)
    number = min(len(rest), len(open_places))
    result[open_places[:number]] = rest[:number]
    return result


def believed_terms(model: pyo.ConcreteModel) -> dict[str, float]:
    """Return the objective terms at the present values of the variables, in money."""
    context = context_of(model)
    return {name: context.terms[name].value() for name in context.recipe.term_names()}
