"""Compiled: workloads that may be left out, and gangs that come as a whole or not at all."""

from __future__ import annotations

import numpy as np

from optimiser.solve.arrays import Data, State
from optimiser.solve.kernel import add, entry, groups_hold, jit, remove, shortfall
from optimiser.solve.scoring import best_host

MOST_TRIES = 6  # gangs for which others may make room, each time


@jit
def gangs_hold(data: Data, state: State) -> bool:
    """Whether every gang has hosts for all of its workloads or for none."""
    served = served_members(data, state)
    for workload in range(len(data.gang)):
        gang = data.gang[workload]
        if gang >= 0 and state.host[workload] < 0 and served[gang] > 0:
            return False
    return True


@jit
def served_members(data: Data, state: State) -> np.ndarray:
    """Return how many workloads of each gang have a host (gang,)."""
    most = -1
    for gang in data.gang:
        most = max(most, gang)
    served = np.zeros(most + 1, dtype=np.int64)
    for workload in range(len(data.gang)):
        if data.gang[workload] >= 0 and state.host[workload] >= 0:
            served[data.gang[workload]] += 1
    return served


@jit
def waiting_price(data: Data, state: State) -> float:
    """Price of those that have no host [money].

    A gang that is served in part is worth the square of its share, so that one that is nearly
    whole draws in the rest.
    """
    most, total = -1, 0.0
    for gang in data.gang:
        most = max(most, gang)
    whole, served = np.zeros(most + 1), np.zeros(most + 1)
    for workload in range(len(data.gang)):
        price, gang = data.wait_price[workload], data.gang[workload]
        if price == np.inf or price < 0.0:
            continue
        if gang >= 0:
            whole[gang] += price
            served[gang] += price if state.host[workload] >= 0 else 0.0
        elif state.host[workload] < 0:
            total += price
    for gang in range(most + 1):
        share = served[gang] / max(whole[gang], 1e-12)
        total += whole[gang] * (1.0 - share * share)
    return total


@entry
def put_as(
    data: Data, state: State, workloads: np.ndarray, host: np.ndarray, masks: np.ndarray
) -> None:
    """Put some workloads (n,) on hosts (n,), −1 for none, with their devices (n,)."""
    for workload in workloads:
        if state.host[workload] >= 0:
            remove(data, state, workload)
    for position in range(len(workloads)):
        if host[position] >= 0:
            add(data, state, workloads[position], host[position], masks[position])


@entry
def complete(data: Data, state: State, scale: float, seed: int) -> None:
    """Make all that may be left out whole: complete gangs where they fit, drop the others.

    Then whatever costs more than it is worth is left out. Units are gangs, and workloads without
    one; they are tried in random order, those that wait for the highest price first.
    """
    np.random.seed(seed)
    order, start = units(data)
    stamp = np.zeros(int(data.host_class.max()) + 1, dtype=np.int64)
    value, mark = np.empty(len(data.rack)), -1
    for unit in range(len(start) - 1):
        members = order[start[unit] : start[unit + 1]]
        if some_wait(state, members) and data.gang[members[0]] >= 0:
            take_out(data, state, members)
    ranked, tries = by_price(data, order, start), 0
    for unit in ranked:
        members = order[start[unit] : start[unit + 1]]
        if not some_wait(state, members):
            continue
        mark = take_in(data, state, members, scale, stamp, mark, value)
        is_open = len(members) > 1 and data.wait_price[members[0]] >= 0.0
        if is_open and tries < MOST_TRIES and some_wait(state, members):
            tries += 1
            mark = swap_in(data, state, members, order, start, ranked, scale, stamp, mark, value)
    for unit in range(len(start) - 1):
        members = order[start[unit] : start[unit + 1]]
        if not some_wait(state, members):
            leave_if_dear(data, state, members)


