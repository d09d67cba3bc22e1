"""Compiled shifts and swaps: one workload to another host, or two change places.

A proposal is priced by the curves of the two hosts it touches before anything is changed; only
what pays, or is dearer by no more than the temperature allows, meets the other rules.
"""

from __future__ import annotations

import numpy as np

from optimiser.solve.arrays import Data, State
from optimiser.solve.kernel import (
    add,
    device_w,
    entry,
    fits,
    groups_hold,
    is_on,
    jit,
    overload,
    remove,
    rows_hold,
    shortfall,
)
from optimiser.solve.place_kernel import host_move_change, load_price, service_move_change

SWAPS = 0.5  # share of proposals that are swaps
RECOUNT = 2000  # proposals after which overloaded hosts are looked for anew
HOME = 0.05  # share of proposals that are shifts back to today's host


@jit
def exchange_fits(data: Data, state: State, host: int, comes: int, goes: int) -> bool:
    """Whether one flavour may take the place of another on a host (−1 none), capacity only."""
    if state.overload_price[0] > 0.0:
        return True
    load, capacity = state.load[host], data.capacity[host]
    arriving = data.use[comes]
    leaving = data.nothing if goes < 0 else data.use[goes]
    for column in range(len(load)):
        if load[column] + arriving[column] - leaving[column] > capacity[column]:
            return False
    return True


@jit
def cost_after(data: Data, state: State, host: int, comes: int, goes: int) -> float:
    """Cost of a host on which one flavour arrives and another leaves (−1 none) [money]."""
    kind, rack = data.kind[host], data.rack[host]
    price, load, inverse = state.price[rack], state.load[host], data.inverse_capacity[host]
    arriving = data.nothing if comes < 0 else data.use[comes]
    leaving = data.nothing if goes < 0 else data.use[goes]
    by_load = load_price(data, state, host, arriving, leaving) if data.place.is_active else 0.0
    if comes < 0 and state.members[host] == 1 and not state.forced_on[host]:
        return by_load + data.standby[kind] * price.sum()
    slope, intercept, power_column = data.slope[kind], data.intercept[kind], data.power_column
    cost, worth = data.on_cost[host] + by_load, 0.0
    for step in range(len(price)):
        column = power_column[step]
        fraction = (load[column] + arriving[column] - leaving[column]) * inverse[column]
        piece = min(int(fraction * 10.0), 9)
        cost += price[step] * (intercept[piece] + slope[piece] * fraction)
        worth += price[step]
    if data.gpu_w[host] > 0.0 and data.device_size > 0:
        units = 0 if comes < 0 else data.device_request[comes]
        units -= 0 if goes < 0 else data.device_request[goes]
        cost += worth * (device_w(data, state, host) + units * data.gpu_w[host])
    if state.overload_price[0] > 0.0:
        cost += state.overload_price[0] * overload(data, state, host, arriving, leaving)
    return cost


@jit
def move_change(data: Data, workload: int, source: int, target: int) -> float:
    """Change of the cost of moves when a workload goes from one host to another [money]."""
    today = data.today[workload]
    if today < 0:
        return 0.0
    change = 0.0
    if target != today:
        change += data.move_cost[workload]
    if source != today:
        change -= data.move_cost[workload]
    return change + host_move_change(data, workload, source, target)


@jit
def may_go(data: Data, state: State, workload: int, host: int) -> bool:
    """Whether all rules that can be checked at insertion allow a workload on a host."""
    return fits(data, state, workload, host) and rows_hold(data, state, workload, host)


@jit
def try_shift(
    data: Data, state: State, workload: int, target: int, limit: float, short: float
) -> float:
    """Move a workload when that costs at most ``limit`` and is legal; return the change, else 0."""
    source = state.host[workload]
    if source == target or not data.allowed[data.elig[workload], target]:
        return 0.0
    flavour = data.flavour[workload]
    if not exchange_fits(data, state, target, flavour, -1):
        return 0.0
    change = move_change(data, workload, source, target)
    change += service_move_change(data, state, workload, source, target)
    change += cost_after(data, state, source, -1, flavour) - state.cost[source]
    change += cost_after(data, state, target, flavour, -1) - state.cost[target]
    if change > limit or change == 0.0:
        return 0.0
    mask = state.device_mask[workload]
    remove(data, state, workload)
    if may_go(data, state, workload, target):
        add(data, state, workload, target, np.uint64(0))
        if groups_hold(data, state, workload) and shortfall(data, state) <= short:
            return change
        remove(data, state, workload)
    add(data, state, workload, source, mask)
    return 0.0


