"""The best plan with at most k moves: most of the saving usually comes from a few moves.

Starts from today's placement and empties whole hosts, those first that save most per move. Larger
budgets go on from smaller ones, so that a larger budget is never worse.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from optimiser.analysis.verdict import Placement
from optimiser.analysis.verify import verify
from optimiser.schema.plan import FrontierPoint
from optimiser.solve.candidate import Candidate
from optimiser.solve.problem import Problem
from optimiser.solve.progress import CLOSED, relative_gap


def frontier(
    problem: Problem,
    budgets: Sequence[int],
    *,
    best: Candidate | None = None,
    bound: float | None = None,
    time_limit_s: float = 10.0,
) -> list[FrontierPoint]:
    """Return the best plan found for each move budget, smallest budget first.

    ``best`` is a finished plan, which answers every budget that it fits; ``bound`` a proven limit
    of every plan. Each point has a limit of its own budget, where one was proven. Plans and limits
    may each take ``time_limit_s``. Each point is checked by
    the exact checker; today's placement answers every budget for which nothing better was found. A
    budget has no point when today breaks a rule and mending it takes more moves.
    """
    wanted = sorted(set(budgets))
    if best is not None and costs_moves_only(problem, best, bound):
        return points_of_the_plan(problem, wanted, best, bound)
    limits = limits_of_moves(problem, wanted, time_limit_s)
    climbed = climb(problem, wanted, time_limit_s)
    return join(problem, wanted, limits, climbed, best=best, bound=bound)


def points_of_the_plan(
    problem: Problem, budgets: Sequence[int], best: Candidate, bound: float | None
) -> list[FrontierPoint]:
    """Return the points of a plan than which nothing with fewer moves is better."""
    fewest = num_moves(problem, best.host)
    return [_point(problem, k, best, bound) for k in sorted(set(budgets)) if k >= fewest]


def climb(problem: Problem, budgets: Sequence[int], time_limit_s: float) -> list[Candidate | None]:
    """Return what evacuations reach with each budget, smallest first; ``None`` where illegal."""
    from optimiser.studies.climb import Climb  # loads the compiled search

    way = Climb(problem, time_limit_s)
    return [way.up_to(budget) for budget in budgets]


def join(
    problem: Problem,
    budgets: Sequence[int],
    limits: Sequence[float | None],
    climbed: Sequence[Candidate | None],
    *,
    best: Candidate | None = None,
    bound: float | None = None,
) -> list[FrontierPoint]:
    """Return the points of budgets, smallest first, from their plans and proven limits."""
    points: list[FrontierPoint] = []
    held: Candidate | None = None
    for budget, own, reached in zip(budgets, limits, climbed, strict=True):
        for offer in (held, reached, best):
            if offer is None or num_moves(problem, offer.host) > budget:
                continue
            priced = with_penalty(problem, offer)
            if priced is None:
                continue
            if held is None or priced.objective < held.objective - 1e-9:
                held = priced
        if held is not None:
            told = [limit for limit in (own, bound) if limit is not None]
            points.append(_point(problem, budget, held, max(told, default=None)))
    return points


def costs_moves_only(problem: Problem, best: Candidate, bound: float | None) -> bool:
    """Whether a plan is proven best, and its moves, of one price each, are all that it costs.

    Then no plan has fewer moves, and none with more is better.
    """
    gap, price = relative_gap(best.objective, bound), problem.move_cost
    is_even = len(price) > 0 and price[0] > 0 and bool((price == price[0]).all())
    rest = best.objective - best.terms["migration"]
    return is_even and gap is not None and gap <= CLOSED and rest == 0.0


def emptied_hosts(
    problem: Problem, time_limit_s: float, most_moves: int | None = None
) -> Candidate | None:
    """Return today's placement with host after host emptied while that pays; ``None`` if illegal.

    Each step is legal by itself, so the way there nearly always is, too. By default every workload
    may move.
    """
    from optimiser.studies.climb import Climb  # loads the compiled search

    budget = problem.num_workloads if most_moves is None else most_moves
    found = Climb(problem, time_limit_s).up_to(budget)
    return None if found is None else with_penalty(problem, found)


def limits_of_moves(
    problem: Problem, budgets: Sequence[int], time_limit_s: float
) -> list[float | None]:
    """Return the proven limit of each budget; more moves never cost more, so limits fall."""
    if time_limit_s <= 0.0:
        return [None] * len(budgets)
    from optimiser.solve.move_bound import bound_by_moves  # loads the modelling language

    return bound_by_moves(problem, budgets, time_limit_s)


def spaced_budgets(most: int) -> list[int]:
    """Return move budgets from 0 to ``most``: 0, 1, 2, 5, 10, 20, 50 and so on, then all."""
    steps = [step * 10**power for power in range(len(str(most))) for step in (1, 2, 5)]
    # one close to the end would only repeat it
    return [0, *(step for step in steps if step < 0.8 * most), *([most] if most else [])]


def num_moves(problem: Problem, host: np.ndarray) -> int:
    """Return how many workloads leave the host they run on today."""
    return int(((problem.today >= 0) & (host != problem.today)).sum())


def with_penalty(problem: Problem, found: Candidate) -> Candidate | None:
    """Return a plan with the price of the soft rules it breaks; ``None`` when it is not legal."""
    devices = None
    if problem.device_size:
        masks = found.devices.tolist()
        devices = [tuple(b for b in range(m.bit_length()) if m >> b & 1) for m in masks]
    verdict = verify(problem.twin, problem.rules, Placement(found.host, found.on, devices))
    return replace(found, penalty=verdict.penalty) if verdict.is_legal else None


def is_legal(problem: Problem, found: Candidate) -> bool:
    """Whether the exact checker accepts a plan."""
    return with_penalty(problem, found) is not None


def _point(problem: Problem, budget: int, found: Candidate, limit: float | None) -> FrontierPoint:
    return FrontierPoint(
        max_moves=budget,
        moves=num_moves(problem, found.host),
        objective=found.objective,
        hosts_on=int(found.on.sum()),
        bound=None if limit is None or not np.isfinite(limit) else min(limit, found.objective),
    )
