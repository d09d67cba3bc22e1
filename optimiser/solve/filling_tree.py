"""Choose whole fillings from a pool exactly: branch and bound whose bounds are our own.

Depth first, branches against the grain last (limited discrepancy search, Harvey and Ginsberg
1995), branching on two items that share a host or do not (Ryan and Foster 1981), or on how
often a filling occurs. Each node's linear relaxation is solved over a part of the pool; its duals
are held against every filling of the pool that the branches allow, so what is proven rests on
sums of ours and not on the solver. Fillings too dear for the target at a node's duals are dropped
from all nodes below.
"""

from __future__ import annotations

import heapq
import itertools
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np

from optimiser.solve.bridge import load_highspy, new_solver, require_ok, set_options
from optimiser.solve.pool import Pool

WHOLE = 1e-6
GAINS = 1e-7  # reduced cost below which a filling enters, in the largest price
BATCH = 80  # fillings that enter at once
LIKELY = 0.7  # share of a pair of items at which to branch


@dataclass(frozen=True, eq=False)
class Node:
    """What the branches above allow: fillings (filling,) bool, and how often some occur."""

    allowed: np.ndarray
    often: dict[int, tuple[float, float]] = field(default_factory=dict)

    @property
    def packed(self) -> Packed:
        """The same in an eighth of the memory."""
        return Packed(np.packbits(self.allowed), self.often)


@dataclass(frozen=True, eq=False)
class Packed:
    """A node that waits."""

    allowed: np.ndarray
    often: dict[int, tuple[float, float]]

    def unpack(self, fillings: int) -> Node:
        """Return the node."""
        return Node(np.unpackbits(self.allowed, count=fillings).astype(bool), self.often)


@dataclass(frozen=True, eq=False)
class Relaxed:
    """A node's relaxation: a bound, the cost of fillings above their worth, and their shares.

    ``share`` holds the fillings above zero; ``is_covered`` whether they hold all items.
    """

    bound: float
    excess: np.ndarray
    share: dict[int, float]
    is_covered: bool


@dataclass(frozen=True)
class Outcome:
    """``fillings`` of a plan within the target, or ``is_proven`` that there is none, or neither."""

    fillings: list[tuple[int, np.ndarray]] | None
    is_proven: bool
    nodes: int


def search_pool(pool: Pool, is_over: Callable[[], bool]) -> Outcome:
    """Look for a plan up to the pool's target until there is one or proven to be none."""
    return _Search(pool, is_over).run()


