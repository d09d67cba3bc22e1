"""Our own arithmetic on a solver's answer: is the point legal, and is the bound a bound."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from optimiser.solve.compiled import Compiled, Floats

FEASIBILITY_TOLERANCE = 1e-6
RELATIVE_TOLERANCE = 1e-9
ROUNDING = 2.0**-50
REPAIR_SWEEPS = 6
IMPLIED_SWEEPS = 3
_ROW, _COLUMN, _WHOLE = "row", "column", "whole"


@dataclass(frozen=True)
class PointCheck:
    """Largest violation of a point, in the units of the row or column, and where it is.

    ``is_feasible`` allows 1e-6 plus 1e-9 of the size of what the row adds up.
    """

    max_violation: float
    where: str
    is_feasible: bool


def check_point(compiled: Compiled, x: Floats) -> PointCheck:
    """Measure how far ``x``, shape (columns,), breaks rows, bounds and integrality."""
    x = np.asarray(x, dtype=np.float64)
    if x.shape != (compiled.num_col,) or not np.isfinite(x).all():
        return PointCheck(np.inf, "the point has the wrong shape or holds no finite numbers", False)
    terms = compiled.value * x[compiled.entry_column]
    whole = np.abs(x - np.rint(x)) * compiled.integrality
    parts = (
        (_outside(compiled.sum_by_row(terms), compiled.row_lower, compiled.row_upper), _ROW),
        (_outside(x, compiled.col_lower, compiled.col_upper), _COLUMN),
        (whole, _WHOLE),
    )
    worst, where, legal = 0.0, "", True
    for violation, kind in parts:
        largest = violation.max(initial=0.0)
        if not largest <= FEASIBILITY_TOLERANCE:  # NaN too; big numbers add up to bigger errors
            legal &= bool((violation <= _allowed(compiled, kind, terms, x)).all())
        if largest > worst:
            namer = compiled.name_row if kind == _ROW else compiled.name_column
            worst, where = float(largest), namer(int(violation.argmax()))
    return PointCheck(worst, where, legal)


def _allowed(compiled: Compiled, kind: str, terms: Floats, x: Floats) -> Floats | float:
    """Return the violation allowed of each row or column."""
    if kind == _WHOLE:
        return FEASIBILITY_TOLERANCE
    size = compiled.sum_by_row(np.abs(terms)) if kind == _ROW else np.abs(x)
    return FEASIBILITY_TOLERANCE + RELATIVE_TOLERANCE * size


def _outside(values: Floats, lower: Floats, upper: Floats) -> Floats:
    return np.maximum(np.maximum(lower - values, values - upper), 0.0)


def round_point(compiled: Compiled, x: Floats) -> Floats:
    """Return ``x`` with whole columns exactly whole and all columns inside their bounds.

    Moves nothing by more than the tolerance of the solver: what is further off stays as it is,
    so that :func:`check_point` sees it.
    """
    x = np.asarray(x, dtype=np.float64)
    nearest = np.rint(x)
    x = np.where(compiled.integrality & (np.abs(x - nearest) <= 1e-5), nearest, x)
    clipped = np.minimum(np.maximum(x, compiled.col_lower), compiled.col_upper)
    shift = np.abs(clipped - x)
    if not shift.any():
        return x
    return np.where(shift <= FEASIBILITY_TOLERANCE * np.maximum(1.0, np.abs(x)), clipped, x)


def safe_dual_bound(compiled: Compiled, row_dual: Floats) -> float:
    """Return a bound on the objective of the linear relaxation that holds for *any* duals.

    With y the duals and d = c - A'y, every feasible point of a minimisation costs at least
    min over the column bounds of d x plus min over the row limits of y r (weak duality). Duals
    with a sign that meets an infinite limit are set to zero; those that would meet an infinite
    column bound by a rounding error are nudged (Neumaier and Shcherbina 2004,
    https://doi.org/10.1007/s10107-003-0433-3). The rounding error of this sum is subtracted.

    row_dual: shape (rows,), d objective / d right-hand side in the model's own sense.
    Returns -inf (inf when maximising) when the duals prove nothing.
    """
    cost = compiled.sense * compiled.cost
    dual = _drop_wrong_signs(compiled, compiled.sense * np.asarray(row_dual, dtype=np.float64))
    lower, upper = _imply_bounds(compiled)
    dual = _nudge_duals(compiled, cost, dual, lower, upper)
    reduced, margin = _reduce_cost(compiled, cost, dual)
    columns = _least_product(reduced, lower, upper)
    rows = _least_product(dual, compiled.row_lower, compiled.row_upper)
    total = float(columns.sum() + rows.sum())
    if not np.isfinite(total):
        return -compiled.sense * np.inf
    error = margin * np.maximum(np.abs(_finite(lower)), np.abs(_finite(upper)))
    slip = float(error.sum() + ROUNDING * (np.abs(columns).sum() + np.abs(rows).sum()))
    return compiled.sense * (total - slip) + compiled.offset


def proves_infeasible(compiled: Compiled, ray: Floats) -> bool:
    """Whether a dual ray, shape (rows,), leaves no point (Farkas), rounding errors included."""
    costless = replace(compiled, cost=np.zeros(compiled.num_col), offset=0.0, sense=1)
    size = np.abs(ray).max(initial=0.0)
    if not np.isfinite(size) or size == 0.0:
        return False
    return any(safe_dual_bound(costless, side * ray / size) > 0.0 for side in (1.0, -1.0))


def _drop_wrong_signs(compiled: Compiled, dual: Floats) -> Floats:
    useless = ((dual > 0) & np.isneginf(compiled.row_lower)) | (
        (dual < 0) & np.isposinf(compiled.row_upper)
    )
    return np.where(useless | ~np.isfinite(dual), 0.0, dual)


def _reduce_cost(compiled: Compiled, cost: Floats, dual: Floats) -> tuple[Floats, Floats]:
    """Return c - A'y and a limit on its rounding error, each of shape (columns,)."""
    terms = compiled.value * dual[compiled.index]
    size = np.abs(cost) + compiled.sum_by_column(np.abs(terms))
    return cost - compiled.sum_by_column(terms), ROUNDING * size


def _least_product(slope: Floats, lower: Floats, upper: Floats) -> Floats:
    """Return the least value of slope * v over lower <= v <= upper; 0 where the slope is 0."""
    side = np.where(slope > 0, lower, upper)
    return np.where(slope == 0, 0.0, slope * np.where(slope == 0, 0.0, side))


def _finite(values: Floats) -> Floats:
    return np.where(np.isfinite(values), values, 0.0)


def _nudge_duals(
    compiled: Compiled, cost: Floats, dual: Floats, lower: Floats, upper: Floats
) -> Floats:
    """Move duals by rounding errors so that no reduced cost points at an infinite bound.

    Each offending column corrects its row of largest contribution, so that signs are kept.
    """
    open_up, open_down = np.isposinf(upper), np.isneginf(lower)
    if not (open_up | open_down).any():
        return dual
    for _ in range(REPAIR_SWEEPS):
        reduced, margin = _reduce_cost(compiled, cost, dual)
        lift = open_up & ~open_down & (reduced < margin)
        drop = open_down & ~open_up & (reduced > -margin)
        wanted = np.where(lift, 2 * margin - reduced, np.where(drop, -2 * margin - reduced, 0.0))
        small = np.abs(wanted) <= 1e-6 * (1 + np.abs(cost))
        moved = _shift_duals(compiled, dual, np.where(small, wanted, 0.0))
        if moved is None:
            return dual
        dual = moved
    return dual


def _shift_duals(compiled: Compiled, dual: Floats, wanted: Floats) -> Floats | None:
    """Change one dual per column of nonzero ``wanted`` so that its reduced cost moves by that."""
    entries = np.flatnonzero(wanted[compiled.entry_column])
    push = compiled.value * dual[compiled.index] * np.sign(wanted[compiled.entry_column])
    entries = entries[push[entries] > 0]
    if not entries.size:
        return None
    column = compiled.entry_column[entries]
    order = np.lexsort((push[entries], column))
    last = np.flatnonzero(np.append(np.diff(column[order]) != 0, True))
    chosen = entries[order[last]]
    step = wanted[compiled.entry_column[chosen]] / compiled.value[chosen]
    moved = dual.copy()
    np.subtract.at(moved, compiled.index[chosen], step)
    return np.where(moved * dual >= 0, moved, 0.0)


def _imply_bounds(compiled: Compiled) -> tuple[Floats, Floats]:
    """Return the column bounds with infinite ones replaced by what the rows imply."""
    lower, upper = compiled.col_lower, compiled.col_upper
    for _ in range(IMPLIED_SWEEPS):
        opened = np.isinf(lower) | np.isinf(upper)
        entries = np.flatnonzero(opened[compiled.entry_column] & (compiled.value != 0))
        if not entries.size:
            break
        low, high = _imply_once(compiled, lower, upper, entries)
        tighter_low = np.where(np.isneginf(lower), low, lower)
        tighter_high = np.where(np.isposinf(upper), high, upper)
        if np.array_equal(tighter_low, lower) and np.array_equal(tighter_high, upper):
            break
        lower, upper = tighter_low, tighter_high
    return lower, upper


def _imply_once(
    compiled: Compiled, lower: Floats, upper: Floats, entries: NDArray[np.intp]
) -> tuple[Floats, Floats]:
    """One sweep: bound each column of ``entries`` by its rows' limits less the other columns."""
    value, row, column = compiled.value, compiled.index, compiled.entry_column
    least = _times(value, np.where(value > 0, lower[column], upper[column]))
    most = _times(value, np.where(value > 0, upper[column], lower[column]))
    rest_least = _sum_of_others(compiled, least, entries, -np.inf)
    rest_most = _sum_of_others(compiled, most, entries, np.inf)
    a = value[entries]
    head = (compiled.row_upper[row[entries]] - rest_least) / a
    foot = (compiled.row_lower[row[entries]] - rest_most) / a
    low, high = np.full(lower.size, -np.inf), np.full(upper.size, np.inf)
    base, top = np.where(a > 0, foot, head), np.where(a > 0, head, foot)
    np.maximum.at(low, column[entries], base - _pad(base, rest_most, a))
    np.minimum.at(high, column[entries], top + _pad(top, rest_least, a))
    return low, high


def _pad(side: Floats, rest: Floats, a: Floats) -> Floats:
    """Room for the rounding error of an implied bound."""
    return 1e-9 * (1.0 + np.abs(_finite(side)) + np.abs(_finite(rest) / a))


def _times(value: Floats, bound: Floats) -> Floats:
    return np.where(value == 0, 0.0, value * np.where(value == 0, 0.0, bound))


def _sum_of_others(
    compiled: Compiled, contribution: Floats, entries: NDArray[np.intp], endless_sum: float
) -> Floats:
    """Row sums without the entry itself; ``endless_sum`` when another entry is infinite."""
    endless = np.isinf(contribution)
    finite = np.where(endless, 0.0, contribution)
    row = compiled.index[entries]
    others = compiled.sum_by_row(endless.astype(np.float64))[row] - endless[entries]
    rest = compiled.sum_by_row(finite)[row] - finite[entries]
    return np.where(others > 0, endless_sum, rest)
