"""Lines of search: each explores by ruin and recreate, then settles by shifts and swaps."""

from __future__ import annotations

import time
from dataclasses import dataclass

import numpy as np

from optimiser.solve.arrays import Data
from optimiser.solve.candidate import Candidate
from optimiser.solve.forcing import Forcing
from optimiser.solve.guide import Guide
from optimiser.solve.problem import Problem
from optimiser.solve.race import Cooling
from optimiser.solve.search import Searcher

HOT, COLD = 0.04, 0.001  # thresholds of exploring, in costs of a typical host
STILL = 0.002  # last temperature of settling, in costs of a typical workload
EXPLORE_SHARE = 0.35  # of a cycle
SQUEEZE_SHARE = 0.5  # of a cycle, after which what is still overloaded moves out
CHUNK_S = 0.4  # wall time between looks at the clock, at least
PER_JUDGING = 4.0  # of the time that judging a placement takes, which grows with the site
WORK_ROUNDS, WORK_PROPOSALS = 100, 100_000  # one unit of work of each kind
MOST_ROUNDS, MOST_PROPOSALS, MOST_TRIALS = 20_000, 50_000_000, 20_000_000
RELINEARISE_EVERY = 8  # chunks


@dataclass(frozen=True)
class Cycle:
    """Part of the search time, from ``start`` to ``end`` (shares).

    ``heat`` of its exploring, 0 (``COLD``) to 1 (``HOT``), or ``None`` when it settles at once;
    ``warmth`` is the temperature at which settling begins.
    """

    start: float
    end: float
    heat: float | None
    warmth: float

    def progress(self, spent: float) -> float:
        """Return how much of the cycle is over, 0 to 1."""
        return min(1.0, max(0.0, (spent - self.start) / (self.end - self.start)))


class Track:
    """One line of search from one start, with its own seed.

    ``start`` (workload,) is the host of each workload at first, −1 where it is placed anew. With
    ``forces`` it serves one gang after the other.
    """

    def __init__(
        self, problem: Problem, data: Data, seed: int, start: np.ndarray, forces: bool
    ) -> None:
        self.problem = problem
        self.forcing = Forcing(problem) if forces else None
        if self.forcing is not None:
            data = data._replace(wait_price=self.forcing.price)
        self.searcher = Searcher(problem, data)
        self.seed = seed
        self.start = start
        self.count = 0
        self.best: Candidate | None = None
        self.standing: dict[Cooling, float] = {}
        self._rounds, self._proposals, self._chunk_s = 20, 20_000, CHUNK_S
        self.is_fixed_work = False
        self.is_strict = False
        self._is_over_budget = False

    def begin(self) -> None:
        """Build the start: today's placement mended, or everything placed anew."""
        left = self.searcher.load(self.start, self.problem.today_on)
        self.searcher.place(left, self.seed)
        self.searcher.wake_reserves()
        self._keep()

    def advance(self, cycle: Cycle, spent: float, cooling: Cooling | None) -> None:
        """Run one chunk of the phase that a cycle is in, or of a cooling where that is all."""
        progress = cycle.progress(spent)
        self.count += 1
        if cooling is not None and self._is_legal:
            self._walk(cooling, spent)
            return
        if self.searcher.anneals and self._is_legal:
            self._explore(1.0 - spent)  # one long cooling, whatever the cycle
            self._keep()
            return
        explored = 0.0 if cycle.heat is None else EXPLORE_SHARE
        cooled = max(0.0, (progress - explored) / (1.0 - explored))
        if self.searcher.is_squeezed:
            self._settle(cycle.warmth, cooled)
            if progress > SQUEEZE_SHARE or self.searcher.overload == 0.0:
                self.searcher.release(self._next_seed)
        elif progress < explored or not self.searcher.is_legal:
            self._explore((cycle.heat or 0.0) * (1.0 - progress / EXPLORE_SHARE))
        else:
            self._settle(cycle.warmth, cooled)
        self._keep(goes_on=progress < explored)
        due = self._is_over_budget or self.count % RELINEARISE_EVERY == 0
        if due and self._is_legal:
            self.searcher.load_candidate(self.searcher.candidate())

    def _explore(self, heat: float) -> None:
        level = COLD * (HOT / COLD) ** max(0.0, heat)
        rounds = WORK_ROUNDS if self.is_fixed_work else self._rounds
        since = time.monotonic()
        self.searcher.run(rounds, level, max(COLD, level * 0.8), self._next_seed)
        self._rounds = self._resize(rounds, since, 5, MOST_ROUNDS)

    def _walk(self, cooling: Cooling, spent: float) -> None:
        if cooling not in self.standing and self.standing:
            self.begin()
        trials = WORK_PROPOSALS if self.is_fixed_work else self._proposals
        since = time.monotonic()
        self.searcher.walk(trials, cooling.left(spent), self._next_seed, cooling.style)
        self._proposals = self._resize(trials, since, 1000, MOST_TRIALS)
        self._keep()
        self.standing[cooling] = self.searcher.candidate().objective

    def _settle(self, warmth: float, cooled: float) -> None:
        level = STILL * (max(warmth, STILL) / STILL) ** (1.0 - cooled)
        proposals = WORK_PROPOSALS if self.is_fixed_work else self._proposals
        since = time.monotonic()
        self.searcher.settle(proposals, level, self._next_seed)
        self._proposals = self._resize(proposals, since, 1000, MOST_PROPOSALS)

    def _resize(self, amount: int, since: float, least: int, most: int) -> int:
        """Return how much to do in the next chunk so that it takes about as long as it should."""
        share = self._chunk_s / max(1e-4, time.monotonic() - since)
        return int(np.clip(amount * min(4.0, share), least, most))

    @property
    def _is_legal(self) -> bool:
        return not self.searcher.is_squeezed and self.searcher.is_legal

    @property
    def _next_seed(self) -> int:
        return self.seed * 100_003 + self.count

    def follow(self, guide: Guide) -> None:
        """Begin anew from a relaxation."""
        self.searcher.follow(guide, self.seed)

    def restart(self, candidate: Candidate) -> None:
        """Go on from another plan, with prices linearised around it."""
        self.searcher.load_candidate(candidate)

    def _keep(self, goes_on: bool = False) -> None:
        """Take the placement as a plan if it is legal once gangs are whole.

        Who explores goes on from gangs in part.
        """
        if self.searcher.is_squeezed:
            return
        since = time.monotonic()
        take_back = self.searcher.round_off(self._next_seed)
        if self.searcher.is_legal:
            found = self.searcher.candidate()
            is_better = self.best is None or found.objective < self.best.objective
            if is_better and self.searcher.keeps(found.host, found.on):
                self.best = found
            self._is_over_budget = self.searcher.purse.learn(found.host, found.on)
        self._chunk_s = max(CHUNK_S, PER_JUDGING * (time.monotonic() - since))
        if goes_on or self.forcing is not None:
            take_back()
        if self.forcing is not None:
            self.searcher.turn(self.forcing)
