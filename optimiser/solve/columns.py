"""Column generation over host fillings: a bound far tighter than the plain linear relaxation.

The master problem covers all items with fillings of hosts; its duals say what each item is worth,
and a knapsack for each class of hosts looks for a filling worth more than its host costs. Any
worths give a bound (Lagrange), so the bound holds whenever the work is interrupted, and it rests on
the knapsacks alone, not on the solver of the master.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from optimiser.solve.bridge import load_highspy, new_solver, require_ok, set_options
from optimiser.solve.knapsack import best_filling
from optimiser.solve.packing import Packing

SMOOTHING = 0.5  # weight of the best worths so far
NODES = 4_000  # steps of one knapsack while columns are looked for
NODES_FOR_BOUND = 400_000
TINY = 1e-9
CLOSE = 1e-7


@dataclass(eq=False)
class Master:
    """The covering problem with the fillings found so far.

    Column j is ``filling[j]`` (item,) on a host of class ``kind[j]``.
    """

    packing: Packing
    filling: list[np.ndarray] = field(default_factory=list)
    kind: list[int] = field(default_factory=list)
    _known: set[tuple[int, bytes]] = field(default_factory=set)

    def __post_init__(self) -> None:
        highspy = load_highspy()
        self._highs = new_solver()
        set_options(self._highs, {"log_to_console": False, "output_flag": False})
        packing, inf = self.packing, highspy.kHighsInf
        for count in packing.count.tolist():
            require_ok(self._highs.addRow(float(count), inf, 0, [], []), "adding a row")
        for available in packing.available.tolist():
            require_ok(self._highs.addRow(-inf, float(available), 0, [], []), "adding a row")
        dear = 4.0 * float(packing.price.max())
        for item in range(len(packing.count)):  # keeps the master solvable while columns lack
            self._add_column(dear, np.array([item]), np.array([1.0]))

    def _add_column(self, cost: float, rows: np.ndarray, values: np.ndarray) -> None:
        status = self._highs.addCol(
            cost, 0.0, load_highspy().kHighsInf, len(rows), rows.astype(np.int32), values
        )
        require_ok(status, "adding a column")

    def add(self, kind: int, filling: np.ndarray) -> bool:
        """Add a filling; return whether it is new."""
        key = (kind, filling.tobytes())
        if key in self._known or not filling.any():
            return False
        self._known.add(key)
        items = np.flatnonzero(filling)
        rows = np.append(items, len(self.packing.count) + kind)
        values = np.append(filling[items].astype(float), 1.0)
        self._add_column(float(self.packing.price[kind]), rows, values)
        self.filling.append(filling)
        self.kind.append(kind)
        return True

    def solve(self) -> tuple[np.ndarray, np.ndarray, np.ndarray] | None:
        """Return worth of items (item,), price of hosts (class,) and shares of fillings (column,).

        ``None`` when the solver did not reach an optimum.
        """
        require_ok(self._highs.run(), "solving the master", warning_is_ok=True)
        if self._highs.getModelStatus().name != "kOptimal":
            return None
        solution: Any = self._highs.getSolution()
        dual, x = np.array(solution.row_dual), np.array(solution.col_value)
        items = len(self.packing.count)
        return np.maximum(dual[:items], 0.0), np.minimum(dual[items:], 0.0), x[items:]

    def narrow(self, count: np.ndarray, available: np.ndarray) -> None:
        """Ask for other numbers of items (item,) and hosts (class,)."""
        inf, items = load_highspy().kHighsInf, len(count)
        for item, number in enumerate(count.tolist()):
            self._highs.changeRowBounds(item, float(number), inf)
        for kind, number in enumerate(available.tolist()):
            self._highs.changeRowBounds(items + kind, -inf, float(number))


@dataclass(frozen=True)
class Priced:
    """One round of knapsacks: a bound and the best filling of each class, ``None`` for none."""

    bound: float
    fillings: list[tuple[int, np.ndarray, float]]


def price_fillings(
    packing: Packing, worth: np.ndarray, count: np.ndarray, nodes: int, charge: np.ndarray
) -> Priced:
    """Look for the filling of most worth on each class of hosts.

    ``worth`` (item,) and ``charge`` (class,) what a host costs beyond its price. The bound is
    Lagrange's: all items at their worth, less what the hosts at hand could gain at most; or, where
    that is more, with all worths scaled so that no host gains (Farley).
    """
    total = float(worth @ packing.count)
    gain, fillings, scale = 0.0, [], 1.0
    for kind in np.flatnonzero(packing.available > 0).tolist():
        chosen = np.flatnonzero((worth > TINY) & packing.allowed[:, kind] & (count > 0))
        cost = float(packing.price[kind])
        if not len(chosen):
            continue
        value, upper, taken = best_filling(
            worth[chosen], packing.use[chosen], count[chosen], packing.room[kind], 0.0, nodes
        )
        upper = max(upper, value) * (1.0 + TINY)
        gain += packing.available[kind] * max(0.0, upper - cost)
        scale = min(scale, cost / max(upper, TINY))
        filling = np.zeros(len(worth), dtype=np.int64)
        filling[chosen] = taken
        fillings.append((kind, filling, value - cost - float(charge[kind])))
    return Priced(max(total - gain, total * scale), fillings)


def generate(
    packing: Packing,
    start: list[tuple[int, np.ndarray]],
    on_bound: Callable[[float], None],
    is_over: Callable[[], bool],
) -> Master:
    """Return the master problem with columns generated until nothing gains or time is over.

    ``start`` known fillings by class; ``on_bound`` is told each better bound, with everything
    rounded up to the least step of the prices.
    """
    master = Master(packing)
    for kind, filling in start:
        master.add(kind, filling)
    best, centre = 0.0, None
    while not is_over():
        solved = master.solve()
        if solved is None:
            return master
        worth, host_price, _ = solved
        tried = worth if centre is None else SMOOTHING * centre + (1.0 - SMOOTHING) * worth
        found, is_new = price_fillings(packing, tried, packing.count, NODES, -host_price), False
        for kind, filling, _ in found.fillings:
            gains = float(filling @ worth) > packing.price[kind] - host_price[kind] + CLOSE
            is_new |= gains and master.add(kind, filling)
        if found.bound > best:
            best, centre = found.bound, tried
            on_bound(round_up(packing, best))
        if not is_new and centre is not None and tried is not worth:
            centre = None  # the next round asks at the master's own worths
        elif not is_new:
            exact = price_fillings(packing, worth, packing.count, NODES_FOR_BOUND, -host_price)
            on_bound(round_up(packing, max(best, exact.bound)))
            added = [
                master.add(kind, filling) for kind, filling, gain in exact.fillings if gain > CLOSE
            ]
            if not any(added):
                return master
    return master


def fillings_of(packing: Packing, host: np.ndarray) -> list[tuple[int, np.ndarray]]:
    """Return (host class, filling) of each host in use in a placement (workload,)."""
    placed = np.flatnonzero(host >= 0)
    used, position = np.unique(host[placed], return_inverse=True)
    table = np.zeros((len(used), len(packing.count)), dtype=np.int64)
    np.add.at(table, (position, packing.item_of[placed]), 1)
    kinds = packing.class_of[used].tolist()
    return [(kind, row) for kind, row in zip(kinds, table, strict=True) if kind >= 0]


def round_up(packing: Packing, bound: float) -> float:
    """Return the least sum of prices that is not below a bound."""
    step = packing.step
    return bound if step == 0.0 else float(np.ceil((bound - 1e-6 * max(1.0, step)) / step) * step)
