"""Solve in this process: the fast path for LPs and for hundreds of small sub-models.

The time limit is only HiGHS's own here, which it may overrun; use
:func:`optimiser.solve.worker.solve_in_child` when a deadline must hold.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from optimiser.errors import SolverError
from optimiser.solve.bridge import pass_to_highs
from optimiser.solve.compiled import Compiled, Floats, stack_rows
from optimiser.solve.judge import admit_point, judge_answer
from optimiser.solve.run import run_highs
from optimiser.solve.settings import SolveResult, SolveSettings
from optimiser.solve.status import SolveStatus

TOLERANCES = ("primal_feasibility_tolerance", "mip_feasibility_tolerance")
TIGHT = 1e-9
"""Tolerance of the second run, which looks for anything a little better."""


def solve_here(
    compiled: Compiled, settings: SolveSettings | None = None, start: Floats | None = None
) -> SolveResult:
    """Solve a model in this process and check the answer.

    start: shape (columns,), NaN where unknown. A complete, legal start is never lost: the result
    is at least as good.
    """
    settings = settings or SolveSettings()
    highs = pass_to_highs(compiled, settings.to_options(), start)
    raw = run_highs(highs, compiled)
    return judge_answer(compiled, raw, admit_point(compiled, start), place_continuous)


def place_continuous(compiled: Compiled, x: Floats) -> Floats | None:
    """Fix the whole columns of ``x`` and solve for the others; None if that is impossible."""
    whole = compiled.integrality
    if whole.all() or (np.abs(x - np.rint(x))[whole] > 0).any():
        return None
    lower = np.where(whole, x, compiled.col_lower)
    upper = np.where(whole, x, compiled.col_upper)
    fixed = compiled.with_bounds(lower, upper).as_relaxation()
    try:
        raw = run_highs(pass_to_highs(fixed, {}, None), fixed)
    except SolverError:
        return None
    return raw.x if raw.status is SolveStatus.OPTIMAL else None


Ask = Callable[[Compiled, SolveSettings], tuple[SolveStatus, Floats | None]]
"""Solves a model and returns how that ended, and a point (columns,) if there is one."""


def ask_here(compiled: Compiled, settings: SolveSettings) -> tuple[SolveStatus, Floats | None]:
    """Solve in this process; the point is not checked."""
    answer = run_highs(pass_to_highs(compiled, settings.to_options(), None), compiled)
    return answer.status, answer.x


def look_for_better(
    compiled: Compiled,
    result: SolveResult,
    settings: SolveSettings | None = None,
    ask: Ask = ask_here,
) -> tuple[bool, Floats | None]:
    """Return whether nothing is better than ``result``, or something that may be (columns,).

    Adds the row "better than the result by more than the gap", unless the result is that nothing
    is feasible, and solves without presolve under another seed; only when that is infeasible there
    is nothing, so a wrong claim does not survive unless both runs err alike.
    """
    settings = settings or SolveSettings()
    harder = compiled
    if result.status is not SolveStatus.INFEASIBLE:
        if result.objective is None:
            return False, None
        margin = max(1e-6, settings.gap) * max(1.0, abs(result.objective))
        target = result.objective - compiled.offset - compiled.sense * margin
        lower, upper = (-np.inf, target) if compiled.sense == 1 else (target, np.inf)
        harder = stack_rows(compiled, compiled.cost, lower, upper)
    # tight, or whole columns that are not quite whole win
    options = {**settings.options, "presolve": "off", **dict.fromkeys(TOLERANCES, TIGHT)}
    status, x = ask(harder, replace(settings, seed=settings.seed + 1, options=options))
    return status is SolveStatus.INFEASIBLE, x
