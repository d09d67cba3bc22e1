"""From fractions of fillings to a plan: fix the surest fillings, price the rest anew, go on."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from optimiser.solve.columns import CLOSE, NODES, Master
from optimiser.solve.packing import Packing

SURE = 0.9  # share from which a filling is fixed without waiting
ROUNDS = 3  # of pricing after each fixing


def dive(master: Master, is_over: Callable[[], bool]) -> np.ndarray | None:
    """Return a host class and filling for every item: (host, workload) as a placement (workload,).

    Entries are hosts, −1 where nothing was found. ``None`` when the master cannot be solved.
    """
    packing = master.packing
    count, available = packing.count.copy(), packing.available.copy()
    chosen: list[tuple[int, np.ndarray]] = []
    while count.any() and not is_over():
        solved = _solve(master, count, available)
        if solved is None:
            return None
        fixed = _fix(master, solved, count, available)
        if not fixed:
            break
        chosen += fixed
    master.narrow(packing.count, packing.available)
    return place_fillings(packing, chosen)


def _solve(master: Master, count: np.ndarray, available: np.ndarray) -> np.ndarray | None:
    """Solve the rest and price it a few rounds; return the shares of the fillings."""
    master.narrow(count, available)
    for _ in range(ROUNDS):
        solved = master.solve()
        if solved is None:
            return None
        worth, host_price, _ = solved
        found = master.price(worth, count, NODES, -host_price)
        added = [
            master.add(kind, filling) for kind, filling, gain in found.fillings if gain > CLOSE
        ]
        if not any(added):
            break
    last = master.solve()
    return None if last is None else last[2]


def _fix(
    master: Master, share: np.ndarray, count: np.ndarray, available: np.ndarray
) -> list[tuple[int, np.ndarray]]:
    """Fix the surest fillings, at least one; take their items and hosts off what is left."""
    fixed: list[tuple[int, np.ndarray]] = []
    for column in np.argsort(-share, kind="stable").tolist():
        if share[column] <= CLOSE or (fixed and share[column] < SURE):
            break
        kind, filling = master.kind[column], master.filling[column]
        for _ in range(max(1, int(share[column] + 1.0 - SURE))):
            part = np.minimum(filling, count)
            if available[kind] <= 0 or not part.any():
                break
            if fixed and (part < filling).any():
                break  # worth less than it was: ask again first
            fixed.append((kind, part))
            count -= part
            available[kind] -= 1
    return fixed


def place_fillings(packing: Packing, chosen: list[tuple[int, np.ndarray]]) -> np.ndarray:
    """Hand fillings to hosts of their class, and items to workloads: a placement (workload,).

    No item may be covered more often than there are of it, no class have more fillings than hosts.
    """
    host_of = np.full(len(packing.item_of), -1, dtype=np.int32)
    order = np.argsort(packing.item_of, kind="stable")
    following = np.searchsorted(packing.item_of[order], np.arange(len(packing.count)))
    hosts = [np.flatnonzero(packing.class_of == kind) for kind in range(len(packing.price))]
    used = np.zeros(len(hosts), dtype=np.int64)
    for kind, filling in chosen:
        host = hosts[kind][used[kind]]
        used[kind] += 1
        for item in np.flatnonzero(filling).tolist():
            first = following[item]
            host_of[order[first : first + filling[item]]] = host
            following[item] += filling[item]
    return host_of
