"""What must leave its place whatever the plan: the fewest moves that mend today, and their cost.

A host that holds too much today keeps on holding it until enough of its workloads leave, wherever
they go, since arrivals only add to it. So each broken limit is a covering row over the workloads
under it, and the cheapest cover is a proven lower limit of the cost of moving. It looks at nothing
but today's broken rules, so it is found at once where few rules are broken.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import scipy.sparse as sp

from optimiser.schema.policy import Availability
from optimiser.solve.compiled import Compiled, build_compiled
from optimiser.solve.counts import NO_LIMIT, CountTable
from optimiser.solve.here import solve_here
from optimiser.solve.objective import host_load
from optimiser.solve.problem import Problem
from optimiser.solve.settings import SolveSettings

LARGEST_COVER = 2_000_000  # stored coefficients
COVER_S = 2.0
TOLERANCE = 1e-6  # by which a count of moves may miss a whole number


@dataclass(frozen=True)
class Leaving:
    """Workloads that leave in a cheapest cover of what is broken today.

    ``chosen`` (workload,) bool; ``bound`` what every legal plan costs at least, its moves alone
    [money], ``None`` where energy may be worth less than nothing; ``fewest`` how many workloads
    move at least, whatever that costs.
    """

    chosen: np.ndarray
    bound: float | None
    fewest: int


@dataclass(frozen=True)
class _Rows:
    """Rows sum of ``share`` ≥ 1 over the workloads that leave, as pairs."""

    row: np.ndarray
    workload: np.ndarray
    share: np.ndarray
    count: int


def find_leaving(problem: Problem) -> Leaving | None:
    """Return what must leave; ``None`` where the cover is too large to be worth its time."""
    today = problem.today
    placed = np.flatnonzero(today >= 0)
    allowed = problem.eligibility.allowed[problem.eligibility.of_workload[placed], today[placed]]
    forced = np.zeros(len(today), dtype=bool)
    forced[placed[~allowed]] = True
    rows = _join([_over_capacity(problem), *_over_counts(problem.counts, today)])
    if len(rows.row) > LARGEST_COVER:
        return None
    found: Leaving | None = Leaving(forced, 0.0, 0)
    if rows.count or forced.any():
        found = _cover(rows, forced, np.maximum(problem.move_cost, 0.0))
    if found is not None and not problem.frame.is_priced.all():
        return replace(found, bound=None)
    return found


def _over_capacity(problem: Problem) -> _Rows:
    """A row for each host and demand column that holds more than it may."""
    today = problem.today
    load = host_load(problem, today)
    host, column = np.nonzero(load > problem.capacity)
    excess = (load - problem.capacity)[host, column]
    order = np.argsort(today, kind="stable")
    first = np.searchsorted(today[order], host)
    size = np.searchsorted(today[order], host, side="right") - first
    row = np.repeat(np.arange(len(host)), size)
    inside = np.arange(len(row)) - np.repeat(np.cumsum(size) - size, size)
    workload = order[first[row] + inside]
    use = problem.use[problem.flavour[workload], column[row]]
    share = np.minimum(1.0, use / excess[row])  # one workload covers a row at most once
    return _Rows(row[share > 0], workload[share > 0], share[share > 0], len(host))


def _over_counts(table: CountTable, today: np.ndarray) -> list[_Rows]:
    # limits of availability are narrower than what the target needs, so they prove nothing
    asked = [not isinstance(rule.policy, Availability) for rule in table.rules]
    return [
        rows
        for rule in np.flatnonzero(table.num_groups * asked).tolist()
        for rows in (_over_limit(table, rule, today), _over_domains(table, rule, today))
    ]


def cells_of(table: CountTable, rule: int, host: np.ndarray) -> np.ndarray:
    """Return the cell (group times domains plus domain) of each workload, −1 where not counted."""
    group = table.group[rule]
    domain = np.where(host >= 0, table.domain[rule][np.maximum(host, 0)], -1)
    inside = (group >= 0) & (domain >= 0)
    return np.where(inside, group.astype(np.int64) * table.num_domains[rule] + domain, -1)


def _over_limit(table: CountTable, rule: int, today: np.ndarray) -> _Rows:
    """A row for each domain with more members of a group than it may hold."""
    cell = cells_of(table, rule, today)
    used, number, count = np.unique(cell, return_inverse=True, return_counts=True)
    limit = np.where(used >= 0, table.limit_of(rule, np.maximum(used, 0)), NO_LIMIT)
    excess = np.where(used >= 0, count - limit, 0)
    return _rows_over(np.where(cell >= 0, number.reshape(-1), -1), excess)


def _over_domains(table: CountTable, rule: int, today: np.ndarray) -> _Rows:
    """A row for each group on too few or too many domains."""
    domains, groups = int(table.num_domains[rule]), int(table.num_groups[rule])
    is_open = (table.least[rule] <= 1).all() and (table.most[rule] == NO_LIMIT).all()
    if is_open or not (table.takes[rule, :domains] == 1).all() or table.is_sparse(rule):
        return _nothing()
    cell = cells_of(table, rule, today)
    count = np.bincount(cell[cell >= 0], minlength=groups * domains).reshape(groups, domains)
    used = (count > 0).sum(axis=1)
    homeless = table.group[rule][(today < 0) & (table.group[rule] >= 0)]
    # each new domain takes a workload that moves, or one that runs nowhere yet
    missing = table.least[rule, :groups] - used - np.bincount(homeless, minlength=groups)
    spare = used - table.most[rule, :groups]
    too_many, wide = np.zeros(groups, dtype=np.int64), np.flatnonzero(spare > 0)
    smallest = np.sort(np.where(count[wide] > 0, count[wide], NO_LIMIT), axis=1)
    inside = np.arange(domains) < spare[wide, None]
    too_many[wide] = np.where(inside, smallest, 0).sum(axis=1)
    member = np.where(today >= 0, table.group[rule], -1)
    return _join(
        [
            _rows_over(np.where(cell >= 0, member, -1), too_many),
            _rows_over(member, missing),
        ]
    )


def _rows_over(cell: np.ndarray, excess: np.ndarray) -> _Rows:
    """Rows "at least ``excess`` of the workloads in a cell leave" where that is above nought."""
    number = np.cumsum(excess > 0) - 1
    inside = np.flatnonzero(cell >= 0)
    inside = inside[excess[cell[inside]] > 0]
    at = cell[inside]
    return _Rows(number[at], inside, 1.0 / excess[at], int((excess > 0).sum()))


def _nothing() -> _Rows:
    none = np.zeros(0, dtype=np.int64)
    return _Rows(none, none, np.zeros(0), 0)


def _join(parts: list[_Rows]) -> _Rows:
    start = np.cumsum([0] + [part.count for part in parts])
    return _Rows(
        np.concatenate([part.row + at for part, at in zip(parts, start, strict=False)]),
        np.concatenate([part.workload for part in parts]),
        np.concatenate([part.share for part in parts]),
        int(start[-1]),
    )


def _cover(rows: _Rows, forced: np.ndarray, price: np.ndarray) -> Leaving | None:
    """Solve the covering problem over the workloads in its rows."""
    member = np.union1d(rows.workload, np.flatnonzero(forced))
    column = np.searchsorted(member, rows.workload)
    shape = (rows.count, len(member))
    matrix = sp.coo_array((rows.share, (rows.row, column)), shape=shape).tocsc()
    lower = forced[member].astype(float)
    unit = np.ones(len(member))
    cost = price[member] if (price[member] > 0).any() else unit

    def model(prices: np.ndarray) -> Compiled:
        return build_compiled(matrix, 1.0, np.inf, lower, 1.0, prices, True)

    chosen = np.zeros(len(forced), dtype=bool)
    picked = solve_here(model(cost), SolveSettings(time_limit_s=COVER_S, gap=0.0)).x
    if picked is None:
        return None
    chosen[member] = picked > 0.5
    bound = _proven(model(price[member]))
    is_even = bool((price[member] == price[member][0]).all()) and price[member][0] > 0
    fewest = bound / float(price[member][0]) if is_even else _proven(model(unit))
    return Leaving(chosen, bound, int(np.ceil(fewest - TOLERANCE)))


def _proven(model: Compiled) -> float:
    """Return a lower limit of a cover, from duals by our own arithmetic.

    Parts that share no workload are rounded up each for itself where all their costs are equal:
    half a move more is a whole one.
    """
    dual = solve_here(model.as_relaxation()).row_dual
    if dual is None:
        return 0.0
    dual = np.maximum(dual, 0.0)
    reduced = model.cost - model.sum_by_column(model.value * dual[model.index])
    least = np.minimum(reduced * model.col_lower, reduced * model.col_upper)
    parts, of_row, of_column = _parts(model)
    value = np.zeros(parts)
    np.add.at(value, of_row, dual * model.row_lower)
    np.add.at(value, of_column, least)
    low, high = np.full(parts, np.inf), np.zeros(parts)
    np.minimum.at(low, of_column, model.cost)
    np.maximum.at(high, of_column, model.cost)
    is_even = (low == high) & (high > 0)
    price = np.where(is_even, high, 1.0)
    return float(np.where(is_even, price * np.ceil(value / price - TOLERANCE), value).sum())


def _parts(model: Compiled) -> tuple[int, np.ndarray, np.ndarray]:
    """Return how many parts share no column, and the part of each row and of each column."""
    from scipy.sparse.csgraph import connected_components  # loads all of linear algebra

    size = model.num_row + model.num_col
    joined = (np.ones(model.num_nz), (model.index, model.num_row + model.entry_column))
    parts, label = connected_components(sp.coo_array(joined, shape=(size, size)), directed=False)
    return int(parts), label[: model.num_row], label[model.num_row :]
