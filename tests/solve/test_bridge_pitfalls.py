"""Each way in which HiGHS and its interfaces are known to answer wrongly in silence."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pyomo.environ as pyo
import pytest
from bridge_models import make_hard, make_knapsack, make_mixed, make_wild

import optimiser
from optimiser.errors import InfeasibleError, SolverError, UsageError
from optimiser.solve import bridge
from optimiser.solve.bridge import SPARSIFY, pass_to_highs, set_options
from optimiser.solve.certify import check_point, proves_infeasible
from optimiser.solve.compile import compile_model
from optimiser.solve.compiled import Compiled, build_compiled
from optimiser.solve.here import look_for_better, solve_here
from optimiser.solve.judge import admit_point, judge_answer
from optimiser.solve.ranges import refuse_bad_numbers, report_ranges
from optimiser.solve.run import RawAnswer, run_highs
from optimiser.solve.settings import SolveSettings
from optimiser.solve.status import SolveStatus


def _pyomo_model() -> pyo.ConcreteModel:
    model = pyo.ConcreteModel()
    model.power = pyo.Var(["a", "b"], bounds=(0, 10))
    model.limit = pyo.Constraint(expr=model.power["a"] + model.power["b"] >= 4)
    model.total = pyo.Objective(expr=model.power["a"] + 2 * model.power["b"])
    return model


@pytest.mark.parametrize("coefficient", [1e15, -3e16, 1e-10, float("inf")])
def test_fatal_coefficient_is_refused_with_names(coefficient: float) -> None:
    """A coefficient that HiGHS refuses or drops is an error that names row and column."""
    model = _pyomo_model()
    model.rack = pyo.Constraint(expr=coefficient * model.power["a"] + model.power["b"] <= 9)
    with pytest.raises(SolverError, match=r"power\[a\] in rack|cannot be compiled"):
        compile_model(model)


@pytest.mark.parametrize("limit", [1e20, -2e21])
def test_fatal_right_hand_side_is_refused_with_names(limit: float) -> None:
    """A finite limit that HiGHS reads as infinite is an error that names the row."""
    model = _pyomo_model()
    model.rack = pyo.Constraint(expr=model.power["a"] - model.power["b"] <= limit)
    with pytest.raises(SolverError, match="limit of row rack"):
        compile_model(model)


def test_nan_cost_is_refused() -> None:
    """A cost that is not a number never reaches HiGHS, which would call it optimal."""
    model = _pyomo_model()
    model.total.deactivate()
    model.broken = pyo.Objective(expr=float("nan") * model.power["a"])
    with pytest.raises(SolverError, match=r"cost power\[a\]"):
        compile_model(model)


def test_nan_anywhere_in_arrays_is_refused() -> None:
    """Every array of a model built without Pyomo is looked at, too."""
    for name in ("value", "row_upper", "col_lower", "cost"):
        model = make_knapsack(0)
        array = np.array(getattr(model, name))
        array[0] = np.nan
        broken = type(model)(**{**vars(model), name: array})
        with pytest.raises(SolverError, match="refuses or drops"):
            pass_to_highs(broken)


def test_plain_highs_would_have_taken_a_wrong_model() -> None:
    """The trap is real: HiGHS holds fewer rows or refuses, and only its status tells."""
    highspy = bridge.load_highspy()
    highs = highspy.Highs()
    highs.silent()
    model = make_knapsack(0)
    huge = type(model)(**{**vars(model), "value": model.value * 1e15})
    assert bridge.pass_arrays(highs, huge).name == "kError"


def test_unknown_option_is_refused_with_a_hint() -> None:
    """A misspelt option is an error with the near name, not ignored."""
    with pytest.raises(SolverError, match="did you mean 'mip_rel_gap'"):
        pass_to_highs(make_knapsack(0), {"mip_rel_gab": 0.1})


@pytest.mark.parametrize(("name", "value"), [("time_limit", -1.0), ("mip_rel_gap", "much")])
def test_refused_option_value_is_an_error(name: str, value: object) -> None:
    """A value that HiGHS refuses is an error that names the option."""
    with pytest.raises(SolverError, match=name):
        pass_to_highs(make_knapsack(0), {name: value})  # type: ignore[dict-item]


def test_counts_are_read_back(monkeypatch: pytest.MonkeyPatch) -> None:
    """A model that arrives without its rows is noticed before it is solved."""
    highs = bridge.load_highspy().Highs()
    monkeypatch.setattr(type(highs), "getNumRow", lambda self: 0)
    with pytest.raises(SolverError, match=r"where \(12, 3"):
        pass_to_highs(make_knapsack(0))


def test_lost_integrality_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    """A MIP that arrives as an LP is noticed before it is solved."""
    honest = bridge.pass_arrays
    monkeypatch.setattr(bridge, "pass_arrays", lambda h, m: honest(h, m.as_relaxation()))
    with pytest.raises(SolverError, match="is whole"):
        pass_to_highs(make_knapsack(0))


def test_settings_out_of_range_are_all_told() -> None:
    """Settings name every value that is out of range at once."""
    with pytest.raises(UsageError, match=r"time_limit_s.*gap.*threads"):
        SolveSettings(time_limit_s=0, gap=1.5, threads=0)


def test_wrong_optimum_beaten_by_a_known_point_is_distrusted() -> None:
    """An "optimal" worse than a point in hand loses its status and its bound."""
    model = make_knapsack(3)
    best = solve_here(model, SolveSettings(gap=0.0))
    assert best.x is not None and best.objective is not None
    worse = RawAnswer(SolveStatus.OPTIMAL, x=np.zeros(12), bound=best.objective / 2)
    judged = judge_answer(model, worse, admit_point(model, best.x))
    assert judged.status is SolveStatus.DISTRUSTED
    assert (judged.bound, judged.objective) == (None, best.objective)


def test_wrong_optimum_is_not_confirmed() -> None:
    """The second run finds that something better exists; the true optimum it confirms."""
    model = make_knapsack(4)
    true = solve_here(model, SolveSettings(gap=0.0))
    assert true.x is not None
    dropped = np.array(true.x)
    dropped[np.argmax(dropped)] = 0.0
    wrong = judge_answer(model, RawAnswer(SolveStatus.OPTIMAL, x=dropped))
    assert look_for_better(model, true) == (True, None)
    is_best, better = look_for_better(model, wrong)
    assert not is_best and better is not None
    found = admit_point(model, better)
    assert found is not None and model.is_better(found.objective, wrong.objective)


def test_whole_numbers_are_presolved_without_sparsifying() -> None:
    """That rule of the presolve cuts optima off; linear programs have duals to prove theirs."""
    mixed, linear = make_knapsack(3), make_knapsack(3).as_relaxation()
    rules = [pass_to_highs(m).getOptionValue("presolve_rule_off")[1] for m in (mixed, linear)]
    assert rules == [SPARSIFY, 0]


def test_illegal_optimum_is_distrusted() -> None:
    """An "optimal" point that breaks a row is dropped and the row is named."""
    judged = judge_answer(
        make_knapsack(5), RawAnswer(SolveStatus.OPTIMAL, x=np.ones(12), bound=999.0)
    )
    assert judged.status is SolveStatus.DISTRUSTED
    assert judged.x is None and judged.bound is None
    assert "row " in judged.sentence


def _big_m(constant: float) -> tuple[Compiled, float]:
    """Opening y costs 100 and allows x; 5 of x are needed at 1 each: the truth is 105."""
    matrix = np.array([[1.0, -constant], [1.0, 0.0]])
    lower, upper = np.array([-np.inf, 5.0]), np.array([0.0, np.inf])
    whole = np.array([False, True])
    top = np.array([np.inf, 1.0])
    return build_compiled(matrix, lower, upper, 0, top, [1.0, 100.0], whole), 105.0


@pytest.mark.parametrize("constant", [1e2, 1e4, 1e5, 5e6, 1e8, 1e10])
def test_big_m_never_gives_a_wrong_optimum(constant: float) -> None:
    """Whatever the constant, "optimal" is only said of the true value, "infeasible" never."""
    model, truth = _big_m(constant)
    result = solve_here(model)
    assert result.status is not SolveStatus.INFEASIBLE
    if result.status is SolveStatus.OPTIMAL:
        assert result.objective == pytest.approx(truth)


def test_big_m_is_reported_with_its_row() -> None:
    """The range report warns from a ratio of 1e5 and says in which row."""
    risky, fine = report_ranges(_big_m(5e6)[0]), report_ranges(_big_m(1e4)[0])
    assert fine.is_safe
    assert "row 0" in str(risky) and "big-M" in str(risky)


def test_infeasible_claim_on_a_big_m_model_is_distrusted() -> None:
    """With constants that are known to turn feasible into infeasible, the claim is not repeated."""
    model, _ = _big_m(1e8)
    judged = judge_answer(model, RawAnswer(SolveStatus.INFEASIBLE))
    assert judged.status is SolveStatus.DISTRUSTED


def test_infeasible_claim_beside_a_known_point_is_distrusted() -> None:
    """A checked start outweighs a claim that nothing is feasible."""
    model = make_knapsack(6)
    known = admit_point(model, np.zeros(12))
    judged = judge_answer(model, RawAnswer(SolveStatus.INFEASIBLE), known)
    assert judged.status is SolveStatus.DISTRUSTED
    assert judged.objective == 0.0


def test_infeasible_lp_point_is_never_called_feasible() -> None:
    """An infeasible LP gives no point, though HiGHS holds one."""
    model = build_compiled(np.ones((1, 3)), 7.0, np.inf, 0, 2, [1.0, 1.0, 1.0], False)
    result = solve_here(model, SolveSettings(options={"presolve": "off"}))
    assert result.status is SolveStatus.INFEASIBLE
    assert result.x is None and result.objective is None
    assert check_point(model, np.full(3, 2.0)).max_violation == pytest.approx(1.0)


@pytest.mark.parametrize("seed", [144, 3140])
def test_wrong_infeasible_of_the_presolve_is_refuted(seed: int) -> None:
    """HiGHS 1.15.1 calls these feasible models infeasible; a second run finds the point.

    HiGHS 1.16.0 finds that the second one is without limit, which answers it too.
    """
    model = make_wild(seed)
    result = solve_here(model)
    if result.status is not SolveStatus.UNBOUNDED:
        assert result.status is not SolveStatus.INFEASIBLE
        assert result.x is not None and check_point(model, result.x).is_feasible


def test_failure_inside_the_presolve_is_survived() -> None:
    """HiGHS 1.15.1 ends this one with an error of its own; without presolve it is answered."""
    assert solve_here(make_wild(210)).status is SolveStatus.UNBOUNDED


@pytest.mark.parametrize("block", range(3))
def test_infeasible_is_proven_by_our_own_arithmetic(block: int) -> None:
    """Every infeasible relaxation of 120 random models gets a checked certificate."""
    models = [make_mixed(seed).as_relaxation() for seed in range(40 * block, 40 * block + 40)]
    ends = [result for model in models if (result := solve_here(model)).x is None]
    assert ends
    assert {result.bound_source for result in ends} == {"duals"}
    assert {result.status for result in ends} == {SolveStatus.INFEASIBLE}


def test_no_certificate_exists_for_feasible_models() -> None:
    """Random rays never prove a feasible model infeasible."""
    rng = np.random.default_rng(0)
    for seed in range(40):
        model = make_knapsack(seed)
        assert not any(proves_infeasible(model, rng.normal(size=3)) for _ in range(20))


def test_time_limit_of_an_lp_does_not_add_up_over_solves() -> None:
    """HiGHS counts an LP's limit from the first run of the object; each solve here starts at 0."""
    model = make_hard().as_relaxation()
    settings = SolveSettings(time_limit_s=0.1)
    assert all(solve_here(model, settings).status is SolveStatus.OPTIMAL for _ in range(30))


