"""Branch on how many hosts of each class are awake: whole hosts, bounds proven by duals.

A solver's own branch and bound claims its bound; here every leaf is a linear relaxation whose
bound our arithmetic confirms, and the least over all open leaves holds at any moment.
"""

from __future__ import annotations

import heapq
import itertools
from collections.abc import Callable
from dataclasses import dataclass, field, replace

import numpy as np

from optimiser.solve.compiled import Compiled, Floats
from optimiser.solve.settings import SolveResult
from optimiser.solve.status import SolveStatus

WHOLE = 1e-6
MOST_NODES = 20

Solve = Callable[[Compiled], SolveResult]


@dataclass(order=True)
class _Leaf:
    bound: float
    number: int
    lower: Floats = field(compare=False)
    upper: Floats = field(compare=False)
    x: Floats = field(compare=False)


@dataclass(frozen=True)
class Branched:
    """What branching proved: a bound, the point of a leaf with whole hosts, nodes solved.

    ``is_infeasible`` when no leaf is left, which the duals prove.
    """

    bound: float | None
    x: Floats | None
    nodes: int
    is_infeasible: bool = False


def branch_on_whole(
    relaxation: Compiled,
    columns: np.ndarray,
    root: SolveResult,
    solve: Solve,
    on_bound: Callable[[float], None],
    is_over: Callable[[], bool],
) -> Branched:
    """Return the bound with the given columns (n,) whole, starting from a solved relaxation.

    ``on_bound`` is told each better bound, ``is_over`` asked before each solve. A leaf that cannot
    be proven (no duals) keeps its parent's bound. Minimisation only.
    """
    assert root.x is not None and root.bound is not None
    numbers = itertools.count()
    first = _Leaf(root.bound, next(numbers), relaxation.col_lower, relaxation.col_upper, root.x)
    leaves, best, nodes = [first], root.bound, 0
    while leaves:
        leaf = leaves[0]
        if leaf.bound > best:
            best = leaf.bound
            on_bound(best)
        column = _most_fractional(leaf.x, columns)
        if column is None:
            return Branched(best, leaf.x, nodes)
        if nodes >= MOST_NODES or is_over():
            return Branched(best, None, nodes)
        heapq.heappop(leaves)
        for lower, upper in _halves(leaf, column):
            nodes += 1
            result = solve(replace(relaxation, col_lower=lower, col_upper=upper))
            if result.status is SolveStatus.INFEASIBLE and result.bound_source == "duals":
                continue
            proven = result.bound if result.bound_source == "duals" else None
            bound = leaf.bound if proven is None else max(proven, leaf.bound)
            if result.x is None:  # unfinished: the parent's bound stands and ends the search
                heapq.heappush(leaves, replace(leaf, bound=leaf.bound, number=next(numbers)))
                return Branched(best, None, nodes)
            heapq.heappush(leaves, _Leaf(bound, next(numbers), lower, upper, result.x))
    return Branched(None, None, nodes, is_infeasible=True)


def _most_fractional(x: Floats, columns: np.ndarray) -> int | None:
    distance = np.abs(x[columns] - np.rint(x[columns]))
    if not len(columns) or distance.max() <= WHOLE:
        return None
    return int(columns[int(np.argmax(distance))])


def _halves(leaf: _Leaf, column: int) -> list[tuple[Floats, Floats]]:
    floor = float(np.floor(leaf.x[column]))
    below, above = leaf.upper.copy(), leaf.lower.copy()
    below[column], above[column] = floor, floor + 1.0
    return [(leaf.lower, below), (above, leaf.upper)]
