"""A linear or mixed-integer model as plain arrays, and the way from Pyomo to it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from optimiser.errors import SolverError

if TYPE_CHECKING:
    from optimiser.formulation.modelling import pyo

Floats = NDArray[np.float64]
Ints = NDArray[np.int32]


@dataclass(frozen=True, eq=False)
class Compiled:
    """``min or max cost x + offset`` with ``row_lower <= A x <= row_upper`` and column bounds.

    A is stored by columns: entries ``start[j]:start[j + 1]`` of ``index`` (rows) and ``value``
    belong to column j. ``sense`` is 1 to minimise and -1 to maximise. ``integrality`` is true
    where the column must be whole. ``variables`` and ``constraints`` are the Pyomo data behind
    columns and rows; empty for models that were built from arrays.
    """

    start: Ints
    index: Ints
    value: Floats
    row_lower: Floats
    row_upper: Floats
    col_lower: Floats
    col_upper: Floats
    cost: Floats
    integrality: NDArray[np.bool_]
    offset: float = 0.0
    sense: int = 1
    variables: tuple[Any, ...] = ()
    constraints: tuple[Any, ...] = ()

    @property
    def num_col(self) -> int:
        """Number of columns."""
        return self.cost.size

    @property
    def num_row(self) -> int:
        """Number of rows."""
        return self.row_lower.size

    @property
    def num_nz(self) -> int:
        """Number of stored coefficients."""
        return self.value.size

    @cached_property
    def is_mip(self) -> bool:
        """Whether any column must be whole."""
        return bool(self.integrality.any())

    @cached_property
    def entry_column(self) -> Ints:
        """Column of each stored coefficient, shape (num_nz,)."""
        return np.repeat(np.arange(self.num_col, dtype=np.int32), np.diff(self.start))

    @cached_property
    def column_of(self) -> dict[int, int]:
        """``id`` of a Pyomo variable to its column."""
        return {id(variable): j for j, variable in enumerate(self.variables)}

    @cached_property
    def row_of(self) -> dict[int, int]:
        """``id`` of a Pyomo constraint to its row."""
        return {id(constraint): i for i, constraint in enumerate(self.constraints)}

    def measure_rows(self, x: Floats) -> Floats:
        """Return A x, shape (num_row,)."""
        return self.sum_by_row(self.value * x[self.entry_column])

    def sum_by_row(self, per_entry: Floats) -> Floats:
        """Add a number per stored coefficient up by row."""
        sums = np.bincount(self.index, per_entry, self.num_row)
        return np.asarray(sums, dtype=np.float64)

    def sum_by_column(self, per_entry: Floats) -> Floats:
        """Add a number per stored coefficient up by column."""
        sums = np.bincount(self.entry_column, per_entry, self.num_col)
        return np.asarray(sums, dtype=np.float64)

    def measure_objective(self, x: Floats) -> float:
        """Return ``cost x + offset`` in the model's own sense."""
        return float(self.cost @ x) + self.offset

    def is_better(self, objective: float, than: float | None) -> bool:
        """Whether ``objective`` beats ``than`` in the model's own sense."""
        return than is None or self.sense * objective < self.sense * than

    def name_column(self, column: int) -> str:
        """Return the Pyomo name of a column, or ``column 7``."""
        return self.variables[column].name if self.variables else f"column {column}"

    def name_row(self, row: int) -> str:
        """Return the Pyomo name of a row, or ``row 7``."""
        return self.constraints[row].name if self.constraints else f"row {row}"

    def with_bounds(self, col_lower: Floats, col_upper: Floats) -> Compiled:
        """Return the same model with other column bounds."""
        return replace(self, col_lower=_floats(col_lower), col_upper=_floats(col_upper))

    def with_cost(self, cost: Floats, offset: float = 0.0) -> Compiled:
        """Return the same rows and bounds with another objective."""
        return replace(self, cost=_floats(cost), offset=float(offset))

    def as_relaxation(self) -> Compiled:
        """Return the model without integrality."""
        return replace(self, integrality=np.zeros(self.num_col, dtype=bool))

    def load_values(self, x: Floats) -> None:
        """Write a point into the Pyomo variables behind the columns.

        Variables that appear in no constraint and no objective have no column; those still
        without a value get the one nearest to zero inside their bounds.
        """
        for variable, number in zip(self.variables, x.tolist(), strict=True):
            variable.set_value(number, skip_validation=True)
        if self.variables:
            _fill_idle(self.variables[0].model())


