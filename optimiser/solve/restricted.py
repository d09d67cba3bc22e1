"""The restricted master as a whole-number problem: the cheapest plan of the fillings found so far.

Column generation ends with fractions of fillings. Choosing whole ones among them exactly often
gives a better plan than fixing one after the other; the solver starts from the best plan at hand.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from scipy import sparse

from optimiser.solve.columns import Master
from optimiser.solve.compiled import Compiled, Floats
from optimiser.solve.dive import place_fillings
from optimiser.solve.settings import SolveSettings
from optimiser.solve.worker import SolverChild

LARGEST = 60_000
"""Fillings beyond which the problem is left alone."""


def restricted_master(master: Master) -> Compiled | None:
    """Return the problem: how many hosts take each filling, every item covered.

    ``None`` without fillings or with too many. Items may be covered more often than there are any:
    the rest of a filling stays empty.
    """
    packing, num = master.packing, len(master.filling)
    if not 0 < num <= LARGEST:
        return None
    kind = np.array(master.kind, dtype=np.int64)
    items, kinds = len(packing.count), len(packing.price)
    used = sparse.csc_matrix(
        (np.ones(num), (kind, np.arange(num))), shape=(kinds, num), dtype=np.float64
    )
    covered = sparse.csc_matrix(np.array(master.filling, dtype=np.float64).T)
    matrix = sparse.vstack([covered, used], format="csc")
    matrix.sort_indices()
    infinite = np.full(kinds, -np.inf), np.full(items, np.inf)
    available = packing.available.astype(float)
    return Compiled(
        start=matrix.indptr.astype(np.int32),
        index=matrix.indices.astype(np.int32),
        value=matrix.data.astype(np.float64),
        row_lower=np.concatenate([packing.count.astype(float), infinite[0]]),
        row_upper=np.concatenate([infinite[1], available]),
        col_lower=np.zeros(num),
        col_upper=available[kind],
        cost=packing.price[kind].astype(float),
        integrality=np.ones(num, dtype=bool),
    )


def choose_fillings(
    master: Master,
    start: list[tuple[int, np.ndarray]],
    child: SolverChild,
    settings: SolveSettings,
    cancel: Callable[[], bool],
) -> np.ndarray | None:
    """Return the placement (workload,) of the cheapest fillings; ``None`` when none was found.

    ``start`` are fillings by class of the best plan at hand, which the solver begins with when all
    of them are among those of the master.
    """
    compiled = restricted_master(master)
    if compiled is None:
        return None
    result = child.solve(compiled, settings, _point(master, start), cancel=cancel)
    if result.x is None:
        return None
    count = np.rint(result.x).astype(np.int64)
    chosen = [
        (master.kind[column], master.filling[column])
        for column in np.flatnonzero(count).tolist()
        for _ in range(int(count[column]))
    ]
    return place_fillings(master.packing, _trimmed(chosen, master.packing.count))


def _point(master: Master, fillings: list[tuple[int, np.ndarray]]) -> Floats | None:
    """Return how often the master's fillings occur in a plan; ``None`` if one is not there."""
    place = {
        (kind, filling.tobytes()): column
        for column, (kind, filling) in enumerate(zip(master.kind, master.filling, strict=True))
    }
    x = np.zeros(len(master.kind))
    for kind, filling in fillings:
        column = place.get((kind, filling.tobytes()))
        if column is None:
            return None
        x[column] += 1.0
    return x if len(fillings) else None


def _trimmed(
    chosen: list[tuple[int, np.ndarray]], count: np.ndarray
) -> list[tuple[int, np.ndarray]]:
    """Take from each filling what is covered already."""
    left, found = count.copy(), []
    for kind, filling in chosen:
        part = np.minimum(filling, left)
        left = left - part
        if part.any():
            found.append((kind, part))
    return found
