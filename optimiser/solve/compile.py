"""From a Pyomo model to :class:`Compiled`, once; Pyomo is not the transport."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from optimiser.errors import InfeasibleError, SolverError
from optimiser.solve.certify import FEASIBILITY_TOLERANCE
from optimiser.solve.compiled import Compiled, Floats, build_compiled
from optimiser.solve.ranges import NAMES_SHOWN, refuse_bad_numbers

if TYPE_CHECKING:
    from optimiser.formulation.modelling import pyo


def compile_model(model: pyo.ConcreteModel) -> Compiled:
    """Compile the active part of a Pyomo model to arrays, in the model's own sense.

    Two-sided constraints stay one row. Fixed variables become constants. Variables used nowhere
    get no column. Without an objective the cost is zero.

    Raises InfeasibleError naming a constraint without variables that cannot hold, and SolverError
    for anything that is not linear, has several objectives, or holds numbers that HiGHS would
    drop or refuse in silence.
    """
    form = _write_standard_form(model)
    if len(form.objectives) > 1:
        names = ", ".join(objective.name for objective in form.objectives)
        raise SolverError(f"the model has several active objectives: {names}")
    matrix, lower, upper, constraints = _merge_sides(form)
    bounds, whole = _read_columns(form.columns)
    cost, offset, sense = _read_objective(form)
    arrays = build_compiled(matrix, lower, upper, *bounds, cost, whole, offset, sense)
    compiled = Compiled(
        **{**vars(arrays), "variables": tuple(form.columns), "constraints": constraints}
    )
    refuse_bad_numbers(compiled)
    _refuse_impossible_rows(compiled)
    return compiled


def _refuse_impossible_rows(compiled: Compiled) -> None:
    """Rows that kept no variable must hold as they are; Pyomo lets most of them through."""
    filled = np.bincount(compiled.index, minlength=compiled.num_row) > 0
    short = np.maximum(np.maximum(compiled.row_lower, -compiled.row_upper), 0.0)
    broken = np.flatnonzero(~filled & (short > FEASIBILITY_TOLERANCE))
    if broken.size:
        found = [f"{compiled.name_row(int(i))} (by {short[i]:.6g})" for i in broken]
        raise InfeasibleError(
            "no plan can exist: with what is fixed, these constraints cannot hold: "
            + ", ".join(found[:NAMES_SHOWN])
            + (f" and {len(found) - NAMES_SHOWN} more" if len(found) > NAMES_SHOWN else ""),
            findings=found,
        )


def _write_standard_form(model: pyo.ConcreteModel) -> Any:
    from pyomo.common.errors import InfeasibleConstraintException, PyomoException
    from pyomo.repn.plugins.standard_form import LinearStandardFormCompiler

    try:
        return LinearStandardFormCompiler().write(model, mixed_form=True, set_sense=None)
    except InfeasibleConstraintException as error:
        raise InfeasibleError(f"no plan can exist: {error}") from error
    except (PyomoException, ValueError, TypeError) as error:
        raise SolverError(f"the model cannot be compiled: {error}") from error


def _merge_sides(form: Any) -> tuple[Any, Floats, Floats, tuple[Any, ...]]:
    """Join the two rows that the compiler writes for ``lower <= body <= upper``."""
    side = np.array([row.bound_type for row in form.rows], dtype=np.int8)
    owners = [row.constraint for row in form.rows]
    rhs = np.asarray(form.rhs, dtype=np.float64).reshape(-1)
    lower = np.where(side <= 0, rhs, -np.inf)
    upper = np.where(side >= 0, rhs, np.inf)
    twin = np.zeros(side.size, dtype=bool)
    twin[1:] = [later is earlier for earlier, later in pairwise(owners)]
    if not twin.any():
        return form.A, lower, upper, tuple(owners)
    second = np.flatnonzero(twin)
    lower[second - 1] = lower[second]
    keep = np.flatnonzero(~twin)
    matrix = form.A.tocsr()[keep].tocsc()
    return matrix, lower[keep], upper[keep], tuple(owners[i] for i in keep)


def _read_columns(variables: list[Any]) -> tuple[tuple[Floats, Floats], NDArray[np.bool_]]:
    bounds = [variable.bounds for variable in variables]
    lower = np.array([-np.inf if low is None else low for low, _ in bounds], dtype=np.float64)
    upper = np.array([np.inf if high is None else high for _, high in bounds], dtype=np.float64)
    whole = np.array([variable.is_integer() for variable in variables], dtype=bool)
    for j in np.flatnonzero(~whole):
        if not variables[j].is_continuous():
            raise SolverError(
                f"variable {variables[j].name} has a domain that is neither a range of reals "
                "nor of integers",
                "use binaries for a choice between values",
            )
    return (lower, upper), whole


def _read_objective(form: Any) -> tuple[Floats, float, int]:
    if not form.objectives:
        return np.zeros(len(form.columns)), 0.0, 1
    cost = np.asarray(form.c.todense(), dtype=np.float64).reshape(-1)
    return cost, float(form.c_offset[0]), int(form.objectives[0].sense)