def _fill_idle(model: pyo.ConcreteModel) -> None:
    from optimiser.formulation.modelling import pyo

    for variable in model.component_data_objects(pyo.Var, active=True):
        if variable.value is None:
            lower = -np.inf if variable.lb is None else variable.lb
            upper = np.inf if variable.ub is None else variable.ub
            variable.set_value(float(np.clip(0.0, lower, upper)), skip_validation=True)


def build_compiled(
    matrix: Any,
    row_lower: ArrayLike,
    row_upper: ArrayLike,
    col_lower: ArrayLike,
    col_upper: ArrayLike,
    cost: ArrayLike,
    integrality: ArrayLike,
    offset: float = 0.0,
    sense: int = 1,
) -> Compiled:
    """Build a model from arrays; scalars are spread over all rows or columns.

    matrix: a scipy sparse array or a dense array, shape (rows, columns).
    Raises SolverError when the shapes do not fit together.
    """
    start, index, value, (rows, columns) = _split_columns(matrix)
    try:
        return Compiled(
            start,
            index,
            value,
            _spread(row_lower, rows),
            _spread(row_upper, rows),
            _spread(col_lower, columns),
            _spread(col_upper, columns),
            _spread(cost, columns),
            np.broadcast_to(np.asarray(integrality, dtype=bool), columns),
            float(offset),
            sense,
        )
    except ValueError as error:
        raise SolverError(f"model arrays do not fit a {rows} x {columns} matrix") from error


def _spread(values: ArrayLike, size: int) -> Floats:
    return np.broadcast_to(_floats(values), size)


def _floats(values: ArrayLike) -> Floats:
    return np.ascontiguousarray(values, dtype=np.float64)


def _split_columns(matrix: Any) -> tuple[Ints, Ints, Floats, tuple[int, int]]:
    if isinstance(matrix, np.ndarray):
        columns, rows = np.nonzero(matrix.T)
        start = np.searchsorted(columns, np.arange(matrix.shape[1] + 1))
        value = matrix[rows, columns]
        return start.astype(np.int32), rows.astype(np.int32), _floats(value), matrix.shape
    by_column = matrix.tocsc()
    by_column.sum_duplicates()
    return (
        np.asarray(by_column.indptr, dtype=np.int32),
        np.asarray(by_column.indices, dtype=np.int32),
        _floats(by_column.data),
        by_column.shape,
    )


def stack_rows(model: Compiled, cost: Floats, lower: float, upper: float) -> Compiled:
    """Return the model with one more row ``lower <= cost x <= upper`` at the end."""
    filled = np.flatnonzero(cost)
    counts = np.diff(model.start)
    position = np.cumsum(counts)[filled]
    counts[filled] += 1
    return replace(
        model,
        start=np.concatenate(([0], np.cumsum(counts))).astype(np.int32),
        index=np.insert(model.index, position, model.num_row).astype(np.int32),
        value=np.insert(model.value, position, cost[filled]),
        row_lower=np.append(model.row_lower, lower),
        row_upper=np.append(model.row_upper, upper),
        constraints=(),
    )


def soften_rows(model: Compiled) -> Compiled:
    """Return "least total violation of the rows": two unit slacks per row at the end, cost 1 each.

    Column bounds stay hard. The optimum is 0 exactly where the model has a point.
    """
    rows, columns = model.num_row, model.num_col
    each, slacks = np.arange(rows, dtype=np.int32), np.ones(2 * rows)
    ends = model.num_nz + np.arange(1, 2 * rows + 1, dtype=np.int32)
    return replace(
        model,
        start=np.concatenate((model.start, ends)),
        index=np.concatenate((model.index, each, each)),
        value=np.concatenate((model.value, slacks[:rows], -slacks[rows:])),
        col_lower=np.concatenate((model.col_lower, 0 * slacks)),
        col_upper=np.concatenate((model.col_upper, np.inf * slacks)),
        cost=np.concatenate((np.zeros(columns), slacks)),
        integrality=np.concatenate((model.integrality, slacks < 0)),
        offset=0.0,
        sense=1,
        variables=(),
    )
