"""The bridge gives true answers: brute force, duals, Pyomo's own evaluation."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyomo.environ as pyo
import pytest
from bridge_models import enumerate_best, make_knapsack, make_mixed

from optimiser.errors import SolverError
from optimiser.solve.certify import check_point, round_point, safe_dual_bound
from optimiser.solve.compile import compile_model
from optimiser.solve.compiled import Compiled, build_compiled, stack_rows
from optimiser.solve.here import solve_here
from optimiser.solve.ranges import report_ranges
from optimiser.solve.settings import SolveSettings, measure_gap
from optimiser.solve.status import SolveStatus, read_status


@pytest.mark.parametrize("block", range(4))
def test_small_models_agree_with_brute_force(block: int) -> None:
    """200 random models: same optimum as trying every point, same verdict on infeasible ones."""
    for seed in range(50 * block, 50 * block + 50):
        model = make_mixed(seed)
        truth, result = enumerate_best(model), solve_here(model, SolveSettings(gap=0.0))
        if truth is None:
            assert result.status is SolveStatus.INFEASIBLE, seed
            continue
        assert result.status is SolveStatus.OPTIMAL, seed
        assert result.objective == pytest.approx(truth, abs=1e-9), seed
        assert result.bound == pytest.approx(truth, abs=1e-6), seed


@pytest.mark.parametrize("seed", range(60))
def test_dual_bound_is_valid_for_any_duals_and_tight_for_optimal_ones(seed: int) -> None:
    """Random duals never pass the optimum; those of HiGHS reach it."""
    model = make_mixed(seed).as_relaxation()
    result = solve_here(model)
    if result.status is not SolveStatus.OPTIMAL:
        return
    assert result.bound_source == "duals"
    assert result.objective is not None and result.bound is not None
    assert result.bound == pytest.approx(result.objective, abs=1e-6)
    rng = np.random.default_rng(seed)
    for _ in range(20):
        bound = safe_dual_bound(model, 5 * rng.normal(size=model.num_row))
        assert model.sense * bound <= model.sense * result.objective + 1e-9


def test_dual_bound_of_an_lp_bounds_the_mip() -> None:
    """The relaxation's certified bound is not beaten by the best whole point."""
    model = make_knapsack(2)
    relaxed, whole = solve_here(model.as_relaxation()), solve_here(model, SolveSettings(gap=0.0))
    assert relaxed.bound is not None and whole.objective is not None
    assert relaxed.bound >= whole.objective


def _epigraph(seed: int) -> Compiled:
    """Least cost over unbounded columns above several cuts, as planning curves give."""
    rng = np.random.default_rng(seed)
    hosts, cuts = 8, 5
    slopes, bases = rng.random((hosts, cuts)) * 3, rng.random((hosts, cuts))
    rows = np.zeros((hosts * cuts + 2, 2 * hosts + 1))
    for cut in range(cuts):
        for host in range(hosts):
            row = cut * hosts + host
            rows[row, host], rows[row, hosts + host] = -slopes[host, cut], 1.0
    rows[-2, :hosts] = 1.0
    rows[-1, hosts : 2 * hosts], rows[-1, -1] = 1.0, -1.0
    lower = np.concatenate([bases.T.reshape(-1), [4.0, 0.0]])
    upper = np.concatenate([np.full(hosts * cuts, np.inf), [4.0, 0.0]])
    top = np.concatenate([np.ones(hosts), np.full(hosts + 1, np.inf)])
    bottom = np.concatenate([np.zeros(hosts), np.zeros(hosts), [-np.inf]])
    cost = np.zeros(2 * hosts + 1)
    cost[-1] = 0.1 + rng.random()
    return build_compiled(rows, lower, upper, bottom, top, cost, False)


@pytest.mark.parametrize("seed", range(25))
def test_rounding_errors_do_not_cost_the_bound_of_unbounded_columns(seed: int) -> None:
    """Columns without upper bounds, free totals and awkward numbers still give a tight bound."""
    model = _epigraph(seed)
    result = solve_here(model)
    assert result.bound_source == "duals"
    assert result.gap is not None and result.gap < 1e-9