def test_infeasible_and_unbounded_are_told_apart() -> None:
    """HiGHS answers "unbounded or infeasible" for both; we do not."""
    rows = np.array([[1.0, -1.0]])
    free = build_compiled(rows, -5, 5, 0, np.inf, [-1.0, -1.0], True)
    shut = build_compiled(2 * rows, 1, 1, 0, np.inf, [-1.0, -1.0], True)
    assert solve_here(free).status is SolveStatus.UNBOUNDED
    assert solve_here(free.as_relaxation()).status is SolveStatus.UNBOUNDED
    assert solve_here(shut, SolveSettings(node_limit=50)).status is not SolveStatus.UNBOUNDED


def test_start_is_honoured_and_never_lost() -> None:
    """With one node allowed, a good start is at least matched; HiGHS gets it first."""
    model = make_hard(columns=60, rows=20)
    good = solve_here(model, SolveSettings(node_limit=1)).x
    assert good is not None
    highs = pass_to_highs(model, {"mip_max_nodes": 1, "mip_heuristic_effort": 0.0}, good)
    seen: list[float] = []
    highs.cbMipImprovingSolution += lambda event: seen.append(
        event.data_out.objective_function_value
    )
    run_highs(highs, model)
    assert seen[0] == pytest.approx(model.measure_objective(good))
    result = solve_here(model, SolveSettings(node_limit=1, seed=7), good)
    assert result.objective is not None
    assert result.objective >= model.measure_objective(good)


