"""Prices of loads and moves: above the safety capacity, out of balance, by service, by host."""

from __future__ import annotations

import numpy as np

from optimiser.formulation.context import Context
from optimiser.formulation.linear import Linear, objects
from optimiser.formulation.rows import below, declare_rows
from optimiser.formulation.steps import covering_steps

HOURS_PER_DAY = 24.0


def declare_placement_prices(context: Context) -> None:
    """Declare load above safety, free amounts that are missing, and moves of the busiest service.

    Amounts are divided by the scale of their resource.
    """
    instance, weights = context.instance, context.instance.frame.weights
    hosts = instance.host_names
    safety = [(i, p.resource, k) for i, p in enumerate(weights.safety) if p.price for k in hosts]
    balance = [(i, p.resource, k) for i, p in enumerate(weights.balance) if p.price for k in hosts]
    context.declare("above_safety", safety)
    context.declare("short_of_balance", balance)
    context.declare("most_moves", ["site"] if weights.service_move_cost else [])


def constrain_safety_excess(context: Context) -> None:
    r"""Define how far the use of a host is above its safety capacity at its worst moment.

    .. math:: \sum_g u_{g,r,t}\, x_{g,k} - a_{k,r} \le S_{k,r} \qquad \forall k, r, t

    Recipe entry: ``safety_excess``. Dual: value of one more unit of safety capacity.
    """
    declare_rows(context, "safety_excess")
    instance = context.instance
    safety = _by_group(context, instance.twin["host_safety"].values)
    for index, price in enumerate(instance.frame.weights.safety):
        if not price.price:
            continue
        r, scale = _resource(context, price.resource)
        uneven = np.ptp(instance.host_base[:, r, :]) > 0
        every = range(instance.num_steps)
        for s in every if uneven else covering_steps(instance.demand[:, r, :]):
            for k, name in enumerate(instance.host_names):
                body = _use(context, k, r, s, scale)
                above = context.model.above_safety[index, price.resource, name]
                below(context, "safety_excess", (index, price.resource, name, int(s)),
                      body.add(-1.0, above), float(safety[k, r]) / scale)  # fmt: skip


def constrain_balance_shortage(context: Context) -> None:
    r"""Define how much free amount of a resource is missing beside the free amount of another.

    .. math:: \varphi\, (C_{k,q} - U_{k,q,t}) - (C_{k,r} - U_{k,r,t}) \le b_{k,r}
        \qquad \forall k, t

    U is the use of a host. Recipe entry: ``balance_shortage``. Dual: value of one more free unit.
    """
    declare_rows(context, "balance_shortage")
    instance = context.instance
    capacity = _by_group(context, instance.twin["host_capacity"].values)
    for index, price in enumerate(instance.frame.weights.balance):
        if not price.price:
            continue
        (r, scale), (q, _) = _resource(context, price.resource), _resource(context, price.per)
        for k, name in enumerate(instance.host_names):
            free = price.ratio * float(capacity[k, q]) - float(capacity[k, r])
            short = context.model.short_of_balance[index, price.resource, name]
            for s in range(instance.num_steps):
                body = _use(context, k, r, s, scale).plus(_use(context, k, q, s, scale),
                                                          -float(price.ratio))  # fmt: skip
                below(context, "balance_shortage", (index, price.resource, name, s),
                      body.collected().add(-1.0, short), -free / scale)  # fmt: skip


def constrain_service_most_moves(context: Context) -> None:
    r"""Count the moves of the service that moves most.

    .. math:: \sum_{g \in q} \Bigl( n_g - \sum_k s_{g,k} \Bigr) \le N \qquad \forall q

    Recipe entry: ``service_most_moves``. Dual: share of the service in the price of its moves.
    """
    declare_rows(context, "service_most_moves")
    instance = context.instance
    if not instance.frame.weights.service_move_cost:
        return
    twin, most = instance.twin, context.model.most_moves["site"]
    service = twin["workload_service"].values[instance.grouping.first_workload]
    fixed, today = instance.fixed.host_of_workload, twin["workload_host"].values
    away = (fixed >= 0) & (today >= 0) & (fixed != today)
    num_services = twin.sizes["service"]
    done = np.bincount(twin["workload_service"].values[away], minlength=num_services)
    most.setlb(float(done.max(initial=0)))
    placed = np.bincount(service, instance.placed_today, minlength=num_services)
    stay_group, staying = context.shared["stay"]
    names = twin["service"].values.astype(str)
    for q in np.flatnonzero(placed).tolist():
        body = Linear(float(placed[q] + done[q]))
        body.extend(-1.0, objects(staying[service[stay_group] == q]))
        below(context, "service_most_moves", names[q], body.add(-1.0, most))