def test_duals_are_the_price_of_a_row_in_either_sense() -> None:
    """The dual of a row is the change of the objective per unit of its limit."""
    for sense, cost in ((1, -1.0), (-1, 1.0)):
        model = build_compiled(np.array([[2.0]]), -np.inf, 6.0, 0, 10, [cost], False, sense=sense)
        result = solve_here(model)
        assert result.row_dual is not None
        assert result.row_dual[0] == pytest.approx(cost / 2)
        assert result.objective == pytest.approx(3 * cost)


def _sample_model() -> pyo.ConcreteModel:
    model = pyo.ConcreteModel()
    model.load_kw = pyo.Var([1, 2, 3], bounds=(0, 8))
    model.awake = pyo.Var(domain=pyo.Binary)
    model.spare = pyo.Var(bounds=(2, 5))
    model.fixed = pyo.Var(initialize=2.0)
    model.fixed.fix()
    model.band = pyo.Constraint(expr=(3, model.load_kw[1] + model.load_kw[2] + 1, 7))
    model.wake = pyo.Constraint(expr=model.load_kw[3] <= 8 * model.awake)
    model.need = pyo.Constraint(expr=sum(model.load_kw.values()) + model.fixed == 9)
    model.off = pyo.Constraint(expr=model.load_kw[1] <= 0.1)
    model.off.deactivate()
    model.total = pyo.Objective(
        expr=2 * model.load_kw[1] + model.load_kw[2] - model.awake + 10, sense=pyo.maximize
    )
    return model


def test_compiled_model_keeps_names_sense_constant_and_two_sided_rows() -> None:
    """Two-sided constraints stay one row; fixed and inactive parts vanish; maps find rows."""
    model = _sample_model()
    compiled = compile_model(model)
    assert (compiled.num_col, compiled.num_row, compiled.num_nz) == (4, 3, 7)
    assert (compiled.sense, compiled.offset) == (-1, 10.0)
    band = compiled.row_of[id(model.band)]
    assert (compiled.row_lower[band], compiled.row_upper[band]) == (2.0, 6.0)
    need = compiled.row_of[id(model.need)]
    assert compiled.row_lower[need] == compiled.row_upper[need] == 7.0
    assert compiled.name_column(compiled.column_of[id(model.load_kw[2])]) == "load_kw[2]"
    assert list(np.flatnonzero(compiled.integrality)) == [compiled.column_of[id(model.awake)]]


def test_solution_loads_back_into_pyomo() -> None:
    """Pyomo evaluates the loaded point to the same objective; unused variables get a value."""
    model = _sample_model()
    compiled = compile_model(model)
    result = solve_here(compiled)
    assert result.x is not None
    compiled.load_values(result.x)
    assert pyo.value(model.total) == pytest.approx(result.objective)
    assert pyo.value(model.spare) == 2.0
    assert pyo.value(model.need.body) == pytest.approx(9.0)


def test_model_without_objective_is_a_question_of_feasibility() -> None:
    """No objective means cost zero."""
    model = _sample_model()
    model.total.deactivate()
    assert solve_here(compile_model(model)).objective == 0.0


@pytest.mark.parametrize("kind", ["two objectives", "curve", "sets", "sos"])
def test_models_that_are_not_linear_are_refused(kind: str) -> None:
    """What the matrix cannot hold is refused in a sentence."""
    model = _sample_model()
    if kind == "two objectives":
        model.second = pyo.Objective(expr=model.awake)
    elif kind == "curve":
        model.second = pyo.Constraint(expr=model.load_kw[1] ** 2 <= 4)
    elif kind == "sets":
        model.step = pyo.Var(domain=pyo.Set(initialize=[1, 3, 7]))
        model.second = pyo.Constraint(expr=model.step + model.load_kw[1] <= 9)
    else:
        model.second = pyo.SOSConstraint(var=model.load_kw, sos=1)
    with pytest.raises(SolverError):
        compile_model(model)