def test_partial_start_is_accepted() -> None:
    """Unknown entries of a start are NaN; HiGHS completes them."""
    model = make_knapsack(8)
    start = np.full(12, np.nan)
    start[:3] = 0.0
    result = solve_here(model, None, start)
    assert result.status is SolveStatus.OPTIMAL


def test_start_of_wrong_shape_is_refused() -> None:
    """A start for another model is an error, not a crash."""
    with pytest.raises(SolverError, match="shape"):
        solve_here(make_knapsack(8), None, np.zeros(5))


def test_impossible_constraint_is_named_without_an_iis() -> None:
    """A constraint that no variable can mend is named when compiling."""
    model = _pyomo_model()
    model.power["a"].fix(3)
    model.rack = pyo.Constraint(expr=2 * model.power["a"] <= 5)
    with pytest.raises(InfeasibleError, match="rack"):
        compile_model(model)


def test_no_code_of_ours_asks_for_an_iis() -> None:
    """Explanations come from named slacks, not from the solver's IIS."""
    assert not [path for path in _sources() if "getIis" in path.read_text(encoding="utf-8")]


def test_second_thread_count_is_refused() -> None:
    """A thread count that HiGHS would fail on in silence is an error of ours."""
    solve_here(make_knapsack(9))
    with pytest.raises(SolverError, match="threads"):
        set_options(pass_to_highs(make_knapsack(9)), {"threads": 2})


