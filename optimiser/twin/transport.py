"""The transportation problem in whole numbers: what is at sources to sinks at the least cost."""

from __future__ import annotations

import numpy as np

FAR = np.int64(2**60)


def cheapest_transport(supply: np.ndarray, demand: np.ndarray, cost: np.ndarray) -> np.ndarray:
    """Return amounts (source, sink) int64 that carry all supply to demand at the least cost.

    ``supply`` (source,), ``demand`` (sink,) and ``cost`` (source, sink) are whole numbers, none
    below zero, and the first two have equal sums. Successive shortest paths (Bellman-Ford): the
    amounts stay whole, and each path is the cheapest that is left, hence the result is exact.
    """
    left, wanted = supply.astype(np.int64).copy(), demand.astype(np.int64).copy()
    cost = cost.astype(np.int64)
    if left.sum() != wanted.sum():
        raise ValueError(f"supply {left.sum()} and demand {wanted.sum()} differ")
    flow = np.zeros(cost.shape, dtype=np.int64)
    while left.any():
        path = _cheapest_path(left, wanted, cost, flow)
        amount = min(left[path[0][0]], wanted[path[-1][1]])
        backwards = [flow[one] for one in path[1::2]]
        amount = min([amount, *backwards])
        for step, one in enumerate(path):
            flow[one] += amount if step % 2 == 0 else -amount
        left[path[0][0]] -= amount
        wanted[path[-1][1]] -= amount
    return flow


def _cheapest_path(
    left: np.ndarray, wanted: np.ndarray, cost: np.ndarray, flow: np.ndarray
) -> list[tuple[int, int]]:
    """Return cells (source, sink) of a path: the even ones gain, the odd ones give back."""
    sources, sinks = np.arange(len(left)), np.arange(len(wanted))
    at_source = np.where(left > 0, 0, FAR)
    at_sink = np.full(len(wanted), FAR)
    came_from, given_back = np.full(len(wanted), -1), np.full(len(left), -1)
    changed = True
    while changed:
        ahead = at_source[:, None] + cost
        first = ahead.argmin(axis=0)
        nearer = ahead[first, sinks] < at_sink
        at_sink = np.where(nearer, ahead[first, sinks], at_sink)
        came_from = np.where(nearer, first, came_from)
        back = np.where(flow > 0, at_sink[None, :] - cost, FAR)
        last = back.argmin(axis=1)
        closer = back[sources, last] < at_source
        at_source = np.where(closer, back[sources, last], at_source)
        given_back = np.where(closer, last, given_back)
        changed = bool(closer.any())
    sink = int(np.where(wanted > 0, at_sink, FAR).argmin())
    path: list[tuple[int, int]] = []
    while sink >= 0:
        source = int(came_from[sink])
        path.append((source, sink))
        sink = int(given_back[source])
        if sink >= 0:
            path.append((source, sink))
    return path[::-1]
