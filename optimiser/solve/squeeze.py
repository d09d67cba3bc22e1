"""Compiled squeezing: a chosen set of hosts carries everything, overloaded at first.

With capacity a price instead of a wall, shifts and swaps even the overload out; what cannot be
evened out is evicted. Packing a given set of hosts this way needs far fewer of them than filling
one after the other.
"""

from __future__ import annotations

import numpy as np

from optimiser.solve.arrays import Data, State
from optimiser.solve.kernel import (
    add,
    entry,
    hold_on,
    overload,
    refresh_host,
    remove,
)
from optimiser.solve.shifts import cost_after, may_go, move_change


@entry
def price_overload(data: Data, state: State, price: float) -> None:
    """Let capacity be exceeded at a price per host's worth [money], or, with 0, not at all."""
    state.overload_price[0] = price
    for host in range(len(data.rack)):
        refresh_host(data, state, host)


@entry
def squeeze_in(data: Data, state: State, order: np.ndarray) -> int:
    """Put workloads on the hosts that are on where they cost least; return how many found none."""
    hosts = np.flatnonzero((state.members > 0) | state.forced_on)
    failed = 0
    for workload in order:
        best, lowest, flavour = -1, np.inf, data.flavour[workload]
        for host in hosts:
            if not data.allowed[data.elig[workload], host]:
                continue
            cost = cost_after(data, state, host, flavour, -1) - state.cost[host]
            cost += move_change(data, workload, data.today[workload], host)
            if cost < lowest and may_go(data, state, workload, host):
                best, lowest = host, cost
        if best < 0:
            failed += 1
        else:
            add(data, state, workload, best, np.uint64(0))
    return failed


@entry
def total_overload(data: Data, state: State) -> float:
    """How far use exceeds capacity, all hosts together [hosts' worth]."""
    total = 0.0
    for host in range(len(data.rack)):
        total += overload(data, state, host, data.nothing, data.nothing)
    return total


@entry
def evict(data: Data, state: State, seed: int) -> int:
    """Take workloads off overloaded hosts at random until none is; return how many."""
    np.random.seed(seed)
    count = 0
    for host in range(len(data.rack)):
        while overload(data, state, host, data.nothing, data.nothing) > 0.0:
            position = np.random.randint(state.members[host])
            workload = state.head[host]
            for _ in range(position):
                workload = state.following[workload]
            remove(data, state, workload)
            count += 1
    return count


@entry
def close_hosts(data: Data, state: State, hosts: np.ndarray) -> np.ndarray:
    """Empty hosts and let them sleep; return the workloads that were on them."""
    count = 0
    for host in hosts:
        count += state.members[host]
    out = np.empty(count, dtype=np.int64)
    n = 0
    for host in hosts:
        while state.members[host] > 0:
            out[n] = state.head[host]
            remove(data, state, out[n])
            n += 1
        hold_on(data, state, host, False)
    return out
