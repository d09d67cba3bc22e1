"""Workloads that stay where they are, and those that move."""

from __future__ import annotations

import numpy as np

from optimiser.formulation.context import Context
from optimiser.formulation.grouping import members
from optimiser.formulation.linear import Linear, objects
from optimiser.formulation.rows import at_most, below, declare_rows
from optimiser.schema.policy import MaxMoves


def declare_stay(context: Context) -> None:
    """Declare how many workloads of a group stay, unless all that are placed there do."""
    instance = context.instance
    group, host, count = instance.today
    pair = _pair_index(context, group, host)
    known = pair >= 0
    group, host, count, pair = group[known], host[known], count[known], pair[known]
    # on merged hosts a workload that is placed in its class may still have changed its host
    partial = count < instance.grouping.workload_count[group]
    partial |= instance.grouping.host_count[host] > 1
    names, hosts = instance.group_names, instance.host_names
    index = [
        (names[g], hosts[k])
        for g, k in zip(group[partial].tolist(), host[partial].tolist(), strict=True)
    ]
    stay = context.declare("staying", index, upper=count[partial].tolist())
    staying = context.arrays["place"][pair].copy()
    staying[partial] = stay
    context.shared["stay"] = (group, staying)
    context.shared["stay_known"] = known
    context.shared["staying"] = (pair, staying)
    context.shared["stay_pairs"] = (pair[partial], stay, count[partial])
    hosts_kept = _merged_hosts_in_use(context)
    names = [str(n) for n in instance.twin["host"].values[hosts_kept]]
    context.declare("keeping", names, upper=[1.0] * len(names))
    context.shared["hosts_kept"] = hosts_kept


def _merged_hosts_in_use(context: Context) -> np.ndarray:
    """Return the hosts (n,) that hold workloads of the model today and are merged with others."""
    instance, grouping = context.instance, context.instance.grouping
    today = instance.twin["workload_host"].values
    used = np.unique(today[(today >= 0) & (grouping.workload_group >= 0)])
    count = np.append(grouping.host_count, 0)  # the last entry stands for no group
    return used[count[grouping.host_group[used]] > 1]


def _pair_index(context: Context, group: np.ndarray, host: np.ndarray) -> np.ndarray:
    """Return the position of each (group, host group) among the pairs, −1 if it is not there."""
    width = context.instance.grouping.num_groups
    keys = context.pair_host.astype(np.int64) * width + context.pair_group
    wanted = host.astype(np.int64) * width + group
    if not len(keys):
        return np.full(len(wanted), -1)
    place = np.minimum(np.searchsorted(keys, wanted), len(keys) - 1)
    return np.where(keys[place] == wanted, place, -1)


def constrain_stay(context: Context) -> None:
    r"""Let no more workloads stay on a host than are placed there.

    .. math:: s_{g,k} \le x_{g,k}, \qquad 0 \le s_{g,k} \le n_{g,k} \qquad \forall g, k

    n is today's count; where all of a group are on one host, s is x itself. Recipe entry:
    ``stay``. Dual: none worth reading.
    """
    declare_rows(context, "stay")
    pairs, stay, _ = context.shared["stay_pairs"]
    instance = context.instance
    for pair, variable in zip(pairs.tolist(), stay, strict=True):
        body = Linear().add(1.0, variable).add(-1.0, context.arrays["place"][pair])
        g, k = int(context.pair_group[pair]), int(context.pair_host[pair])
        below(context, "stay", (instance.group_names[g], instance.host_names[k]), body)


def constrain_kept_hosts(context: Context) -> None:
    r"""Keep on no more hosts of a merged class with what they hold today than are awake.

    .. math:: \sum_{h \in k} \kappa_h \le z_k \qquad \forall k

    Recipe entry: ``kept_hosts``. Dual: none worth reading.
    """
    declare_rows(context, "kept_hosts")
    instance, grouping = context.instance, context.instance.grouping
    order, start = members(grouping.host_group[context.shared["hosts_kept"]], grouping.num_hosts)
    for k in np.flatnonzero(np.diff(start) > 0).tolist():
        body = Linear().extend(1.0, context.arrays["keeping"][order[start[k] : start[k + 1]]])
        below(
            context,
            "kept_hosts",
            instance.host_names[k],
            body.add(-1.0, context.arrays["awake"][k]),
        )