def test_work_limited_runs_repeat_exactly() -> None:
    """The same seed and node limit give the same point, bound and effort."""
    model, settings = make_hard(columns=60, rows=20), SolveSettings(node_limit=2, seed=5)
    runs = [solve_here(model, settings) for _ in range(2)]
    assert runs[0].status is SolveStatus.WORK_LIMIT
    assert runs[0].x is not None and runs[1].x is not None
    assert (runs[0].x == runs[1].x).all()
    assert (runs[0].bound, runs[0].work) == (runs[1].bound, runs[1].work)


def _sources() -> list[Path]:
    return sorted(Path(optimiser.__file__).parent.rglob("*.py"))


def test_ortools_is_never_imported_by_us() -> None:
    """The package imports one solver only."""
    imports = ("import ortools", "from ortools")
    texts = [path.read_text(encoding="utf-8") for path in _sources()]
    assert not any(line.strip().startswith(imports) for text in texts for line in text.split("\n"))


def _run_python(code: str) -> subprocess.CompletedProcess[str]:
    home = Path(optimiser.__file__).parents[1]
    command = [sys.executable, "-c", code]
    return subprocess.run(command, capture_output=True, text=True, cwd=home, check=False)


def test_highs_is_refused_beside_ortools() -> None:
    """Where OR-Tools is loaded, HiGHS is not: a sentence instead of a crash."""
    code = (
        "import sys, types; sys.modules['ortools.sat'] = types.ModuleType('ortools.sat')\n"
        "from optimiser.solve.bridge import load_highspy\n"
        "load_highspy()"
    )
    done = _run_python(code)
    assert done.returncode != 0
    assert "cannot share" in done.stderr


@pytest.mark.parametrize("where", ["row_lower", "row_upper", "col_lower", "col_upper"])
@pytest.mark.parametrize("number", [np.nan, 1e20, -1e20, 1e300])
def test_one_bad_limit_among_good_and_infinite_ones_is_found(where: str, number: float) -> None:
    """Whatever the neighbours are: finite, or without a limit on the side where that is good."""
    model = make_knapsack(6)
    endless = -np.inf if where.endswith("lower") else np.inf
    for others in (getattr(model, where), np.full(getattr(model, where).size, endless)):
        good = replace(model, **{where: others})
        refuse_bad_numbers(good)
        bad = np.array(others)
        bad[1] = number
        with pytest.raises(SolverError, match=r"limit of row row 1|bound column 1"):
            refuse_bad_numbers(replace(model, **{where: bad}))


def test_a_sum_that_overflows_is_not_legal() -> None:
    """Finite numbers whose row sum is infinite or not a number break the row."""
    model = build_compiled(np.array([[1e14, -1e14]]), -np.inf, 5.0, -np.inf, np.inf, 1.0, False)
    assert not check_point(model, np.array([1e300, 1e300])).is_feasible


@pytest.mark.parametrize("number", [np.nan, np.inf, -np.inf, 1e15, -1e15, 1e-10, -1e-10])
@pytest.mark.parametrize("sign", [1.0, -1.0])
def test_one_bad_coefficient_among_good_ones_is_found(number: float, sign: float) -> None:
    """Whatever the signs of the others are; and a bad cost is found the same way."""
    model = make_knapsack(6)
    value = sign * np.abs(model.value)
    refuse_bad_numbers(replace(model, value=value))
    value[3] = number
    with pytest.raises(SolverError, match="coefficient"):
        refuse_bad_numbers(replace(model, value=value))
    if abs(number) < 1:  # a small cost is a cost
        return
    cost = np.array(model.cost)
    cost[2] = number
    with pytest.raises(SolverError, match="cost"):
        refuse_bad_numbers(replace(model, cost=cost))
