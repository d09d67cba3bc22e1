"""Run HiGHS and read its unchecked answer, with a second look at claims it gets wrong."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from optimiser.solve.bridge import pass_to_highs, require_ok
from optimiser.solve.certify import check_point, proves_infeasible, round_point
from optimiser.solve.compiled import Compiled, Floats, soften_rows
from optimiser.solve.settings import Option
from optimiser.solve.status import SolveStatus, read_status

_OWN_FAULTS = frozenset({"kPresolveError", "kSolveError", "kPostsolveError"})
_REFUTED = "HiGHS called the model infeasible; without presolve it found a legal point."
_NOT_CONFIRMED = "A second run without presolve did not confirm that."


@dataclass(frozen=True, eq=False)
class RawAnswer:
    """What HiGHS says, unchecked. ``bound`` is its claim in the model's sense, None if none.

    is_proven_infeasible: our arithmetic agrees that the duals in hand leave no point.
    """

    status: SolveStatus
    x: Floats | None = None
    bound: float | None = None
    row_dual: Floats | None = None
    reduced_cost: Floats | None = None
    nodes: int = 0
    iterations: int = 0
    seconds: float = 0.0
    is_proven_infeasible: bool = False
    notes: tuple[str, ...] = ()


def run_highs(highs: Any, compiled: Compiled) -> RawAnswer:
    """Run a model passed by :func:`optimiser.solve.bridge.pass_to_highs`; the answer is unchecked.

    Three things that HiGHS 1.15 gets wrong are mended by a second run. Where it fails on its own
    presolve (it then holds a point that it knows to be illegal) the answer is that without
    presolve. "Unbounded or infeasible" is told apart. "Infeasible", which its presolve sometimes
    says of feasible models, is proven by duals or asked for again without presolve.
    """
    began = time.perf_counter()
    notes = _run_twice(highs)
    answer = _read_answer(highs, compiled)
    if answer.status is SolveStatus.INFEASIBLE_OR_UNBOUNDED:
        answer = _tell_apart(highs, compiled, answer)
    if answer.status is SolveStatus.INFEASIBLE:
        answer = _doubt_infeasible(highs, compiled, answer, time.perf_counter() - began)
    seconds = time.perf_counter() - began
    return replace(answer, seconds=seconds, notes=(*notes, *answer.notes))


def _run_twice(highs: Any) -> tuple[str, ...]:
    if not _has_failed(highs):
        return ()
    require_ok(highs.setOptionValue("presolve", "off"), "giving up presolve")
    require_ok(highs.clearSolver(), "forgetting a failed run")
    if not _has_failed(highs):
        return ("HiGHS failed in its presolve; the answer is that without presolve.",)
    return ("HiGHS failed with and without presolve.",)


def _has_failed(highs: Any) -> bool:
    """Run; true if HiGHS reports an error of its own, SolverError if it refused to run."""
    status = highs.run()
    failed = status.name == "kError" and highs.getModelStatus().name in _OWN_FAULTS
    if not failed:
        require_ok(status, "solving", warning_is_ok=True)
    return failed


def _read_answer(highs: Any, compiled: Compiled) -> RawAnswer:
    info, solution = highs.getInfo(), highs.getSolution()
    has_x = (solution.value_valid and info.primal_solution_status != 0) or not compiled.num_col
    has_duals = solution.dual_valid and not compiled.is_mip
    return RawAnswer(
        status=read_status(highs.getModelStatus().name),
        x=np.array(solution.col_value, dtype=np.float64) if has_x else None,
        bound=float(info.mip_dual_bound) if compiled.is_mip else None,
        row_dual=np.array(solution.row_dual, dtype=np.float64) if has_duals else None,
        reduced_cost=np.array(solution.col_dual, dtype=np.float64) if has_duals else None,
        nodes=max(0, int(info.mip_node_count)),
        iterations=_count_iterations(info),
    )


def _count_iterations(info: Any) -> int:
    counts = (
        info.simplex_iteration_count,
        info.ipm_iteration_count,
        info.crossover_iteration_count,
        info.pdlp_iteration_count,
    )
    return sum(max(0, int(count)) for count in counts)


def _tell_apart(highs: Any, compiled: Compiled, answer: RawAnswer) -> RawAnswer:
    """Separate infeasible from unbounded: without costs only infeasibility remains."""
    costless = compiled.with_cost(np.zeros(compiled.num_col))
    second = _ask_again(highs, costless, {})
    if second.status is SolveStatus.OPTIMAL:
        return replace(answer, status=SolveStatus.UNBOUNDED, x=None, bound=None)
    if second.status is SolveStatus.INFEASIBLE:
        return replace(answer, status=SolveStatus.INFEASIBLE, x=None, bound=None)
    return answer


def _ask_again(highs: Any, compiled: Compiled, options: dict[str, Option]) -> RawAnswer:
    """Solve in a new ``Highs``: in a used one the clock of an LP's time limit runs on."""
    seed = {"random_seed": highs.getOptionValue("random_seed")[1]}
    fresh = pass_to_highs(compiled, seed | options)
    _run_twice(fresh)
    return _read_answer(fresh, compiled)


def _doubt_infeasible(
    highs: Any, compiled: Compiled, answer: RawAnswer, seconds: float
) -> RawAnswer:
    """Prove an infeasible claim, or find the point that refutes it, in about the time it took."""
    limit = min(1.0 + 3.0 * seconds, highs.getOptionValue("time_limit")[1])
    options: dict[str, Option] = {"presolve": "off", "time_limit": limit}
    relaxed = compiled.as_relaxation()
    least = _ask_again(highs, soften_rows(relaxed), options)
    if least.row_dual is not None and proves_infeasible(relaxed, least.row_dual):
        return replace(answer, x=None, bound=None, is_proven_infeasible=True)
    second = _ask_again(highs, compiled, options)
    if second.x is not None and check_point(compiled, round_point(compiled, second.x)).is_feasible:
        return replace(second, notes=(*second.notes, _REFUTED))
    notes = () if second.status is SolveStatus.INFEASIBLE else (_NOT_CONFIRMED,)
    return replace(answer, x=None, bound=None, notes=notes)


Observer = Callable[[Any], None]


def observe(highs: Any, on_solution: Observer, on_tick: Observer) -> None:
    """Call back on each better MIP solution and often in between, with HiGHS's event."""
    highs.cbMipImprovingSolution += on_solution
    highs.cbMipInterrupt += on_tick
