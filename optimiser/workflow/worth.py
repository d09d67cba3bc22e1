"""What limits and rules cost and what few moves reach: parts that do not wait for one another.

Where workers are at hand, the plans with few moves and their limits are begun there before the
prices are, and each rule's solve is dealt out. The answers do not depend on where they are found.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from optimiser.errors import DcoptError
from optimiser.schema.plan import Binding, FrontierPoint, RulePrice
from optimiser.solve.candidate import Candidate
from optimiser.solve.executor import Executor
from optimiser.solve.progress import EngineResult
from optimiser.studies.frontier import (
    climb,
    costs_moves_only,
    join,
    limits_of_moves,
    num_moves,
    points_of_the_plan,
    spaced_budgets,
)
from optimiser.workflow.loading import Loaded
from optimiser.workflow.phases import Phases

PRICES_S = 20.0
"""Time for the prices of limits, where the bound left none [s]."""
FRONTIER_S = 10.0
"""Time for the plans with few moves, and as much for their proven limits [s]."""
RULES_S = 12.0
"""Time for what each rule costs [s]."""
UNHURRIED_S = 600.0
"""The same where work is limited instead of time, so that the plan comes out the same again [s]."""

Points = Callable[[], list[FrontierPoint]]
Duals = dict[tuple[str, ...], float]


@dataclass(frozen=True)
class Worth:
    """What stands in the way of a better plan, what rules cost, and the best plans of few moves."""

    binding: list[Binding]
    rule_prices: list[RulePrice]
    frontier: list[FrontierPoint]


def measure_worth(
    loaded: Loaded, result: EngineResult, executor: Executor, phases: Phases
) -> Worth:
    """Return what limits and rules cost a year, and the best plans with few moves.

    No plan with few moves where nothing is known to run today; after an interrupt, which must end
    soon, only limits. Nothing has a price where only moving costs, and only once.
    """
    with _few_moves(loaded, result, executor) as points:
        with phases.phase("prices"):
            binding, rule_prices = _prices(loaded, result, executor)
        with phases.phase("few moves"):
            return Worth(binding, rule_prices, points())


def _prices(
    loaded: Loaded, result: EngineResult, executor: Executor
) -> tuple[list[Binding], list[RulePrice]]:
    problem, best = loaded.problem, result.candidate
    if costs_moves_only(problem, best, result.bound):
        return [], []
    from optimiser.solve.prices import binding_prices  # loads the modelling language

    lacking = [None] if result.duals is None else []
    with executor.sweep(_solve_duals, loaded, lacking, PRICES_S) as solved:
        rules = [] if result.status == "interrupted" else _rule_prices(loaded, executor)
        duals = result.duals if result.duals is not None else next(solved)
    return binding_prices(problem, best, duals or {}), rules


def _rule_prices(loaded: Loaded, executor: Executor) -> list[RulePrice]:
    from optimiser.solve.rule_prices import rule_prices  # loads the modelling language

    return rule_prices(loaded.problem, _limit_s(loaded, RULES_S), executor)


def _limit_s(loaded: Loaded, most_s: float) -> float:
    solver = loaded.study.solver
    return UNHURRIED_S if solver.work_limit is not None else min(most_s, solver.time_limit_s)


@contextmanager
def _few_moves(loaded: Loaded, result: EngineResult, executor: Executor) -> Iterator[Points]:
    """Begin with the plans of few moves; give what waits for them."""
    if not loaded.has_placement or result.status == "interrupted":
        yield list
        return
    problem, best, bound = loaded.problem, result.candidate, result.bound
    budgets = loaded.study.frontier
    if budgets is None:
        budgets = spaced_budgets(num_moves(problem, best.host))
    wanted = sorted(set(budgets))
    if costs_moves_only(problem, best, bound):
        yield lambda: points_of_the_plan(problem, wanted, best, bound)
        return
    limit_s = _limit_s(loaded, FRONTIER_S)
    with (
        executor.sweep(_limits, loaded, [wanted], limit_s) as limits,
        executor.sweep(_climb, loaded, [wanted], limit_s) as climbed,
    ):
        yield lambda: _joined(loaded, result, wanted, next(limits), next(climbed))


def _joined(
    loaded: Loaded,
    result: EngineResult,
    budgets: Sequence[int],
    limits: list[float | None] | None,
    climbed: list[Candidate | None] | None,
) -> list[FrontierPoint]:
    nothing = [None] * len(budgets)
    best, bound = result.candidate, result.bound
    return join(
        loaded.problem, budgets, limits or nothing, climbed or nothing, best=best, bound=bound
    )


def _limits(loaded: Loaded, budgets: Sequence[int], time_limit_s: float) -> list[float | None]:
    return limits_of_moves(loaded.problem, budgets, time_limit_s)


def _climb(loaded: Loaded, budgets: Sequence[int], time_limit_s: float) -> list[Candidate | None]:
    return climb(loaded.problem, budgets, time_limit_s)


def _solve_duals(loaded: Loaded, _: None, time_limit_s: float) -> Duals:
    from optimiser.solve.prices import solve_duals  # loads the modelling language

    try:
        return solve_duals(loaded.problem, time_limit_s)
    except DcoptError:  # a plan without prices is still a plan
        return {}
