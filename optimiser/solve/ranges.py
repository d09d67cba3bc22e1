"""Numbers that HiGHS takes, drops or garbles: refuse the fatal ones, report the risky ones.

HiGHS refuses rows that hold a coefficient of 1e15 or a right-hand side of 1e20 and both Pyomo
interfaces then report "optimal" on a model without constraints. Coefficients below 1e-9 vanish.
Large coefficients beside small ones on whole columns ("big-M") turn into wrong answers, because a
whole column may be off by 1e-6 and still count as whole.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from optimiser.errors import SolverError
from optimiser.solve.compiled import Compiled, Floats

FATAL_COEFFICIENT = 1e15
FATAL_BOUND = 1e20
VANISHING_COEFFICIENT = 1e-9
SAFE_COEFFICIENTS = (1e-3, 1e6)
RISKY_BIG_M_RATIO = 1e5
WRONG_BIG_M_RATIO = 1e6
NAMES_SHOWN = 5
_largest, _least = np.maximum.reduce, np.minimum.reduce


@dataclass(frozen=True)
class Extreme:
    """Smallest and largest absolute nonzero of one kind of number, and where they are."""

    kind: str
    smallest: float
    smallest_at: str
    largest: float
    largest_at: str

    def __str__(self) -> str:
        return (
            f"{self.kind}: {self.smallest:.3g} ({self.smallest_at}) "
            f"to {self.largest:.3g} ({self.largest_at})"
        )


@dataclass(frozen=True)
class RangeReport:
    """Numeric ranges of a model, with warnings as sentences that name rows and columns.

    big_m_ratio: over rows with a whole column, the largest coefficient of such a column divided
    by the smallest coefficient of the row; 1.0 when there is none.
    """

    extremes: tuple[Extreme, ...]
    warnings: tuple[str, ...]
    big_m_ratio: float

    @property
    def is_safe(self) -> bool:
        """Whether nothing needs a warning."""
        return not self.warnings

    def __str__(self) -> str:
        return "\n".join([*map(str, self.extremes), *(f"warning: {w}" for w in self.warnings)])


def refuse_bad_numbers(compiled: Compiled) -> None:
    """Raise SolverError naming rows and columns whose numbers HiGHS would refuse or drop."""
    if _are_all_good(compiled):
        return
    tests = (
        (_bad_coefficients(compiled.value), "coefficient", _namer_of_entries(compiled)),
        (_bad_costs(compiled.cost), "cost", compiled.name_column),
        (_bad_bounds(compiled.row_lower, compiled.row_upper), "limit of row", compiled.name_row),
        (_bad_bounds(compiled.col_lower, compiled.col_upper), "bound", compiled.name_column),
    )
    found = [text for bad, kind, namer in tests if (text := _list_bad(bad, kind, namer))]
    if not np.isfinite(compiled.offset) or compiled.sense not in (1, -1):
        found.append(f"objective constant {compiled.offset} or sense {compiled.sense}")
    if found:
        raise SolverError(
            "the model holds numbers that the solver refuses or drops: " + "; ".join(found),
            f"keep coefficients between {SAFE_COEFFICIENTS[0]:g} and {SAFE_COEFFICIENTS[1]:g} "
            "by choosing units, and leave a limit out instead of writing a huge one",
        )


def _are_all_good(compiled: Compiled) -> bool:
    """Whether the extremes of every array pass, which most models do and which is soon told.

    NaN fails every comparison. A coefficient of exactly zero is good all the same, but not told
    here.
    """
    cost = compiled.cost
    return bool(
        _are_good_coefficients(compiled.value)
        and _least(cost, initial=0.0) > -FATAL_COEFFICIENT
        and _largest(cost, initial=0.0) < FATAL_COEFFICIENT
        and _are_good_bounds(compiled.row_lower, compiled.row_upper)
        and _are_good_bounds(compiled.col_lower, compiled.col_upper)
        and math.isfinite(compiled.offset)
        and compiled.sense in (1, -1)
    )


def _are_good_coefficients(value: Floats) -> bool:
    """Whether all are in range and none is zero; positive ones need no copy to be told."""
    if _least(value, initial=np.inf) < VANISHING_COEFFICIENT:
        value = np.abs(value)
    return bool(
        _least(value, initial=np.inf) >= VANISHING_COEFFICIENT
        and _largest(value, initial=0.0) < FATAL_COEFFICIENT
    )


def _are_good_bounds(lower: Floats, upper: Floats) -> bool:
    """Whether all are in range, or infinite on the right side; as :func:`_bad_bounds` says."""
    if not (
        _largest(lower, initial=0.0) < FATAL_BOUND and _least(upper, initial=0.0) > -FATAL_BOUND
    ):
        return False
    low, high = lower, upper
    if _least(lower, initial=0.0) <= -FATAL_BOUND:
        low = lower[lower > -np.inf]
    if _largest(upper, initial=0.0) >= FATAL_BOUND:
        high = upper[upper < np.inf]
    return bool(
        _least(low, initial=0.0) > -FATAL_BOUND and _largest(high, initial=0.0) < FATAL_BOUND
    )


def _bad_coefficients(value: Floats) -> NDArray[np.bool_]:
    size = np.abs(value)
    return ~(size < FATAL_COEFFICIENT) | ((size < VANISHING_COEFFICIENT) & (size > 0))


def _bad_costs(cost: Floats) -> NDArray[np.bool_]:
    return ~(np.abs(cost) < FATAL_COEFFICIENT)


def _bad_bounds(lower: Floats, upper: Floats) -> NDArray[np.bool_]:
    """Flag NaN, finite values that read as infinite, and infinities on the wrong side."""
    low = (np.abs(lower) < FATAL_BOUND) | (lower == -np.inf)
    high = (np.abs(upper) < FATAL_BOUND) | (upper == np.inf)
    return ~(low & high)


def _list_bad(bad: NDArray[np.bool_], kind: str, namer: Callable[[int], str]) -> str:
    where = np.flatnonzero(bad)
    if not where.size:
        return ""
    names = ", ".join(namer(int(i)) for i in where[:NAMES_SHOWN])
    more = f" and {where.size - NAMES_SHOWN} more" if where.size > NAMES_SHOWN else ""
    return f"{kind} {names}{more}"


def _namer_of_entries(compiled: Compiled) -> Callable[[int], str]:
    def name_entry(entry: int) -> str:
        row = compiled.name_row(int(compiled.index[entry]))
        column = compiled.name_column(int(compiled.entry_column[entry]))
        return f"{compiled.value[entry]:g} of {column} in {row}"

    return name_entry


def report_ranges(compiled: Compiled) -> RangeReport:
    """Measure the numeric ranges of a model and say where the extremes are."""
    name_entry = _namer_of_entries(compiled)
    measured = (
        _find_extreme("coefficients", compiled.value, name_entry),
        _find_extreme("costs", compiled.cost, compiled.name_column),
        _find_extreme("row lower limits", compiled.row_lower, compiled.name_row),
        _find_extreme("row upper limits", compiled.row_upper, compiled.name_row),
        _find_extreme("column upper bounds", compiled.col_upper, compiled.name_column),
    )
    ratio, row = measure_big_m(compiled)
    extremes = tuple(extreme for extreme in measured if extreme is not None)
    warnings = _warn_extremes(extremes[:1]) + _warn_big_m(ratio, row, compiled)
    return RangeReport(extremes, warnings, ratio)


def _find_extreme(kind: str, values: Floats, namer: Callable[[int], str]) -> Extreme | None:
    size = np.abs(values)
    where = np.flatnonzero((size > 0) & np.isfinite(size))
    if not where.size:
        return None
    low, high = where[np.argmin(size[where])], where[np.argmax(size[where])]
    return Extreme(kind, float(size[low]), namer(int(low)), float(size[high]), namer(int(high)))


def _warn_extremes(extremes: tuple[Extreme, ...]) -> tuple[str, ...]:
    low, high = SAFE_COEFFICIENTS
    found = []
    for extreme in extremes:
        if extreme.smallest < low:
            found.append(f"{extreme.kind} go down to {extreme.smallest:.3g}: {extreme.smallest_at}")
        if extreme.largest > high:
            found.append(f"{extreme.kind} go up to {extreme.largest:.3g}: {extreme.largest_at}")
    return tuple(found)


def measure_big_m(compiled: Compiled) -> tuple[float, int]:
    """Return the worst ratio of a whole column's coefficient to its row's smallest, and the row."""
    size = np.abs(compiled.value)
    entries = np.flatnonzero(compiled.integrality[compiled.entry_column] & (size > 0))
    if not entries.size:
        return 1.0, -1
    smallest = np.full(compiled.num_row, np.inf)
    np.minimum.at(smallest, compiled.index, np.where(size > 0, size, np.inf))
    ratio = size[entries] / smallest[compiled.index[entries]]
    worst = int(np.argmax(ratio))
    return float(ratio[worst]), int(compiled.index[entries[worst]])


def _warn_big_m(ratio: float, row: int, compiled: Compiled) -> tuple[str, ...]:
    if ratio <= RISKY_BIG_M_RATIO:
        return ()
    return (
        f"row {compiled.name_row(row)} mixes coefficients {ratio:.2g} apart on whole columns "
        "(big-M): derive a smaller constant from the data",
    )
