"""Compiled steps of a rolling controller: shift workloads, empty, exchange and wake hosts.

A host costs what it draws and what it will fail to serve. Demand of the power resource is uncertain
with a mean and a variance for each workload; that of a host is taken as logistic, whose tails are
heavier than the normal's, so the expected amount above its capacity c is s ln(1 + exp((m − c) / s))
with s the standard deviation times √3/π. Every other rule of the site holds as for a plan. Within
one step a host only gives or only takes, so the moves are legal in any order and at once.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from optimiser.solve.admit_kernel import after_arrival
from optimiser.solve.arrays import Data, State
from optimiser.solve.kernel import (
    add,
    entry,
    fits,
    has_room,
    is_on,
    jit,
    remove,
    rows_hold,
    shortfall,
)

FREE, GIVES, TAKES = range(3)
"""What a host does in this step."""
LOGISTIC = np.sqrt(3.0) / np.pi
FULLNESS = 0.05
"""Worth of a full target over an empty one when a host is emptied, in its own idle power."""


class Demand(NamedTuple):
    """Demand of the power resource, and what hosts are for it.

    ``mean``, ``variance`` (workload,) of the steps to come and ``now`` (workload,) of the step that
    begins (zeros where it is not known yet); ``on_mean``, ``on_variance`` and ``on_now`` (host,)
    their sums; ``capacity`` (host,); ``idle_w`` (host,) W and ``slope_w`` (host,) W per unit;
    ``part`` (host,) what a host does in this step; ``unmet_price`` W per unit above capacity;
    ``steps`` for how many the future counts; ``move_price`` W times steps.
    """

    mean: np.ndarray
    variance: np.ndarray
    now: np.ndarray
    on_mean: np.ndarray
    on_variance: np.ndarray
    on_now: np.ndarray
    capacity: np.ndarray
    idle_w: np.ndarray
    slope_w: np.ndarray
    part: np.ndarray
    unmet_price: float
    steps: float
    move_price: float


@jit
def expected_excess(mean: float, variance: float, capacity: float) -> float:
    """Return the expected demand above a capacity."""
    scale = LOGISTIC * np.sqrt(max(variance, 1e-12))
    x = (mean - capacity) / scale
    if x > 30.0:
        return mean - capacity
    return float(scale * np.log1p(np.exp(x)))


@jit
def load_cost(demand: Demand, host: int, mean: float, variance: float, now: float) -> float:
    """Return what load on a host costs, idle power left out [W × steps]."""
    capacity = demand.capacity[host]
    future = demand.unmet_price * expected_excess(mean, variance, capacity)
    future += demand.slope_w[host] * mean
    return float(demand.unmet_price * max(0.0, now - capacity) + demand.steps * future)


@jit
def load_here(demand: Demand, host: int) -> float:
    """Return what the load on a host costs [W × steps]."""
    mean, variance = demand.on_mean[host], demand.on_variance[host]
    return load_cost(demand, host, mean, variance, demand.on_now[host])


@jit
def change(demand: Demand, host: int, workload: int, sign: int) -> float:
    """Return what it costs when a workload comes to a host (+1) or leaves it (−1)."""
    mean, variance = demand.on_mean[host], demand.on_variance[host]
    now = demand.on_now[host]
    after = load_cost(
        demand,
        host,
        mean + sign * demand.mean[workload],
        variance + sign * demand.variance[workload],
        now + sign * demand.now[workload],
    )
    return after - load_cost(demand, host, mean, variance, now)


@jit
def count(demand: Demand, workload: int, host: int, sign: int) -> None:
    """Add (+1) or take away (−1) the demand of a workload at a host."""
    demand.on_mean[host] += sign * demand.mean[workload]
    demand.on_variance[host] += sign * demand.variance[workload]
    demand.on_now[host] += sign * demand.now[workload]


@jit
def relocate_one(
    data: Data, state: State, demand: Demand, workload: int, host: int, mask: int
) -> None:
    """Move a workload whatever the rules say."""
    count(demand, workload, state.host[workload], -1)
    remove(data, state, workload)
    add(data, state, workload, host, mask)
    count(demand, workload, host, 1)


@jit
def try_move(data: Data, state: State, demand: Demand, workload: int, host: int) -> bool:
    """Move a workload to a host if every rule allows it; return whether it did."""
    source, mask = state.host[workload], state.device_mask[workload]
    short = shortfall(data, state)
    remove(data, state, workload)
    if fits(data, state, workload, host) and rows_hold(data, state, workload, host):
        add(data, state, workload, host, np.uint64(0))
        if after_arrival(data, state, workload, short) == 0:
            count(demand, workload, source, -1)
            count(demand, workload, host, 1)
            return True
        remove(data, state, workload)
    add(data, state, workload, source, mask)
    return False


@jit
def price_targets(
    data: Data, state: State, demand: Demand, workload: int, reward: float, out: np.ndarray
) -> None:
    """Fill ``out`` (host,) with what a workload costs on each awake host with room for it."""
    source = state.host[workload]
    for host in range(len(out)):
        out[host] = np.inf
        if host == source or demand.part[host] == GIVES or not is_on(state, host):
            continue
        if not has_room(data, state, workload, host):
            continue
        fullness = demand.on_mean[host] / max(demand.capacity[host], 1e-9)
        out[host] = change(demand, host, workload, 1) - reward * fullness


@jit
def send(
    data: Data,
    state: State,
    demand: Demand,
    workload: int,
    most: float,
    reward: float,
    out: np.ndarray,
) -> float:
    """Move a workload where it costs least and less than ``most``; return that, infinity if not."""
    price_targets(data, state, demand, workload, reward, out)
    while True:
        host = int(np.argmin(out))
        if out[host] == np.inf:
            return np.inf
        cost = change(demand, host, workload, 1)
        if cost < most and try_move(data, state, demand, workload, host):
            return cost
        out[host] = np.inf


@jit
def members_of(state: State, host: int) -> np.ndarray:
    """Return the workloads on a host."""
    found = np.empty(state.members[host], dtype=np.int64)
    workload = state.head[host]
    for position in range(len(found)):
        found[position] = workload
        workload = state.following[workload]
    return found


@jit
def empty_host(data: Data, state: State, demand: Demand, host: int, out: np.ndarray) -> bool:
    """Move all workloads of a host away if that pays; return whether it did."""
    members = members_of(state, host)
    size = demand.mean[members] + np.sqrt(demand.variance[members])
    members = members[np.argsort(-size)]
    before, took = np.zeros(len(members), dtype=np.uint64), demand.part.copy()
    left = demand.steps * demand.idle_w[host] + load_here(demand, host)
    left -= demand.move_price * len(members)
    reward, done = FULLNESS * demand.steps * demand.idle_w[host], 0
    for workload in members:
        before[done] = state.device_mask[workload]
        cost = send(data, state, demand, workload, left, reward, out)
        if cost == np.inf:
            break
        left -= cost
        demand.part[state.host[workload]] = TAKES
        done += 1
    if done == len(members):
        demand.part[host] = GIVES
        return True
    for position in range(done):
        relocate_one(data, state, demand, members[position], host, before[position])
    demand.part[:] = took
    return False


@jit
def exchange(data: Data, state: State, demand: Demand, host: int, other: int) -> bool:
    """Let a sleeping host take all that is on another if that pays; return whether it did."""
    members = members_of(state, host)
    mean, variance = demand.on_mean[host], demand.on_variance[host]
    saved = demand.steps * (demand.idle_w[host] - demand.idle_w[other]) + load_here(demand, host)
    saved -= load_cost(demand, other, mean, variance, demand.on_now[host])
    if saved <= demand.move_price * len(members):
        return False
    masks = state.device_mask[members]
    for done in range(len(members)):
        if not try_move(data, state, demand, members[done], other):
            for position in range(done):
                relocate_one(data, state, demand, members[position], host, masks[position])
            return False
    demand.part[host], demand.part[other] = GIVES, TAKES
    return True


@entry
def exchange_hosts(data: Data, state: State, demand: Demand, order: np.ndarray) -> int:
    """Exchange awake hosts for sleeping ones where that pays; return how many."""
    kinds, done = data.host_class.max() + 1, 0
    for host in order:
        if demand.part[host] != FREE or state.members[host] == 0:
            continue
        tried = np.zeros(kinds, dtype=np.bool_)  # sleeping hosts of a class are alike
        for other in range(len(demand.part)):
            asleep = demand.part[other] == FREE and not is_on(state, other)
            if not asleep or not data.usable[other] or tried[data.host_class[other]]:
                continue
            tried[data.host_class[other]] = True
            if exchange(data, state, demand, host, other):
                done += 1
                break
    return done


@entry
def empty_hosts(data: Data, state: State, demand: Demand, order: np.ndarray) -> int:
    """Empty hosts one after the other where that pays; return how many sleep now."""
    out, slept = np.empty(len(demand.part)), 0
    for host in order:
        idle = demand.part[host] == FREE and state.members[host] > 0 and not state.forced_on[host]
        if idle and empty_host(data, state, demand, host, out):
            slept += 1
    return slept


@jit
def scan(state: State, demand: Demand, workload: int, least_slope: float) -> float:
    """Return what a workload gains at most by moving, −infinity if that is not worth it."""
    source, highest = state.host[workload], -np.inf
    if source < 0 or demand.part[source] == TAKES:
        return highest
    relief = -change(demand, source, workload, -1)
    # no target asks less than its slope
    if relief - demand.steps * least_slope * demand.mean[workload] <= demand.move_price:
        return highest
    for host in range(len(demand.part)):
        if host == source or demand.part[host] == GIVES or not is_on(state, host):
            continue
        highest = max(highest, relief - change(demand, host, workload, 1))
    return highest


@entry
def shift_all(data: Data, state: State, demand: Demand) -> int:
    """Move single workloads while that pays, the best one first; return how many."""
    out, moves, least_slope = np.empty(len(demand.part)), 0, demand.slope_w.min()
    gain, seen = np.empty(len(demand.mean)), np.zeros(len(demand.mean), dtype=np.int64)
    for workload in range(len(gain)):
        gain[workload] = scan(state, demand, workload, least_slope)
    while True:
        workload = int(np.argmax(gain))
        if gain[workload] <= demand.move_price:
            return moves
        if seen[workload] < moves:  # with each move the others gain less, so what is known is a cap
            gain[workload] = scan(state, demand, workload, least_slope)
            seen[workload] = moves
            continue
        source = state.host[workload]
        most = -change(demand, source, workload, -1) - demand.move_price
        gain[workload] = -np.inf  # one try in a step
        if send(data, state, demand, workload, most, 0.0, out) < np.inf:
            moves += 1
            demand.part[source], demand.part[state.host[workload]] = GIVES, TAKES


@jit
def best_for(state: State, demand: Demand, host: int, barred: np.ndarray) -> tuple[int, float]:
    """Return the workload whose move to a host gains most, and what it gains."""
    best, highest = -1, 0.0
    for workload in range(len(barred)):
        source = state.host[workload]
        if barred[workload] or source < 0 or source == host or demand.part[source] == TAKES:
            continue
        gain = -change(demand, source, workload, -1) - change(demand, host, workload, 1)
        if gain - demand.move_price > highest:
            best, highest = workload, gain - demand.move_price
    return best, highest


@entry
def wake_host(data: Data, state: State, demand: Demand, host: int) -> bool:
    """Move workloads to a sleeping host if that pays for its idle power; return whether it did."""
    barred = np.zeros(len(demand.mean), dtype=np.bool_)
    came = np.empty(len(demand.mean), dtype=np.int64)
    source, mask = np.empty(len(came), dtype=np.int64), np.empty(len(came), dtype=np.uint64)
    gained, done, part = -demand.steps * demand.idle_w[host], 0, demand.part.copy()
    while True:
        workload, gain = best_for(state, demand, host, barred)
        if workload < 0:
            break
        barred[workload] = True
        source[done], mask[done] = state.host[workload], state.device_mask[workload]
        if try_move(data, state, demand, workload, host):
            demand.part[source[done]], demand.part[host] = GIVES, TAKES
            came[done] = workload
            gained += gain
            done += 1
    if gained > 0.0:
        return True
    for position in range(done - 1, -1, -1):
        relocate_one(data, state, demand, came[position], source[position], mask[position])
    demand.part[:] = part
    return False