def price_safety_load(context: Context) -> None:
    r"""Pay for load above the safety capacity of hosts.

    .. math:: \sum_r \pi_r \sum_k a_{k,r}

    Recipe entry: ``safety_load``.
    """
    context.terms["safety_load"] = _priced(context, "safety", "above_safety")


def price_balance(context: Context) -> None:
    r"""Pay for free amounts that are of use only with another.

    .. math:: \sum_r \pi_r \sum_k b_{k,r}

    Recipe entry: ``balance``.
    """
    context.terms["balance"] = _priced(context, "balance", "short_of_balance")


def _priced(context: Context, field: str, name: str) -> Linear:
    body, instance = Linear(), context.instance
    for index, price in enumerate(getattr(instance.frame.weights, field)):
        if price.price:
            scale = _resource(context, price.resource)[1]
            variables = context.model.component(name)
            found = [variables[index, price.resource, host] for host in instance.host_names]
            body.extend(price.price * scale, objects(found))
    return body


def price_service_moves(context: Context) -> None:
    r"""Pay for each move of the service that moves most.

    .. math:: \frac{T}{24\, \theta}\, \sigma N

    Recipe entry: ``service_moves``.
    """
    weights = context.instance.frame.weights
    share = context.instance.frame.horizon_h / HOURS_PER_DAY / weights.hold_days
    body = Linear()
    context.terms["service_moves"] = body.extend(
        weights.service_move_cost * share, context.arrays["most_moves"]
    )


def price_host_moves(context: Context) -> None:
    r"""Pay for moves by the hosts where they start and end.

    .. math:: \frac{T}{24\, \theta}\, \omega \sum_{g,k} c_{h_g,k}\, x_{g,k}

    On hosts that are merged the least cost counts. Recipe entry: ``host_moves``.
    """
    instance, frame = context.instance, context.instance.frame
    share = (
        frame.horizon_h / HOURS_PER_DAY / frame.weights.hold_days * frame.weights.host_move_weight
    )
    body = Linear()
    context.terms["host_moves"] = body
    if not instance.twin.sizes["move_class"] or not share:
        return
    cost = _least_cost(context) * share
    body.extend(cost[context.pair_group, context.pair_host], context.arrays["place"])
    body.constant += _fixed_cost(context) * share


def _least_cost(context: Context) -> np.ndarray:
    """Return the cost of a move of a group to a host group (group, host group): the least."""
    instance, grouping = context.instance, context.instance.grouping
    today = instance.twin["workload_host"].values[grouping.first_workload]
    least = np.full((grouping.num_groups, grouping.num_hosts), np.inf)
    for h in np.flatnonzero(grouping.host_group >= 0).tolist():
        k = grouping.host_group[h]
        least[:, k] = np.minimum(least[:, k], _cost_between(context, today, np.full_like(today, h)))
    return least


def _cost_between(context: Context, source: np.ndarray, target: np.ndarray) -> np.ndarray:
    twin = context.instance.twin
    of_host, table = twin["host_move_class"].values, twin["move_class_cost"].values
    cost = table[of_host[source], of_host[target]]
    return np.where((source < 0) | (source == target), 0.0, cost)


def _fixed_cost(context: Context) -> float:
    fixed = context.instance.fixed.host_of_workload
    today, placed = context.instance.twin["workload_host"].values, fixed >= 0
    return float(_cost_between(context, today[placed], fixed[placed]).sum())


def _by_group(context: Context, values: np.ndarray) -> np.ndarray:
    """Return amounts of hosts (host, resource) summed by host group."""
    grouping = context.instance.grouping
    total = np.zeros((grouping.num_hosts, values.shape[1]))
    inside = grouping.host_group >= 0
    np.add.at(total, grouping.host_group[inside], values[inside])
    return total


def _resource(context: Context, name: str) -> tuple[int, float]:
    names = context.instance.twin["resource"].values.astype(str).tolist()
    index = names.index(name)
    return index, float(context.instance.frame.scale[index])


def _use(context: Context, k: int, r: int, s: int, scale: float) -> Linear:
    """Return the use of a host group, divided by a scale."""
    instance, pairs = context.instance, context.pairs_of_host(k)
    demand = instance.demand[context.pair_group[pairs], r, s] / scale
    body = Linear(float(instance.host_base[k, r, s]) / scale)
    return body.extend(demand, context.arrays["place"][pairs])
