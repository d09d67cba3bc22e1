"""Branching on whole hosts: bounds proven leaf by leaf."""

from __future__ import annotations

import numpy as np
import pyomo.environ as pyo

from optimiser.solve.branch import branch_on_whole
from optimiser.solve.compile import compile_model
from optimiser.solve.compiled import Compiled
from optimiser.solve.here import solve_here
from optimiser.solve.settings import SolveSettings


def _two_kinds(need: float, most: int = 9) -> Compiled:
    """Cover ``need`` with hosts of size 3 at price 4 and of size 2 at price 3."""
    model = pyo.ConcreteModel()
    model.awake = pyo.Var([0, 1], domain=pyo.NonNegativeIntegers, bounds=(0, most))
    model.cover = pyo.Constraint(expr=3 * model.awake[0] + 2 * model.awake[1] >= need)
    model.total = pyo.Objective(expr=4 * model.awake[0] + 3 * model.awake[1])
    return compile_model(model)


def _branch(compiled: Compiled, calls: int = 100):
    relaxation = compiled.as_relaxation()
    bounds, left = [], iter(range(calls))
    found = branch_on_whole(
        relaxation,
        np.array([0, 1]),
        solve_here(relaxation, SolveSettings()),
        lambda leaf: solve_here(leaf, SolveSettings()),
        bounds.append,
        lambda: next(left, None) is None,
    )
    return found, bounds


def test_bound_is_the_optimum_with_whole_hosts():
    """7 units: one host of size 3 and two of size 2 cost 10; the linear relaxation says 9.33."""
    found, bounds = _branch(_two_kinds(7))
    assert found.bound is not None and abs(found.bound - 10.0) < 1e-6
    assert found.x is not None and np.allclose(found.x, [1, 2])
    assert bounds == sorted(bounds) and bounds[-1] == found.bound


def test_bound_holds_when_stopped_at_once():
    """Without time the bound of the root stands and no whole point is claimed."""
    found, _ = _branch(_two_kinds(7), calls=0)
    assert found.x is None and abs(found.bound - 28 / 3) < 1e-6


def test_no_leaf_left_is_infeasible():
    """Two hosts of each kind hold 10: 10.5 units fit fractional limits only."""
    model = pyo.ConcreteModel()
    model.awake = pyo.Var([0, 1], domain=pyo.NonNegativeIntegers, bounds=(0, 2))
    model.exact = pyo.Constraint(expr=2 * model.awake[0] + 2 * model.awake[1] == 3)
    model.total = pyo.Objective(expr=model.awake[0])
    found, _ = _branch(compile_model(model))
    assert found.is_infeasible