@jit
def try_swap(
    data: Data, state: State, first: int, second: int, limit: float, short: float
) -> float:
    """Let two workloads change places when that costs at most ``limit`` and is legal."""
    one, two = state.host[first], state.host[second]
    flavour, other = data.flavour[first], data.flavour[second]
    if one == two or (flavour == other and data.today[first] != two and data.today[second] != one):
        return 0.0
    if not data.allowed[data.elig[first], two] or not data.allowed[data.elig[second], one]:
        return 0.0
    if not exchange_fits(data, state, two, flavour, other):
        return 0.0
    if not exchange_fits(data, state, one, other, flavour):
        return 0.0
    change = move_change(data, first, one, two) + move_change(data, second, two, one)
    change += service_move_change(data, state, first, one, two)
    change += service_move_change(data, state, second, two, one)
    change += cost_after(data, state, one, other, flavour) - state.cost[one]
    change += cost_after(data, state, two, flavour, other) - state.cost[two]
    if change > limit or change == 0.0:
        return 0.0
    masks = state.device_mask[first], state.device_mask[second]
    remove(data, state, first)
    remove(data, state, second)
    if may_go(data, state, first, two):
        add(data, state, first, two, np.uint64(0))
        if may_go(data, state, second, one):
            add(data, state, second, one, np.uint64(0))
            legal = groups_hold(data, state, first) and groups_hold(data, state, second)
            if legal and shortfall(data, state) <= short:
                return change
            remove(data, state, second)
        remove(data, state, first)
    add(data, state, first, one, masks[0])
    add(data, state, second, two, masks[1])
    return 0.0


@jit
def try_insert(data: Data, state: State, workload: int, host: int) -> None:
    """Put a workload that has no host on one that is on, if that is legal."""
    if may_go(data, state, workload, host):
        add(data, state, workload, host, np.uint64(0))


@jit
def overloaded_hosts(data: Data, state: State) -> np.ndarray:
    """Return the hosts over their capacity; none while capacity is hard."""
    found = np.zeros(len(data.rack), dtype=np.bool_)
    if state.overload_price[0] > 0.0:
        for host in range(len(data.rack)):
            if state.members[host] > 0:
                found[host] = overload(data, state, host, data.nothing, data.nothing) > 0.0
    return np.flatnonzero(found)


@jit
def any_member(state: State, host: int) -> int:
    """Return a random workload of a host, −1 when it is empty."""
    if state.members[host] == 0:
        return -1
    workload = state.head[host]
    for _ in range(np.random.randint(state.members[host])):
        workload = state.following[workload]
    return workload


@entry
def anneal(
    data: Data, state: State, proposals: int, temperature: float, seed: int
) -> tuple[float, int]:
    """Propose shifts and swaps; return the change of cost and how many were accepted.

    A change d is accepted with probability exp(−d/temperature) [money]. Half of the proposals are
    about overloaded hosts while there are some.
    """
    np.random.seed(seed)
    short = shortfall(data, state)
    num_workloads, total, accepted = len(data.flavour), 0.0, 0
    full = overloaded_hosts(data, state)
    for proposal in range(proposals):
        workload, other = np.random.randint(num_workloads), np.random.randint(num_workloads)
        if len(full) > 0:
            if proposal % RECOUNT == RECOUNT - 1:
                full = overloaded_hosts(data, state)
            if len(full) > 0 and np.random.random() < 0.5:
                workload = any_member(state, full[np.random.randint(len(full))])
        if workload < 0 or state.host[other] < 0:
            continue
        if state.host[workload] < 0:
            if data.wait_price[workload] >= 0.0:
                try_insert(data, state, workload, state.host[other])
            continue
        limit = -temperature * np.log(max(np.random.random(), 1e-12))
        kind = np.random.random()
        if kind < SWAPS:
            change = try_swap(data, state, workload, other, limit, short)
        else:
            target, today = state.host[other], data.today[workload]
            if kind > 1.0 - HOME and today >= 0 and is_on(state, today):
                target = today
            change = try_shift(data, state, workload, target, limit, short)
        if change != 0.0:
            total += change
            accepted += 1
    return total, accepted
