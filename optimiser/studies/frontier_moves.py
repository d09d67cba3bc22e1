"""Compiled steps of the move frontier: empty one host as cheaply as it goes, or put it all back."""

from __future__ import annotations

import numpy as np

from optimiser.solve.arrays import Data, State
from optimiser.solve.kernel import (
    add,
    entry,
    fits,
    groups_hold,
    hold_on,
    jit,
    remove,
    rows_hold,
    shortfall,
)


@jit
def cheapest_other(data: Data, state: State, workload: int, source: int, open_: np.ndarray) -> int:
    """Return the awake host other than ``source`` that costs least, −1 when none has room.

    Whether a workload fits is only asked of hosts that would be cheaper than the best so far.
    """
    open_[:] = True
    open_[source] = False
    while True:
        best, least = -1, np.inf
        for host in range(len(open_)):
            if not open_[host] or not (state.members[host] > 0 or state.forced_on[host]):
                continue
            value = state.running[data.flavour[workload], data.host_class[host]]
            if data.today[workload] != host:
                value += data.move_cost[workload]
            # of equals the fuller one, which keeps the others free to be emptied
            value -= 1e-6 * abs(value) * state.fullness[host]
            if value < least and fits(data, state, workload, host):
                best, least = host, value
        if best < 0 or rows_hold(data, state, workload, best):
            return best
        open_[best] = False


@jit
def num_away(data: Data, workloads: np.ndarray, host: np.ndarray) -> int:
    """Count workloads that are not where they run today."""
    count = 0
    for position in range(len(workloads)):
        today = data.today[workloads[position]]
        if today >= 0 and today != host[position]:
            count += 1
    return count


@jit
def priced(data: Data, state: State, workloads: np.ndarray) -> float:
    """Return the cost of all hosts and of the moves of some workloads."""
    cost = state.cost.sum()
    for position in range(len(workloads)):
        workload = workloads[position]
        today = data.today[workload]
        if today >= 0 and today != state.host[workload]:
            cost += data.move_cost[workload]
    return cost


@entry
def evacuate(
    data: Data, state: State, source: int, most_moves: int, weight: np.ndarray, keep: bool
) -> tuple[float, int]:
    """Empty a host onto others that are awake, largest first.

    Returns the saving over the horizon and the moves it takes beyond those made so far; a saving of
    0 when it is not possible within ``most_moves``, breaks a rule or costs more. Everything is put
    back unless it saves and ``keep`` is set.
    """
    count = state.members[source]
    workloads, masks = np.empty(count, np.int64), np.empty(count, np.uint64)
    workload = state.head[source]
    for position in range(count):
        workloads[position] = workload
        workload = state.following[workload]
    workloads = workloads[np.argsort(-weight[workloads])]
    before, was = priced(data, state, workloads), np.full(count, source)
    moves = -num_away(data, workloads, was)
    for position in range(count):
        masks[position] = state.device_mask[workloads[position]]
        remove(data, state, workloads[position])
    open_, placed = np.empty(len(data.rack), np.bool_), 0
    while placed < count:
        target = cheapest_other(data, state, workloads[placed], source, open_)
        if target < 0:
            break
        add(data, state, workloads[placed], target, np.uint64(0))
        was[placed] = target
        placed += 1
    moves += num_away(data, workloads, was)
    legal = placed == count and moves <= most_moves and shortfall(data, state) == 0.0
    for position in range(placed):
        legal = legal and groups_hold(data, state, workloads[position])
    saving = before - priced(data, state, workloads) if legal else 0.0
    if saving <= 0.0 or not keep:
        for position in range(placed):
            remove(data, state, workloads[position])
        for position in range(count):
            add(data, state, workloads[position], source, masks[position])
    return max(saving, 0.0), moves


@entry
def put_to_sleep(data: Data, state: State) -> int:
    """Let every host that is awake without work sleep where the reserves allow; return how many."""
    asleep = 0
    for host in range(len(data.rack)):
        if not state.forced_on[host] or state.members[host] > 0:
            continue
        hold_on(data, state, host, False)
        if shortfall(data, state) > 0.0:
            hold_on(data, state, host, True)
        else:
            asleep += 1
    return asleep
