"""Column generation over host fillings: a bound far tighter than the plain linear relaxation.

The master problem covers all items with fillings of hosts; its duals say what each item is worth,
and a knapsack for each class of hosts looks for a filling worth more than its host costs. Any
worths give a bound (Lagrange), so the bound holds whenever the work is interrupted, and it rests on
the knapsacks alone, not on the solver of the master.
"""

from __future__ import annotations

import itertools
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from optimiser.solve.bridge import load_highspy, new_solver, require_ok, set_options
from optimiser.solve.executor import Executor, InProcess
from optimiser.solve.knapsack import best_fillings
from optimiser.solve.packing import Packing

SMOOTHING = 0.5  # weight of the best worths so far
NODES = 20_000  # steps of one knapsack while columns are looked for
NODES_FOR_BOUND = 20 * 20 * NODES  # of all knapsacks of a round, at which no more are given
MOST_COLUMNS = 60  # of one knapsack
WORTH_SENDING_S = 0.05
"""Work of a round of knapsacks from which workers are asked; a message takes some milliseconds."""
TINY = 1e-9
CLOSE = 1e-7


@dataclass(frozen=True, eq=False)
class Prices:
    """Worth of items (item,) and charge for hosts (class,) at which no filling gains anything.

    So no plan costs less than ``bound``: all items at their worth less all hosts at their charge.
    """

    worth: np.ndarray
    charge: np.ndarray
    bound: float


@dataclass(eq=False)
class Master:
    """The covering problem with the fillings found so far.

    Column j is ``filling[j]`` (item,) on a host of class ``kind[j]``. ``prices`` prove the best
    bound so far.
    """

    packing: Packing
    filling: list[np.ndarray] = field(default_factory=list)
    kind: list[int] = field(default_factory=list)
    prices: Prices | None = None
    executor: Executor = field(default_factory=InProcess)
    _round_s: float = 0.0
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

    @property
    def bound(self) -> float:
        """The best bound so far, before rounding."""
        return 0.0 if self.prices is None else self.prices.bound

    def price(self, worth: np.ndarray, count: np.ndarray, nodes: int, charge: np.ndarray) -> Priced:
        """Look for fillings; see :func:`price_fillings`. Rounds that are soon done stay here."""
        executor = self.executor if self._round_s > WORTH_SENDING_S else InProcess()
        since = time.monotonic()
        found = price_fillings(self.packing, worth, count, nodes, charge, executor)
        self._round_s = (time.monotonic() - since) * executor.width
        return found

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
    """One round of knapsacks: a bound and good fillings as (class, filling, gain).

    ``prices`` prove the bound; ``is_exact`` when no knapsack ended early, so that no filling gains
    more than these.
    """

    prices: Prices
    fillings: list[tuple[int, np.ndarray, float]]
    is_exact: bool

    @property
    def bound(self) -> float:
        """No plan costs less."""
        return self.prices.bound


@dataclass(frozen=True, eq=False)
class _Ask:
    """What the knapsacks of some classes of hosts are asked; see :func:`price_fillings`."""

    kinds: list[int]
    worth: np.ndarray
    count: np.ndarray
    nodes: int
    charge: np.ndarray


@dataclass(frozen=True, eq=False)
class _Answer:
    """The most that one class can gain, and fillings (k, item) with their values (k,)."""

    kind: int
    upper: float
    fillings: np.ndarray
    value: np.ndarray