def constrain_stay_where_on(context: Context) -> None:
    r"""Let workloads of a merged class stay only on those hosts that are kept on.

    .. math:: s_{g,k} \le \sum_{h \in k} n_{g,h}\, \kappa_h \qquad \forall g, k

    n is what host h holds of group g today. With single hosts the capacity rows say the same.
    Recipe entry: ``stay_where_on``. Dual: none worth reading.
    """
    declare_rows(context, "stay_where_on")
    instance, keeping = context.instance, context.arrays["keeping"]
    pairs, stay, _ = context.shared["stay_pairs"]
    group, host, count = _held_today(context)
    kept = context.shared["hosts_kept"]
    width = instance.grouping.num_groups
    key = instance.grouping.host_group[kept[host]].astype(np.int64) * width + group
    order = np.argsort(key, kind="stable")
    for pair, variable in zip(pairs.tolist(), stay, strict=True):
        g, k = int(context.pair_group[pair]), int(context.pair_host[pair])
        first, last = np.searchsorted(key[order], [k * width + g, k * width + g + 1])
        chosen = order[first:last]
        if not len(chosen):
            continue
        body = Linear().add(1.0, variable).extend(-count[chosen], keeping[host[chosen]])
        below(context, "stay_where_on", (instance.group_names[g], instance.host_names[k]), body)


def _held_today(context: Context) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return (group, position among the kept hosts, count) of what those hosts hold today."""
    instance, kept = context.instance, context.shared["hosts_kept"]
    today, group = instance.twin["workload_host"].values, instance.grouping.workload_group
    position = np.full(instance.twin.sizes["host"], -1)
    position[kept] = np.arange(len(kept))
    known = (today >= 0) & (group >= 0)
    known &= position[np.maximum(today, 0)] >= 0
    key = group[known].astype(np.int64) * max(1, len(kept)) + position[today[known]]
    distinct, count = np.unique(key, return_counts=True)
    return distinct // max(1, len(kept)), distinct % max(1, len(kept)), count.astype(float)


def moved(context: Context, weight: np.ndarray) -> Linear:
    """Return the weighted number of moves: all that run today less those that stay.

    ``weight`` (group,). A workload that does not run today starts, it does not move.
    """
    instance = context.instance
    group, staying = context.shared["stay"]
    body = Linear(float(weight @ instance.placed_today))
    return body.extend(-weight[group], objects(staying))


def num_fixed_moves(context: Context, chosen: np.ndarray) -> int:
    """Return how many fixed workloads among ``chosen`` (W,) have left today's host."""
    return int((has_moved(context) & chosen).sum())


def has_moved(context: Context) -> np.ndarray:
    """Return which fixed workloads have left today's host, (W,) bool."""
    instance = context.instance
    today, host = instance.twin["workload_host"].values, instance.fixed.host_of_workload
    return (host >= 0) & (today >= 0) & (host != today)


def fixed_move_cost(context: Context) -> float:
    """Return the one-off cost of fixed workloads that have moved, before it is spread over time."""
    cost = context.instance.twin["workload_move_cost"].values
    return float(cost[has_moved(context)].sum())


def constrain_max_moves(context: Context) -> None:
    r"""Move at most so many workloads.

    .. math:: \sum_{g \in W} \Bigl( n_g - \sum_k s_{g,k} \Bigr) \le N

    Recipe entry: ``max_moves``. Dual: value of one more move.
    """
    declare_rows(context, "max_moves")
    instance = context.instance
    for rule in instance.frame.rules:
        if not isinstance(rule.policy, MaxMoves):
            continue
        counted = rule.workloads[instance.grouping.first_workload].astype(float)
        body = moved(context, counted)
        body.constant += num_fixed_moves(context, rule.workloads)
        at_most(
            context, "max_moves", rule.name, body, rule.policy.limit,
            rule=rule, where=rule.name, unit="moves",
        )  # fmt: skip