def test_empty_models_have_answers() -> None:
    """No rows, and no columns at all, are solved, not errors; the constant is kept."""
    rowless = build_compiled(np.zeros((0, 2)), 0, 0, [1, 2], 5, [1.0, -1.0], False, offset=3.0)
    assert solve_here(rowless).objective == pytest.approx(1 - 5 + 3)
    nothing = build_compiled(np.zeros((0, 0)), 0, 0, 0, 0, 1.0, False, offset=3.0)
    result = solve_here(nothing)
    assert (result.status, result.objective, result.bound) == (SolveStatus.OPTIMAL, 3.0, 3.0)


def test_point_check_measures_rows_bounds_and_wholeness() -> None:
    """Each kind of violation is measured and placed."""
    model = build_compiled(np.array([[1.0, 1.0]]), 1, 3, 0, 2, [1.0, 1.0], [True, False])
    assert check_point(model, np.array([1.0, 1.5])).is_feasible
    assert check_point(model, np.array([2.0, 2.0])).where == "row 0"
    assert check_point(model, np.array([0.0, 2.5])).max_violation == pytest.approx(0.5)
    half = check_point(model, np.array([0.5, 1.0]))
    assert not half.is_feasible and half.where == "column 0"
    assert not check_point(model, np.array([np.nan, 1.0])).is_feasible


def test_rounding_moves_only_what_the_solver_left_loose() -> None:
    """Nearly whole becomes whole; half stays half, for the check to see."""
    model = build_compiled(np.eye(2), -9, 9, 0, 2, [1.0, 1.0], True)
    assert list(round_point(model, np.array([1 - 4e-6, 0.5]))) == [1.0, 0.5]


def test_ranges_name_the_extreme_coefficients() -> None:
    """The report says in which row and column the smallest and largest coefficients are."""
    model = _sample_model()
    model.odd = pyo.Constraint(expr=4e-5 * model.load_kw[1] + 3e6 * model.load_kw[2] <= 1)
    text = str(report_ranges(compile_model(model)))
    assert "4e-05 of load_kw[1] in odd" in text
    assert "go up to 3e+06" in text


def test_stacked_row_is_the_objective_row() -> None:
    """The extra row measures the cost of a point."""
    model = make_knapsack(1)
    taller = stack_rows(model, model.cost, -np.inf, 100.0)
    x = np.random.default_rng(0).random(12)
    assert taller.measure_rows(x)[-1] == pytest.approx(model.cost @ x)
    assert taller.measure_rows(x)[:-1] == pytest.approx(model.measure_rows(x))


def test_arrays_that_do_not_fit_are_refused() -> None:
    """Shapes are checked when a model is built."""
    with pytest.raises(SolverError, match="do not fit"):
        build_compiled(np.eye(2), 0, np.ones(3), 0, 1, 1.0, False)


def test_statuses_have_sentences_and_unknown_is_one() -> None:
    """Every status reads as a sentence; names of other versions become unknown."""
    assert all(status.sentence.endswith(".") for status in SolveStatus)
    assert read_status("kSomethingNew") is SolveStatus.UNKNOWN
    assert not SolveStatus.TIME_LIMIT.is_complete


def test_gap_is_relative_and_unknown_without_both_sides() -> None:
    """The gap needs an objective and a bound."""
    assert measure_gap(100.0, 98.0) == pytest.approx(0.02)
    assert measure_gap(None, 98.0) is None
    assert measure_gap(0.0, 0.0) == 0.0


def test_solver_log_is_written_and_an_unwritable_one_refused(tmp_path: Path) -> None:
    """A log goes where it was asked to; a path that cannot be written is an error."""
    solve_here(make_knapsack(1), SolveSettings(log_path=tmp_path / "solver.log"))
    assert "HiGHS" in (tmp_path / "solver.log").read_text(encoding="utf-8")
    with pytest.raises(SolverError, match="cannot be written"):
        solve_here(make_knapsack(1), SolveSettings(log_path=tmp_path / "none" / "solver.log"))