def price_fillings(
    packing: Packing,
    worth: np.ndarray,
    count: np.ndarray,
    nodes: int,
    charge: np.ndarray,
    executor: Executor | None = None,
) -> Priced:
    """Look for fillings worth more than their hosts cost, the best of each class among them.

    ``worth`` (item,) and ``charge`` (class,) what a host costs beyond its price; ``executor`` runs
    the classes. The bound is Lagrange's: all items at their worth, less what the hosts at hand
    could gain at most; or, where that is more, with all worths scaled so that no host gains
    (Farley).
    """
    executor = executor or InProcess()
    total = float(worth @ packing.count)
    over, scale, is_exact = np.zeros(len(packing.price)), 1.0, True
    fillings: list[tuple[int, np.ndarray, float]] = []
    kinds = np.flatnonzero(packing.available > 0).tolist()
    asks = [_Ask(kinds[k :: executor.width], worth, count, nodes, charge)
            for k in range(min(executor.width, len(kinds)))]  # fmt: skip
    with executor.start(_knapsacks, packing, asks) as parts:
        answers = sorted(itertools.chain.from_iterable(parts), key=lambda answer: answer.kind)
    for answer in answers:
        kind, upper = answer.kind, answer.upper
        cost = float(packing.price[kind])
        full = cost + float(charge[kind])
        is_exact &= upper <= max(answer.value.max(initial=0.0), full) * (1.0 + 2.0 * TINY)
        upper *= 1.0 + 2.0 * TINY
        over[kind] = max(0.0, upper - cost)
        scale = min(scale, cost / max(upper, TINY))
        gains = (answer.value - full).tolist()
        fillings += [(kind, *pair) for pair in zip(answer.fillings, gains, strict=True)]
    free = Prices(worth, over, total - float(over @ packing.available))
    scaled = Prices(worth * scale, np.zeros(len(over)), total * scale)
    return Priced(max(free, scaled, key=lambda one: one.bound), fillings, is_exact)


def _knapsacks(packing: Packing, ask: _Ask) -> list[_Answer]:
    """Solve the knapsacks of some classes, wherever this runs."""
    worth, answers = ask.worth, []
    for kind in ask.kinds:
        chosen = np.flatnonzero((worth > TINY) & packing.allowed[:, kind] & (ask.count > 0))
        if not len(chosen):
            continue
        full = float(packing.price[kind]) + float(ask.charge[kind])
        upper, found, value = best_fillings(
            worth[chosen], packing.use[chosen], ask.count[chosen], packing.room[kind],
            full * (1.0 + TINY), ask.nodes, MOST_COLUMNS,
        )  # fmt: skip
        table = np.zeros((len(value), len(worth)), dtype=np.int64)
        table[:, chosen] = found
        answers.append(_Answer(kind, float(upper), table, value))
    return answers


def generate(
    packing: Packing,
    start: list[tuple[int, np.ndarray]],
    on_bound: Callable[[float], None],
    is_over: Callable[[], bool],
    executor: Executor | None = None,
) -> Master:
    """Return the master problem with columns generated until nothing gains or time is over.

    ``start`` known fillings by class; ``on_bound`` is told each better bound, with everything
    rounded up to the least step of the prices; ``executor`` runs the knapsacks of each round.
    """
    master = Master(packing, executor=executor or InProcess())
    for kind, filling in start:
        master.add(kind, filling)
    centre, nodes = None, NODES
    while not is_over():
        solved = master.solve()
        if solved is None:
            return master
        worth, host_price, _ = solved
        value = float(worth @ packing.count + host_price @ packing.available)
        tried = worth if centre is None else SMOOTHING * centre + (1.0 - SMOOTHING) * worth
        found, is_new = master.price(tried, packing.count, nodes, -host_price), False
        for kind, filling, _ in found.fillings:
            gains = float(filling @ worth) > packing.price[kind] - host_price[kind] + CLOSE
            is_new |= gains and master.add(kind, filling)
        if found.bound > master.bound:
            master.prices, centre = found.prices, tried
            on_bound(round_up(packing, found.bound))
        if master.bound >= value - CLOSE * max(1.0, value):
            return master
        if is_new:
            nodes = NODES
        elif tried is not worth:
            centre = None  # the next round asks at the master's own worths
        elif found.is_exact or nodes * len(packing.price) >= NODES_FOR_BOUND:
            return master
        else:
            nodes *= 20
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
