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
    is_on,
    jit,
    overload,
    refresh_host,
    remove,
)
from optimiser.solve.scoring import best_host
from optimiser.solve.shifts import cost_after, exchange_fits, may_go, move_change

SAMPLE = 48  # hosts looked at for one workload
MOST_COMPARED = 20_000  # hosts of which the cheapest is looked for; of more the first that will do
MOST_ASKED = 2_000  # hosts that are on before one that sleeps is woken
LATEST = 16  # hosts woken last, which are likely to have room


@entry
def price_overload(data: Data, state: State, price: float) -> None:
    """Let capacity be exceeded at a price per host's worth [money], or, with 0, not at all."""
    state.overload_price[0] = price
    for host in range(len(data.rack)):
        refresh_host(data, state, host)


@jit
def cheapest_of(data: Data, state: State, workload: int, hosts: np.ndarray, most: int) -> np.int64:
    """Return the cheapest legal one of at most ``most`` hosts, drawn at random; −1 for none."""
    flavour, today, elig = data.flavour[workload], data.today[workload], data.elig[workload]
    best, lowest = np.int64(-1), np.inf
    for number in range(min(most, len(hosts))):
        host = hosts[number] if most >= len(hosts) else hosts[np.random.randint(len(hosts))]
        if not data.allowed[elig, host] or not exchange_fits(data, state, host, flavour, -1):
            continue
        cost = cost_after(data, state, host, flavour, -1) - state.cost[host]
        cost += move_change(data, workload, today, host)
        if cost < lowest and may_go(data, state, workload, host):
            best, lowest = host, cost
    return np.int64(best)


@jit
def first_of(data: Data, state: State, workload: int, hosts: np.ndarray, most: int) -> np.int64:
    """Return a legal one of at most ``most`` hosts in a row, from a random one on; −1 for none."""
    if len(hosts) == 0:
        return np.int64(-1)
    elig, begin = data.elig[workload], np.random.randint(len(hosts))
    for number in range(min(most, len(hosts))):
        host = hosts[(begin + number) % len(hosts)]
        if data.allowed[elig, host] and may_go(data, state, workload, host):
            return np.int64(host)
    return np.int64(-1)


@entry
def squeeze_in(
    data: Data,
    state: State,
    order: np.ndarray,
    hosts: np.ndarray,
    start: np.ndarray,
    target: np.ndarray,
    seed: int,
) -> int:
    """Put workloads where they cost least; return how many found no host.

    ``hosts`` those that are on, by class; ``start`` (class+1,) where each class begins; ``target``
    (workload,) the class each is meant for, −1 any. A sample of the class is looked at, then a
    sample of all, then all; where these are many, only until one of the same use has found none.
    """
    np.random.seed(seed)
    failed, hopeless = 0, np.zeros(len(data.use), dtype=np.bool_)
    for workload in order:
        best, kind = np.int64(-1), target[workload]
        if kind >= 0:
            best = cheapest_of(data, state, workload, hosts[start[kind] : start[kind + 1]], SAMPLE)
        if best < 0:
            best = cheapest_of(data, state, workload, hosts, SAMPLE)
        if best < 0 and len(hosts) <= MOST_COMPARED:
            best = cheapest_of(data, state, workload, hosts, len(hosts))
        elif best < 0 and not hopeless[data.flavour[workload]]:
            best = first_of(data, state, workload, hosts, len(hosts))
            hopeless[data.flavour[workload]] = best < 0
        if best < 0:
            failed += 1
        else:
            add(data, state, workload, best, np.uint64(0))
    return failed


@entry
def place_by_sample(
    data: Data, state: State, order: np.ndarray, scale: float, stamp: np.ndarray, seed: int
) -> int:
    """Put workloads on the cheapest of a few hosts that are on; return how many found no host.

    Where none of the sample will do, those woken last are asked, then others that are on, and in
    the end all hosts are looked at, those asleep too. ``stamp`` (host class,) is scratch.
    """
    np.random.seed(seed)
    on, value = np.empty(len(data.rack), dtype=np.int64), np.empty(len(data.rack))
    count, failed, mark = 0, 0, -1
    for host in range(len(on)):
        if is_on(state, host):
            on[count] = host
            count += 1
    for workload in order:
        best = cheapest_of(data, state, workload, on[:count], SAMPLE)
        if best < 0:
            best = cheapest_of(data, state, workload, on[max(0, count - LATEST) : count], LATEST)
        if best < 0:
            best = first_of(data, state, workload, on[:count], MOST_ASKED)
        if best < 0:
            mark -= 1
            best = np.int64(best_host(data, state, workload, 0.25, scale, stamp, mark, value))
        if best < 0:
            failed += 1
            continue
        if not is_on(state, best):
            on[count] = best
            count += 1
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
