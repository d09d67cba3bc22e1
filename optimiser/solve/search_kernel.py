"""Compiled steps of a search that are called one at a time: load, keep on, restore, judge."""

from __future__ import annotations

import numpy as np

from optimiser.solve.arrays import Data, State
from optimiser.solve.gangs import gangs_hold
from optimiser.solve.kernel import (
    add,
    budgets_hold,
    entry,
    fits,
    groups_hold,
    hold_on,
    remove,
    rows_hold,
)
from optimiser.solve.row_kernel import may_wake
from optimiser.solve.ruin import potential, recreate


@entry
def potential_here(data: Data, state: State) -> float:
    """Cost of all hosts and moves at the current prices [money]."""
    return potential(data, state, 0.0)


@entry
def put_back(data: Data, state: State, host: np.ndarray, order: np.ndarray) -> np.ndarray:
    """Insert workloads on the given hosts where the rules allow; return which were."""
    done = np.zeros(len(order), dtype=np.bool_)
    for position in range(len(order)):
        workload = order[position]
        target = host[workload]
        if target < 0 or not fits(data, state, workload, target):
            continue
        if rows_hold(data, state, workload, target):
            add(data, state, workload, target, np.uint64(0))
            done[position] = True
    return done


@entry
def force(data: Data, state: State, hosts: np.ndarray, on: bool) -> None:
    """Keep hosts on even when they are empty, or let empty ones sleep again."""
    for host in hosts:
        hold_on(data, state, host, on)


@entry
def wake_each(data: Data, state: State, hosts: np.ndarray) -> None:
    """Keep hosts on as far as the rack units and power allow."""
    for host in hosts:
        if may_wake(data, state, host):
            hold_on(data, state, host, True)


@entry
def restore(
    data: Data, state: State, host: np.ndarray, devices: np.ndarray, on: np.ndarray
) -> None:
    """Put every workload on its host with its devices, and keep empty hosts on as they were."""
    for workload in range(len(host)):
        if host[workload] >= 0:
            add(data, state, workload, host[workload], devices[workload])
    force(data, state, np.flatnonzero(on & (state.members == 0)), True)


@entry
def relocate(data: Data, state: State, host: np.ndarray) -> None:
    """Put every workload on another host (workload,), whatever lies between."""
    changed = np.flatnonzero(state.host != host)
    for workload in changed:
        remove(data, state, workload)
    for workload in changed:
        add(data, state, workload, host[workload], np.uint64(0))


@entry
def recreate_seeded(
    data: Data,
    state: State,
    workloads: np.ndarray,
    weight: np.ndarray,
    scale: float,
    stamp: np.ndarray,
    seed: int,
) -> int:
    """Insert workloads with a given seed; return how many found no host."""
    np.random.seed(seed)
    return recreate(data, state, workloads, len(workloads), weight, 0.25, scale, stamp, -1)


@entry
def is_legal(data: Data, state: State) -> bool:
    """Whether all that must have a host has one, and groups, reserves and budgets hold."""
    for workload in range(len(data.flavour)):
        if state.host[workload] < 0 and data.wait_price[workload] == np.inf:
            return False
        if not groups_hold(data, state, workload):
            return False
    return gangs_hold(data, state) and budgets_hold(data, state)


@entry
def wake(data: Data, state: State) -> bool:
    """Turn on the sleeping hosts that cost least until every reserve holds."""
    for _ in range(len(data.rack)):
        if budgets_hold(data, state):
            return True
        best, lowest = -1, np.inf
        for host in range(len(data.rack)):
            if state.members[host] > 0 or state.forced_on[host]:
                continue
            useful = False
            for rule in range(len(data.reserve_fraction)):
                useful = useful or data.reserve_domain[rule, host] >= 0
            for rule in range(len(data.on_limit)):
                useful = useful or data.on_weight[rule, host] < 0
            price = data.intercept[data.kind[host], 0] * state.price[data.rack[host]].sum()
            size = max(1.0, float(data.capacity[host].max()))
            cost = (price + data.on_cost[host]) / size
            if useful and data.allowed[:, host].any() and cost < lowest:
                if not may_wake(data, state, host):
                    continue
                best, lowest = host, cost
        if best < 0:
            return False
        hold_on(data, state, best, True)
    return budgets_hold(data, state)
