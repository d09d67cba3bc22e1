"""From a solver's claim to a result: check the point, check the bound, refuse contradictions."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from optimiser.solve.certify import check_point, round_point, safe_dual_bound
from optimiser.solve.compiled import Compiled, Floats
from optimiser.solve.ranges import WRONG_BIG_M_RATIO, measure_big_m
from optimiser.solve.run import RawAnswer
from optimiser.solve.settings import Incumbent, SolveResult, measure_gap
from optimiser.solve.status import SolveStatus

CONTRADICTION = 1e-6
WEAK_LP_GAP = 1e-4

Polish = Callable[[Compiled, Floats], Floats | None]


def admit_point(
    compiled: Compiled, x: Floats | None, seconds: float = 0.0, polish: Polish | None = None
) -> Incumbent | None:
    """Return the point as a checked incumbent with whole integers, or None if it is not legal.

    A point that is legal only because a whole column is slightly off is rounded; when rounding
    breaks a row, ``polish`` may place the continuous columns anew.
    """
    if x is None or np.shape(x) != (compiled.num_col,) or not np.isfinite(x).all():
        return None
    tidy = round_point(compiled, x)
    found = check_point(compiled, tidy)
    if not found.is_feasible and polish and compiled.is_mip:
        again = polish(compiled, tidy)
        tidy = tidy if again is None else round_point(compiled, again)
        found = check_point(compiled, tidy)
    if not found.is_feasible:
        return None
    return Incumbent(tidy, compiled.measure_objective(tidy), found.max_violation, seconds)


def better_of(
    compiled: Compiled, first: Incumbent | None, second: Incumbent | None
) -> Incumbent | None:
    """Return the better of two incumbents; the first on a tie."""
    if first is None or second is None:
        return first or second
    return second if compiled.is_better(second.objective, first.objective) else first


@dataclass(frozen=True)
class _Verdict:
    status: SolveStatus
    bound: float | None
    source: str
    notes: tuple[str, ...]

    def distrust(self, why: str) -> _Verdict:
        """Return the verdict with its claim withdrawn and the reason noted."""
        return replace(
            self,
            status=SolveStatus.DISTRUSTED,
            bound=self.bound if self.source == "duals" else None,
            source=self.source if self.source == "duals" else "none",
            notes=(*self.notes, why),
        )


def judge_answer(
    compiled: Compiled,
    raw: RawAnswer,
    best: Incumbent | None = None,
    polish: Polish | None = None,
) -> SolveResult:
    """Return what may be believed of ``raw``, given the best checked point seen so far."""
    final = admit_point(compiled, raw.x, raw.seconds, polish)
    best = better_of(compiled, best, final)
    bound, source = _find_bound(compiled, raw)
    verdict = _Verdict(raw.status, bound, source, raw.notes)
    verdict = _check_claimed_point(compiled, raw, final, verdict)
    verdict = _check_claimed_bound(compiled, best, verdict)
    verdict = _check_infeasible(compiled, raw, best, verdict)
    verdict = _check_lp_gap(best, verdict)
    return _assemble(compiled, raw, best, verdict)


def _find_bound(compiled: Compiled, raw: RawAnswer) -> tuple[float | None, str]:
    if raw.status is SolveStatus.INFEASIBLE:
        return None, "duals" if raw.is_proven_infeasible else "solver"
    if raw.status is SolveStatus.UNBOUNDED:
        return None, "solver"
    if raw.row_dual is not None:
        bound = safe_dual_bound(compiled, raw.row_dual)
        if np.isfinite(bound):
            return bound, "duals"
        if raw.status is SolveStatus.OPTIMAL and raw.x is not None:
            return compiled.measure_objective(raw.x), "solver"
    if raw.bound is not None and np.isfinite(raw.bound) and abs(raw.bound) < 1e20:
        return raw.bound, "solver"
    if compiled.num_col == 0 and raw.status is SolveStatus.OPTIMAL:
        return compiled.offset, "duals"
    return None, "none"


def _check_claimed_point(
    compiled: Compiled, raw: RawAnswer, final: Incumbent | None, verdict: _Verdict
) -> _Verdict:
    """An optimal answer needs a point that is legal, and as good as it says."""
    if raw.status is not SolveStatus.OPTIMAL:
        return verdict
    if raw.x is None:
        return verdict.distrust("The solver claims an optimum and shows no point.")
    if final is None:
        found = check_point(compiled, round_point(compiled, raw.x))
        return verdict.distrust(
            f"Its point breaks {found.where} by {found.max_violation:.3g} once whole numbers are "
            "made whole."
        )
    claimed = compiled.measure_objective(raw.x)
    if compiled.sense * (final.objective - claimed) <= 1e-5 * max(1.0, abs(claimed)):
        return verdict
    return verdict.distrust(
        f"It claims {claimed:.9g}; with whole numbers made whole its point gives "
        f"{final.objective:.9g}."
    )


def _check_claimed_bound(compiled: Compiled, best: Incumbent | None, verdict: _Verdict) -> _Verdict:
    """No legal point may be better than the bound."""
    if best is None or verdict.bound is None:
        return verdict
    excess = compiled.sense * (verdict.bound - best.objective)
    if excess <= CONTRADICTION * max(1.0, abs(best.objective)):
        return verdict
    return replace(verdict, source="none").distrust(
        f"Its bound {verdict.bound:.9g} is beaten by a checked point of {best.objective:.9g}."
    )


def _check_infeasible(
    compiled: Compiled, raw: RawAnswer, best: Incumbent | None, verdict: _Verdict
) -> _Verdict:
    """A known point, or a big-M that turns feasible into infeasible, outweighs the claim."""
    if raw.status is not SolveStatus.INFEASIBLE or raw.is_proven_infeasible:
        return verdict
    if best is not None:
        return verdict.distrust("It claims infeasibility while a checked point is known.")
    ratio, row = measure_big_m(compiled)
    if ratio > WRONG_BIG_M_RATIO:
        return verdict.distrust(
            f"It claims infeasibility, but {compiled.name_row(row)} mixes coefficients "
            f"{ratio:.2g} apart on whole columns, where such claims are often wrong."
        )
    return verdict


def _check_lp_gap(best: Incumbent | None, verdict: _Verdict) -> _Verdict:
    """An optimal LP must be proven by its own duals."""
    if verdict.status is not SolveStatus.OPTIMAL or verdict.source != "duals" or best is None:
        return verdict
    assert verdict.bound is not None
    distance = abs(best.objective - verdict.bound)
    if distance <= WEAK_LP_GAP * max(1.0, abs(best.objective)):
        return verdict
    return verdict.distrust(
        f"Its duals prove only {verdict.bound:.9g}, not the claimed {best.objective:.9g}."
    )


def _assemble(
    compiled: Compiled, raw: RawAnswer, best: Incumbent | None, verdict: _Verdict
) -> SolveResult:
    keeps_duals = not compiled.is_mip
    objective = None if best is None else best.objective
    return SolveResult(
        status=verdict.status,
        objective=objective,
        bound=verdict.bound,
        bound_source=verdict.source,
        gap=measure_gap(objective, verdict.bound),
        x=None if best is None else best.x,
        max_violation=None if best is None else best.max_violation,
        row_dual=raw.row_dual if keeps_duals else None,
        reduced_cost=raw.reduced_cost if keeps_duals else None,
        nodes=raw.nodes,
        iterations=raw.iterations,
        seconds=raw.seconds,
        work=raw.iterations * compiled.num_nz / 1e6,
        notes=verdict.notes,
    )
