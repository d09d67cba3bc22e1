"""A placement that gains moves as its budget grows: whole hosts emptied, the best first."""

from __future__ import annotations

import heapq
import time

import numpy as np

from optimiser.solve.arrays import State
from optimiser.solve.candidate import Candidate
from optimiser.solve.problem import Problem
from optimiser.solve.search import Searcher
from optimiser.solve.search_kernel import force
from optimiser.studies.frontier import num_moves
from optimiser.studies.frontier_moves import evacuate, put_to_sleep

STALE = 0.95
"""Share of its former worth at which an evacuation is still taken at once."""
MOST_SWEEPS = 2
ANY_MOVES = 2**40


class Climb:
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
        self.try_emptying(0, 0, keep=False)  # compiles on first use, before the clock starts
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

    def try_emptying(self, host: int, most_moves: int, keep: bool) -> tuple[float, int]:
        """Return what emptying a host saves and the moves it takes; do it if ``keep`` is set."""
        searcher = self.searcher
        saving, moves = evacuate(
            searcher.data_ref, searcher.state_ref, host, most_moves, searcher.weight, keep
        )
        return float(saving), int(moves)

    def most_worth(self) -> np.ndarray:
        """Return the most that emptying each host could save per move (host,), by arithmetic.

        A host saves at most what it costs less what its workloads cost where they run cheapest,
        and takes a move for each of them that runs there today; none is taken to go back home.
        """
        problem, state = self.problem, self._state
        placed = np.flatnonzero(state.host >= 0)
        host = state.host[placed]
        rest = state.running.min(axis=1)[problem.flavour[placed]]
        is_home = host == problem.today[placed]
        rest = rest + np.where(is_home, problem.move_cost[placed], 0.0)
        most = state.cost - np.bincount(host, weights=rest, minlength=problem.num_hosts)
        moves = np.bincount(host, weights=is_home, minlength=problem.num_hosts)
        return np.asarray(most / np.maximum(1.0, moves))

    def _rank_hosts(self) -> None:
        """Rank hosts that hold something by that; each is tried when its turn comes."""
        worth = self.most_worth()
        may_save = (worth > 0.0) | self.problem.place.is_by_load  # loads cost elsewhere, too
        chosen = np.flatnonzero((self._state.members > 0) & may_save)
        self.heap = list(zip((-worth[chosen]).tolist(), chosen.tolist(), strict=True))
        heapq.heapify(self.heap)

    def _spend(self, left: int) -> bool:
        """Take evacuations, best first, until none fits; return whether any was taken.

        Worths go stale as hosts fill up, so each is looked at again when its turn comes. What does
        not fit the budget waits for a larger one.
        """
        taken, waiting = False, []
        while self.heap and left > 0 and time.monotonic() < self.deadline:
            worth, host = heapq.heappop(self.heap)
            saving, moves = self.try_emptying(host, ANY_MOVES, keep=False)
            now = saving / max(1, moves)
            if saving <= 0.0:
                continue
            if now < STALE * -worth and self.heap and now < -self.heap[0][0]:
                heapq.heappush(self.heap, (-now, host))
            elif moves > left:
                waiting.append((-now, host))
            else:
                self.try_emptying(host, left, keep=True)
                left -= moves
                taken = True
        self.heap += waiting
        heapq.heapify(self.heap)
        return taken
