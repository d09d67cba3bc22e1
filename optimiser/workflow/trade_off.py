"""Plans between the cheapest and the one with least of something: what giving in costs."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial

import numpy as np

from optimiser.errors import InfeasibleError, NoPlanError
from optimiser.schema.plan import TradeOffPoint
from optimiser.schema.study import Goal, TradeOff
from optimiser.solve.candidate import Candidate
from optimiser.solve.engine import solve_study
from optimiser.solve.executor import Executor
from optimiser.solve.progress import EngineResult, relative_gap
from optimiser.studies.frontier import num_moves
from optimiser.workflow.goals import Measured, keeping, measure
from optimiser.workflow.loading import Loaded
from optimiser.workflow.reachable import exact_check


@dataclass(frozen=True)
class _Found:
    """The best plan within a limit, and what no such plan goes below."""

    limit: float
    plan: Candidate
    bound: float | None
    was_interrupted: bool = False


def trade_off(
    loaded: Loaded, wanted: TradeOff, best: EngineResult, executor: Executor
) -> list[TradeOffPoint]:
    """Return the cheapest plan found for each of some limits on a measure, the tightest first.

    ``best`` is the cheapest plan of all, and the last point. The first has as little of the measure
    as was found. Each point is a search with a bound of its own, for its share of the study's time
    limit or for its whole work limit, where the executor runs it. Plans are legal; the order of
    their moves is not worked out.
    """
    goal = Goal(measure=wanted.measure, tolerance=0.0)
    share = loaded.study.solver.time_limit_s / wanted.points
    solver = loaded.study.solver.model_copy(update={"time_limit_s": share, "restarts": 1})
    study = loaded.study.model_copy(update={"solver": solver})
    measured = measure(replace(loaded, study=study), goal)
    least = _solved(measured.loaded, best.candidate)
    if least is None or least.status == "interrupted":
        return []
    amounts = [measured.of_plan(plan.host, plan.on) for plan in (least.candidate, best.candidate)]
    limits = _limits(measured, amounts[0], amounts[1], wanted.points)
    task, given = partial(_within, goal=goal, start=least.candidate), replace(loaded, study=study)
    with executor.start(task, given, limits[:-1]) as results:
        found = list(_until_interrupted(results))
    found.append(_Found(limits[-1], best.candidate, best.bound))
    return _points(measured, found)


def _limits(measured: Measured, least: float, most: float, count: int) -> list[float]:
    """Return limits from the least to that of the cheapest plan, each once."""
    spaced = np.linspace(min(least, most), most, count).tolist()
    return sorted({measured.limit(value) for value in spaced})


def _solved(loaded: Loaded, start: Candidate) -> EngineResult | None:
    try:
        return solve_study(
            loaded.twin, loaded.rules, loaded.study, None, exact_check(loaded), start
        )
    except (InfeasibleError, NoPlanError):
        return None


def _within(loaded: Loaded, limit: float, *, goal: Goal, start: Candidate) -> _Found | None:
    """Search for the cheapest plan within a limit, from the one with least."""
    result = _solved(keeping(loaded, goal, limit), start)
    if result is None:
        return None
    return _Found(limit, result.candidate, result.bound, result.status == "interrupted")


def _until_interrupted(results: Iterable[_Found | None]) -> Iterator[_Found]:
    for one in results:
        if one is not None:
            yield one
            if one.was_interrupted:
                return


def _points(measured: Measured, found: Sequence[_Found]) -> list[TradeOffPoint]:
    """Return the points; a plan of a tighter limit also answers a wider one, and bounds fall."""
    points: list[TradeOffPoint] = []
    held: Candidate | None = None
    proven = _falling([one.bound for one in found])
    for one, bound in zip(found, proven, strict=True):
        if held is None or one.plan.objective < held.objective:
            held = one.plan
        points.append(
            TradeOffPoint(
                measure=measured.goal.measure,
                unit=measured.unit,
                limit=one.limit,
                amount=measured.of_plan(held.host, held.on),
                objective=held.objective,
                bound=bound,
                gap=relative_gap(held.objective, bound),
                hosts_on=int(held.on.sum()),
                moves=num_moves(measured.problem, held.host),
            )
        )
    return points


def _falling(bounds: Sequence[float | None]) -> list[float | None]:
    """Return bounds, tightest limit first, each at least that of every wider limit."""
    best: float | None = None
    told: list[float | None] = []
    for bound in reversed(bounds):
        if bound is not None and (best is None or bound > best):
            best = bound
        told.append(best)
    return told[::-1]
