"""Several searches with seeds of their own, wherever they run, of which the best plan is taken."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from itertools import chain

from optimiser.errors import InfeasibleError, NoPlanError
from optimiser.schema.policy import MaxMoves
from optimiser.schema.study import Study
from optimiser.solve.candidate import Candidate
from optimiser.solve.engine import solve_study
from optimiser.solve.executor import Executor, is_wanted
from optimiser.solve.locked import locked_rule
from optimiser.solve.progress import CLOSED, EngineResult, Tick
from optimiser.studies.frontier import emptied_hosts
from optimiser.workflow.loading import Loaded
from optimiser.workflow.reachable import UNHURRIED_S, exact_check

SEED_STEP = 7_919  # searches use seeds next to their own too
LARGEST_SEED = 2**31
REACHED = "among plans that legal moves reach: some replicas cannot leave their rack or zone"
EMPTYING_SHARE = 0.1  # of the time limit for a first plan where moves are few


def solve_restarts(
    loaded: Loaded,
    executor: Executor,
    tick: Callable[[Tick], None],
    start: Candidate | None = None,
) -> EngineResult:
    """Search ``solver.restarts`` times; return the best plan with the best bound.

    The first search runs here and reports as it goes, the others where the executor runs them. The
    first one that comes within the gap ends it, and of equal plans the first is taken, so that
    under a work limit the plan does not depend on the executor. ``start`` is a plan to begin with.
    Ctrl-C keeps the best so far.

    Raises as :func:`optimiser.solve.engine.solve_study` does.
    """
    seeds = _seeds(loaded)
    start = start if start is not None else _within_budget(loaded)
    if len(seeds) == 1:
        return _solve(loaded, loaded.study, tick, start, executor)
    found: list[EngineResult] = []
    with executor.start(partial(_search, start=start), loaded, seeds[1:]) as others:
        first = _first(loaded, tick, start)
        try:
            for result in chain([first], others):
                if isinstance(result, EngineResult):
                    found.append(result)
                    tick(replace(result.history[-1], phase=f"search {len(found)}"))
                    if result.status == "interrupted" or _is_close(result, loaded):
                        break
        except KeyboardInterrupt:
            found = [replace(result, status="interrupted") for result in found]
    if not found:
        raise NoPlanError(str(first), "give more time with --time-limit")
    return _best(found)


def _within_budget(loaded: Loaded) -> Candidate | None:
    """Return a plan that empties hosts with as few moves as the study allows, if it limits them.

    A search that may move little seldom finds whole hosts to empty by itself.
    """
    limits = [
        rule.policy.limit
        for rule in loaded.rules
        if rule.is_hard and isinstance(rule.policy, MaxMoves) and rule.workloads.all()
    ]
    if not limits or not loaded.has_placement:
        return None
    solver = loaded.study.solver
    is_timed = solver.work_limit is None
    limit_s = EMPTYING_SHARE * solver.time_limit_s if is_timed else UNHURRIED_S
    return emptied_hosts(loaded.problem, limit_s, min(limits))


def _seeds(loaded: Loaded) -> list[int]:
    solver = loaded.study.solver
    return [(solver.seed + SEED_STEP * k) % LARGEST_SEED for k in range(solver.restarts)]


def _solve(
    loaded: Loaded,
    study: Study,
    tick: Callable[[Tick], None] | None,
    start: Candidate | None,
    executor: Executor | None = None,
) -> EngineResult:
    """Search; where moves come one after the other, among plans that they can reach."""
    rule = None if study.moves == "at_once" else locked_rule(loaded.problem)
    solve = partial(
        solve_study, loaded.twin, study=study, report=tick, check=exact_check(loaded), start=start,
        executor=executor,
    )  # fmt: skip
    if rule is not None:
        try:
            return _of_reached(solve(rules=[*loaded.rules, rule]))
        except InfeasibleError:  # the target may exist all the same, and tells more
            pass
    return solve(rules=loaded.rules, problem=loaded.problem)


def _of_reached(result: EngineResult) -> EngineResult:
    """Say of a bound that it counts plans that moves can reach; another target may cost less."""
    sentence = f"{result.bound_sentence}; {REACHED}" if result.bound_sentence else ""
    return replace(result, bound_sentence=sentence)


def _first(
    loaded: Loaded, tick: Callable[[Tick], None], start: Candidate | None
) -> EngineResult | str:
    try:
        return _solve(loaded, loaded.study, tick, start)
    except NoPlanError as error:
        return error.message


def _search(loaded: Loaded, seed: int, start: Candidate | None) -> EngineResult | str:
    """One search with another seed; what went wrong where it found no plan."""
    solver = loaded.study.solver.model_copy(update={"seed": seed})
    study = loaded.study.model_copy(update={"solver": solver})
    try:
        return _solve(loaded, study, _LeaveUnwanted(), start)
    except NoPlanError as error:
        return error.message


class _LeaveUnwanted:
    """Ends a search, once, when nobody waits for it any more: its worker has other work."""

    def __init__(self) -> None:
        self.has_left = False

    def __call__(self, tick: Tick) -> None:
        if not self.has_left and tick.phase != "done" and not is_wanted():
            self.has_left = True
            raise KeyboardInterrupt


def _is_close(result: EngineResult, loaded: Loaded) -> bool:
    return result.gap is not None and result.gap <= max(loaded.study.solver.gap, CLOSED)


def _best(found: Sequence[EngineResult]) -> EngineResult:
    """Return the best plan with the best bound: each bound holds for every plan of the study."""
    best = min(found, key=lambda result: result.candidate.objective)
    proven = [result for result in found if result.bound is not None]
    if not proven:
        return best
    strongest = max(proven, key=lambda result: result.bound or 0.0)
    return replace(
        best,
        bound=strongest.bound,
        bound_sentence=strongest.bound_sentence,
        duals=strongest.duals if strongest.duals is not None else best.duals,
        dropped=sum(result.dropped for result in found),
    )
