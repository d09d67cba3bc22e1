"""The best plan with at most k moves: most of the saving usually comes from a few moves.

Starts from today's placement and empties whole hosts, those first that save most per move. Larger
budgets go on from smaller ones, so that a larger budget is never worse.
"""

from __future__ import annotations

import heapq
import time
from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from optimiser.analysis.verdict import Placement
from optimiser.analysis.verify import verify
from optimiser.schema.plan import FrontierPoint
from optimiser.solve.arrays import State
from optimiser.solve.problem import Problem
from optimiser.solve.progress import CLOSED, relative_gap
from optimiser.solve.search import Candidate, Searcher
from optimiser.solve.search_kernel import force
from optimiser.studies.frontier_moves import evacuate, put_to_sleep

STALE = 0.95
"""Share of its former worth at which an evacuation is still taken at once."""
MOST_SWEEPS = 2
ANY_MOVES = 2**40


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
    way = _Climb(problem, time_limit_s)
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
    budget = problem.num_workloads if most_moves is None else most_moves
    found = _Climb(problem, time_limit_s).up_to(budget)
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


class _Climb:
    """A placement that starts as today's and gains evacuations as the budget grows."""

    def __init__(self, problem: Problem, time_limit_s: float) -> None:
        self.problem = problem
        self.searcher = Searcher(problem)
        left = self.searcher.load(problem.today, problem.today_on)
        self._wake_today()
        if len(left):
            self.searcher.place(left, 1)
        self.has_slept = False
        self.heap: list[tuple[float, int]] = []
        self._try(0, 0, keep=False)  # compiles the code on first use, before the clock starts
        self.deadline = time.monotonic() + time_limit_s

    def _wake_today(self) -> None:
        """Keep hosts on that are on today without work, as today's reserve may need them."""
        idle = np.flatnonzero(self.problem.today_on & (self._state.members == 0))
        force(self.searcher.data_ref, self.searcher.state_ref, idle, True)

    def up_to(self, budget: int) -> Candidate | None:
        """Spend what is left of a budget; ``None`` while the placement is not legal."""
        searcher = self.searcher
        if not self.has_slept:
            put_to_sleep(searcher.data_ref, searcher.state_ref)
            self.has_slept = True
        if not searcher.is_legal:
            return None
        for _ in range(MOST_SWEEPS):
            left = budget - num_moves(self.problem, self._state.host)
            if left <= 0:
                break
            if not self.heap:
                self._rank_hosts()
            if not self._spend(left):
                break
        return searcher.candidate()

    @property
    def _state(self) -> State:
        assert self.searcher.state is not None
        return self.searcher.state

    def _try(self, host: int, most_moves: int, keep: bool) -> tuple[float, int]:
        searcher = self.searcher
        saving, moves = evacuate(
            searcher.data_ref, searcher.state_ref, host, most_moves, searcher.weight, keep
        )
        return float(saving), int(moves)

    def _rank_hosts(self) -> None:
        """Try every host that holds something, and rank by saving per move."""
        for host in np.flatnonzero(self._state.members > 0).tolist():
            if time.monotonic() > self.deadline:
                break
            saving, moves = self._try(host, ANY_MOVES, keep=False)
            if saving > 0.0:
                self.heap.append((-saving / max(1, moves), host))
        heapq.heapify(self.heap)

    def _spend(self, left: int) -> bool:
        """Take evacuations, best first, until none fits; return whether any was taken.

        Worths go stale as hosts fill up, so each is looked at again when its turn comes. What does
        not fit the budget waits for a larger one.
        """
        taken, waiting = False, []
        while self.heap and left > 0 and time.monotonic() < self.deadline:
            worth, host = heapq.heappop(self.heap)
            saving, moves = self._try(host, ANY_MOVES, keep=False)
            now = saving / max(1, moves)
            if saving <= 0.0:
                continue
            if now < STALE * -worth and self.heap and now < -self.heap[0][0]:
                heapq.heappush(self.heap, (-now, host))
            elif moves > left:
                waiting.append((-now, host))
            else:
                self._try(host, left, keep=True)
                left -= moves
                taken = True
        self.heap += waiting
        heapq.heapify(self.heap)
        return taken