class _Search:
    def __init__(self, pool: Pool, is_over: Callable[[], bool]) -> None:
        self.pool, self.is_over = pool, is_over
        packing = pool.packing
        self.unit = float(packing.price.max())
        self.cost = pool.price / self.unit
        self.target = pool.target / self.unit
        self.most = self.target / float(packing.price.min() / self.unit)
        self.count = packing.count.astype(float)
        self.available = packing.available.astype(float)
        self.single = np.flatnonzero(packing.count == 1)
        self.by_item = pool.table.tocsc()
        self.columns: list[int] = []
        self.is_column = np.zeros(len(pool.kind), dtype=bool)
        self._make_solver()

    def _make_solver(self) -> None:
        inf = load_highspy().kHighsInf
        self.highs = new_solver()
        set_options(self.highs, {"log_to_console": False, "output_flag": False})
        for count in self.count.tolist():
            require_ok(self.highs.addRow(count, inf, 0, [], []), "adding a row")
        for available in self.available.tolist():
            require_ok(self.highs.addRow(-inf, available, 0, [], []), "adding a row")
        for item in range(len(self.count)):  # what no filling covers is dearer than any plan
            self._add_column(self.target, np.array([item]), np.ones(1))

    def _add_column(self, cost: float, rows: np.ndarray, values: np.ndarray) -> None:
        inf = load_highspy().kHighsInf
        status = self.highs.addCol(cost, 0.0, inf, len(rows), rows.astype(np.int32), values)
        require_ok(status, "adding a column")

    def run(self) -> Outcome:
        """Follow the likelier halves down, then begin again where fewest were passed over."""
        waiting, numbers, nodes = [(0, 0, self._root())], itertools.count(1), 0
        while waiting:
            passed_over, _, packed = heapq.heappop(waiting)
            node = packed.unpack(len(self.pool.kind))
            while True:
                relaxed = None if self.is_over() else self._relax(node)
                if relaxed is None:
                    return Outcome(None, False, nodes)
                nodes += 1
                if relaxed.bound > self.target + WHOLE:
                    break
                found = self._whole(relaxed)
                if found is not None:
                    return Outcome(found, False, nodes)
                node, other = self._branch(self._drop(node, relaxed), relaxed)
                heapq.heappush(waiting, (passed_over + 1, next(numbers), other.packed))
        return Outcome(None, True, nodes)

    def _root(self) -> Packed:
        return Node(np.ones(len(self.pool.kind), dtype=bool)).packed

    def _relax(self, node: Node) -> Relaxed | None:
        """Solve a node over the pool; ``None`` when the solver fails or time is over."""
        self._set_bounds(node)
        items = len(self.count)
        while True:
            require_ok(self.highs.run(), "solving a node", warning_is_ok=True)
            if self.highs.getModelStatus().name != "kOptimal" or self.is_over():
                return None
            solution = self.highs.getSolution()
            dual = np.array(solution.row_dual)
            worth, charge = np.maximum(dual[:items], 0.0), np.maximum(-dual[items:], 0.0)
            excess = self.cost + charge[self.pool.kind] - self.pool.table @ worth
            bound = self._bound(node, worth, charge, excess)
            entering = np.where(node.allowed & ~self.is_column, excess, 0.0)
            if bound > self.target + WHOLE or entering.min(initial=0.0) > -GAINS:
                x = np.array(solution.col_value)
                at = np.flatnonzero(x[items:] > WHOLE)
                share = {self.columns[k]: float(x[items + k]) for k in at.tolist()}
                return Relaxed(bound, excess, share, x[:items].max(initial=0.0) <= WHOLE)
            self._enter(entering)

    def _set_bounds(self, node: Node) -> None:
        if not self.columns:
            return
        chosen = np.array(self.columns)
        upper = np.where(node.allowed[chosen], load_highspy().kHighsInf, 0.0)
        lower = np.zeros(len(chosen))
        for filling, (least, greatest) in node.often.items():
            at = int(np.flatnonzero(chosen == filling)[0])
            lower[at] = least
            upper[at] = min(upper[at], greatest)
        place = len(self.count) + np.arange(len(chosen), dtype=np.int32)
        status = self.highs.changeColsBounds(len(place), place, lower, upper)
        require_ok(status, "bounding columns")

    def _bound(
        self, node: Node, worth: np.ndarray, charge: np.ndarray, excess: np.ndarray
    ) -> float:
        """Return a bound on plans within the target: any duals prove one.

        Such a plan holds at most ``most`` fillings, each of which gains no more than the best.
        """
        free = node.allowed.copy()
        total = float(worth @ self.count - charge @ self.available)
        for filling, (least, greatest) in node.often.items():
            free[filling] = False
            one = float(excess[filling])
            total += one * (least if one > 0.0 else min(greatest, self.most))
        gain = float(excess[free].min(initial=0.0))
        return total + self.most * min(0.0, gain)

    def _enter(self, excess: np.ndarray) -> None:
        """Give the solver the fillings of least excess."""
        number = min(BATCH, int((excess < -GAINS).sum()))
        best = np.argpartition(excess, number - 1)[:number]
        table = self.pool.table
        for filling in np.sort(best).tolist():
            here = slice(table.indptr[filling], table.indptr[filling + 1])
            rows = np.append(table.indices[here], len(self.count) + self.pool.kind[filling])
            values = np.append(table.data[here], 1.0)
            self._add_column(float(self.cost[filling]), rows, values)
            self.columns.append(filling)
            self.is_column[filling] = True

    def _whole(self, relaxed: Relaxed) -> list[tuple[int, np.ndarray]] | None:
        """Return the fillings of a plan when the shares are whole and hold everything."""
        share = relaxed.share
        if not relaxed.is_covered or any(abs(x - round(x)) > WHOLE for x in share.values()):
            return None
        left, found = self.pool.packing.count.copy(), []
        for filling, x in share.items():
            for _ in range(round(x)):
                part = np.minimum(self.pool.filling(filling), left)
                left = left - part
                if part.any():
                    found.append((int(self.pool.kind[filling]), part))
        return None if left.any() else found

    def _drop(self, node: Node, relaxed: Relaxed) -> Node:
        """Leave out what is too dear for the target."""
        cheap = relaxed.excess <= self.target - relaxed.bound + WHOLE
        cheap[list(node.often)] = True
        return Node(node.allowed & cheap, node.often)

    def _branch(self, node: Node, relaxed: Relaxed) -> tuple[Node, Node]:
        """Return the two halves of a node, the likelier one first."""
        pair = self._pair(relaxed)
        if pair is not None:
            one, other = (self._holds(item) for item in pair)
            apart = Node(node.allowed & ~(one & other), node.often)
            return Node(node.allowed & (one == other), node.often), apart
        share = relaxed.share
        split = [f for f, x in share.items() if abs(x - round(x)) > WHOLE] or list(share)
        filling = max(split, key=lambda f: (share[f] - np.floor(share[f]), -f))
        least, greatest = node.often.get(filling, (0.0, self.most))
        floor = float(np.floor(share[filling] + WHOLE))
        fewer = node.often | {filling: (least, floor)}
        more = node.often | {filling: (floor + 1.0, greatest)}
        return Node(node.allowed, more), Node(node.allowed, fewer)

    def _pair(self, relaxed: Relaxed) -> tuple[int, int] | None:
        """Return two items that share a host in part, ``None`` when there are no such two."""
        fillings = list(relaxed.share)
        table = self.pool.table[fillings][:, self.single].toarray()
        together = table.T @ (np.array(list(relaxed.share.values()))[:, None] * table)
        np.fill_diagonal(together, 0.0)
        distance = np.abs(together - LIKELY)
        distance[(together < WHOLE) | (together > 1.0 - WHOLE)] = np.inf
        if not distance.size or not np.isfinite(distance.min()):
            return None
        one, other = divmod(int(distance.argmin()), len(self.single))
        return int(self.single[one]), int(self.single[other])

    def _holds(self, item: int) -> np.ndarray:
        """Return which fillings (filling,) hold an item."""
        holds = np.zeros(len(self.pool.kind), dtype=bool)
        holds[self.by_item.indices[self.by_item.indptr[item] : self.by_item.indptr[item + 1]]] = (
            True
        )
        return holds
