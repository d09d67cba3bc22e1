"""Compiled refilling of one host from what it holds and from workloads that may wait.

Where more workloads ask for a host than there is room for, most hosts are full of something and
the question is of what. A host is emptied and filled anew in random order from what it held and
from a few of those that wait; only that host is looked at, so thousands of tries take a second.
"""

from __future__ import annotations

import numpy as np

from optimiser.solve.arrays import Data, State
from optimiser.solve.kernel import add, fits, groups_hold, jit, remove, rows_hold, sets_hold

DRAWN = 64  # workloads that may wait and are tried in one round, drawn anew each time
NEVER = 1e300  # what leaving a workload out costs that must have a host


@jit
def is_urgent(data: Data, workload: int) -> bool:
    """Whether a workload must have a host."""
    return bool(data.wait_price[workload] == np.inf)


@jit
def draw(waiting: np.ndarray, count: int, take: int, out: np.ndarray, n: int) -> None:
    """Move ``take`` random ones of the first ``count`` to the front, and copy them to ``out[n:]``.

    When all are taken they stay in order.
    """
    for position in range(take):
        if take < count:
            other = np.random.randint(position, count)
            waiting[position], waiting[other] = waiting[other], waiting[position]
        out[n + position] = waiting[position]


@jit
def requeue(
    data: Data, state: State, waiting: np.ndarray, count: int, drawn: int,
    out: np.ndarray, n: int, urgent: bool,
) -> int:  # fmt: skip
    """Replace the first ``drawn`` that wait by those of ``out`` that do now; return the count."""
    kept = 0
    for position in range(n):
        workload = out[position]
        price = data.wait_price[workload]
        if state.host[workload] >= 0 or price < 0.0 or is_urgent(data, workload) != urgent:
            continue
        if kept < drawn:
            waiting[kept] = workload
            kept += 1
        else:
            waiting[count] = workload
            count += 1
    while kept < drawn:  # close the gap
        drawn, count = drawn - 1, count - 1
        waiting[drawn] = waiting[count]
    return count


@jit
def those_waiting(data: Data, state: State, urgent: bool) -> tuple[np.ndarray, int]:
    """Return workloads without a host that must have one, or may, in an array with room for all."""
    waiting, everyone = np.empty(len(data.flavour), np.int64), np.arange(len(data.flavour))
    return waiting, requeue(data, state, waiting, 0, 0, everyone, len(everyone), urgent)


@jit
def undo(
    data: Data, state: State, out: np.ndarray, origin: np.ndarray, masks: np.ndarray, n: int
) -> None:
    """Take a round back."""
    for position in range(n):
        if state.host[out[position]] >= 0:
            remove(data, state, out[position])
    for position in range(n):
        if origin[position] >= 0:
            add(data, state, out[position], origin[position], masks[position])


@jit
def keeps_groups(data: Data, state: State, workload: int) -> bool:
    """Whether the groups of a workload hold; what is near other domains is summed up elsewhere."""
    if data.place.is_local:
        return groups_hold(data, state, workload)
    return sets_hold(data, state, workload)


@jit
def empty_out(
    data: Data, state: State, host: int, out: np.ndarray, n: int,
    origin: np.ndarray, masks: np.ndarray,
) -> int:  # fmt: skip
    """Remove all workloads of a host and note them from place ``n`` on; return the new count."""
    while state.head[host] >= 0 and n < len(out):
        workload = state.head[host]
        out[n], origin[n], masks[n] = workload, host, state.device_mask[workload]
        remove(data, state, workload)
        n += 1
    return n


@jit
def worth(data: Data, workload: int) -> float:
    """What giving a workload a host is worth [money]."""
    return NEVER if is_urgent(data, workload) else max(0.0, data.wait_price[workload])


@jit
def refill(
    data: Data, state: State, host: int, out: np.ndarray, drawn: int,
    origin: np.ndarray, masks: np.ndarray, weight: np.ndarray,
) -> tuple[int, float]:  # fmt: skip
    """Fill a host anew from its workloads and the first ``drawn`` of ``out``, which wait.

    ``weight`` (workload,) is their size. Workloads come in random order or with more worth for
    their size first. Returns how many took part and what was gained [money], moves not counted.
    """
    before = state.cost[host]
    n = empty_out(data, state, host, out, drawn, origin, masks)
    by_density = np.random.random() < 0.5
    key = np.empty(n)
    for position in range(n):
        workload = out[position]
        key[position] = -np.random.random()
        if is_urgent(data, workload):
            key[position] -= 1e9 * weight[workload]
        elif by_density:
            key[position] *= worth(data, workload) / max(weight[workload], 1e-9)
    gain = before
    for position in np.argsort(key):
        workload = out[position]
        if fits(data, state, workload, host) and rows_hold(data, state, workload, host):
            add(data, state, workload, host, np.uint64(0))
            gain += worth(data, workload) if position < drawn else 0.0
        elif position >= drawn:
            gain -= worth(data, workload)
    return n, gain - state.cost[host]
