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


def constrain_stay_where_on(context: Context) -> None:
    r"""Let workloads stay only on hosts that are on, when hosts are merged into classes.

    .. math:: \sum_g c_g s_{g,k} \le V_k(j) + v_{k,j+1} (z_k - j) \qquad \forall k, j

    v are the move costs of what runs on each host of the class today, largest first, V their
    running sum: j hosts that are on keep at most what the j dearest hold. With single hosts the
    capacity rows say the same. Recipe entry: ``stay_where_on``. Dual: none worth reading.
    """
    declare_rows(context, "stay_where_on")
    instance, grouping = context.instance, context.instance.grouping
    cost = instance.twin["workload_move_cost"].values
    weight = cost / max(float(cost.mean()), 1e-12) if len(cost) else cost
    held = _held_today(context, weight)
    group, staying = context.shared["stay"]
    host = instance.today[1][context.shared["stay_known"]]
    order, start = members(host, grouping.num_hosts)
    for k in np.flatnonzero((grouping.host_count > 1) & (np.diff(start) > 0)).tolist():
        chosen = order[start[k] : start[k + 1]]
        body = Linear().extend(
            weight[grouping.first_workload[group[chosen]]], objects(staying[chosen])
        )
        values = np.sort(held[grouping.hosts_of(k)])[::-1]
        for j in _breakpoints(values):
            line = Linear().plus(body).add(-float(values[j]), context.arrays["awake"][k])
            limit = float(values[:j].sum()) - j * float(values[j])
            at_most(context, "stay_where_on", (instance.host_names[k], j), line, limit)


def _held_today(context: Context, weight: np.ndarray) -> np.ndarray:
    """Return the weight of the workloads of the model that run on each host today (H,)."""
    instance = context.instance
    today = instance.twin["workload_host"].values
    known = (today >= 0) & (instance.grouping.workload_group >= 0)
    return np.bincount(today[known], weights=weight[known], minlength=instance.twin.sizes["host"])


def _breakpoints(values: np.ndarray) -> list[int]:
    """Return where the running sum of falling values gets its lines: about eight, evenly."""
    return sorted({int(j) for j in np.linspace(0, len(values) - 1, min(8, len(values)))})


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
    return int((_fixed_moved(context) & chosen).sum())


def _fixed_moved(context: Context) -> np.ndarray:
    instance = context.instance
    today, host = instance.twin["workload_host"].values, instance.fixed.host_of_workload
    return (host >= 0) & (today >= 0) & (host != today)


def fixed_move_cost(context: Context) -> float:
    """Return the one-off cost of fixed workloads that have moved, before it is spread over time."""
    cost = context.instance.twin["workload_move_cost"].values
    return float(cost[_fixed_moved(context)].sum())


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