@jit
def swap_in(
    data: Data,
    state: State,
    members: np.ndarray,
    order: np.ndarray,
    start: np.ndarray,
    ranked: np.ndarray,
    scale: float,
    stamp: np.ndarray,
    mark: int,
    value: np.ndarray,
) -> int:
    """Let a gang in first and all other units after it, if that serves more; the next mark."""
    host, masks = state.host[order].copy(), state.device_mask[order].copy()
    before = waiting_price(data, state)
    take_out(data, state, order)
    mark = take_in(data, state, members, scale, stamp, mark, value)
    if not some_wait(state, members):
        for unit in ranked:
            others = order[start[unit] : start[unit + 1]]
            if some_wait(state, others):
                mark = take_in(data, state, others, scale, stamp, mark, value)
    if waiting_price(data, state) >= before:
        take_out(data, state, order)
        for position in range(len(order)):
            if host[position] >= 0:
                add(data, state, order[position], host[position], masks[position])
    return mark


@jit
def units(data: Data) -> tuple[np.ndarray, np.ndarray]:
    """Return workloads that may be left out, unit by unit, and where each unit starts."""
    found = np.flatnonzero(data.wait_price < np.inf)
    key = np.empty(len(found), dtype=np.int64)
    for position in range(len(found)):
        gang = data.gang[found[position]]
        key[position] = gang if gang >= 0 else len(data.gang) + position
    order = np.argsort(key, kind="mergesort")
    start = np.zeros(len(found) + 1, dtype=np.int64)
    count = 0
    for position in range(len(found)):
        if position == 0 or key[order[position]] != key[order[position - 1]]:
            start[count] = position
            count += 1
    start[count] = len(found)
    return found[order], start[: count + 1]


@jit
def by_price(data: Data, order: np.ndarray, start: np.ndarray) -> np.ndarray:
    """Return the units by price, shaken, dearest first."""
    key = np.empty(len(start) - 1)
    for unit in range(len(key)):
        price = 0.0
        for workload in order[start[unit] : start[unit + 1]]:
            price += abs(data.wait_price[workload])
        key[unit] = -price * (1.0 + 0.5 * np.random.random())
    return np.argsort(key)


@jit
def some_wait(state: State, members: np.ndarray) -> bool:
    """Whether any of some workloads has no host."""
    return bool((state.host[members] < 0).any())


@jit
def take_out(data: Data, state: State, members: np.ndarray) -> None:
    """Remove those of some workloads that have a host."""
    for workload in members:
        if state.host[workload] >= 0:
            remove(data, state, workload)


@jit
def take_in(
    data: Data,
    state: State,
    members: np.ndarray,
    scale: float,
    stamp: np.ndarray,
    mark: int,
    value: np.ndarray,
) -> int:
    """Put all of some workloads on hosts if that is legal, else none; return the next mark."""
    short = shortfall(data, state)
    for workload in members:
        mark -= 1
        host = best_host(data, state, workload, 0.25, scale, stamp, mark, value)
        if host < 0:
            take_out(data, state, members)
            return mark
        add(data, state, workload, host, np.uint64(0))
    legal = shortfall(data, state) <= short
    for workload in members:
        legal = legal and groups_hold(data, state, workload)
    if not legal:
        take_out(data, state, members)
    return mark


@jit
def leave_if_dear(data: Data, state: State, members: np.ndarray) -> None:
    """Leave some workloads out when that saves more than their price and breaks nothing."""
    hosts, masks = np.empty(len(members), dtype=np.int64), np.empty(len(members), dtype=np.uint64)
    short, saved = shortfall(data, state), 0.0
    for position in range(len(members)):
        workload = members[position]
        host = state.host[workload]
        hosts[position], masks[position] = host, state.device_mask[workload]
        saved += state.cost[host] - abs(data.wait_price[workload])
        remove(data, state, workload)
        saved -= state.cost[host]
    legal = saved > 0.0 and shortfall(data, state) <= short
    for workload in members:
        legal = legal and groups_hold(data, state, workload)
    if not legal:
        for position in range(len(members)):
            add(data, state, members[position], hosts[position], masks[position])
