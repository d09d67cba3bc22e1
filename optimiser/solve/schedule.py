"""In which order the search spends its rounds: two starts, then the better one, cooling down."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from optimiser.schema.study import SolverSettings
from optimiser.solve.arrays import Data, bundle
from optimiser.solve.guide import Guide
from optimiser.solve.problem import Problem
from optimiser.solve.progress import Clockwork
from optimiser.solve.search import Candidate, Searcher

if TYPE_CHECKING:
    from optimiser.solve.bound import Bounder

HOT, COLD = 0.04, 0.001  # thresholds of acceptance, in costs of a typical host
FIRST_ROUNDS = 20
EXCHANGE_EVERY = 10  # chunks
BEHIND = 0.002  # share of the objective by which a track is given up
WORK_ROUNDS = 100  # rounds of one unit of work
CHUNK_S = 0.5  # wall time between looks at the clock


@dataclass(frozen=True)
class Step:
    """What one chunk of rounds gave; ``candidate`` is ``None`` while nothing legal is at hand."""

    phase: str
    candidate: Candidate | None


class Track:
    """One line of search from one start, with its own seed."""

    def __init__(self, problem: Problem, data: Data, seed: int, from_today: bool) -> None:
        self.problem = problem
        self.searcher = Searcher(problem, data)
        self.seed = seed
        self.from_today = from_today
        self.count = 0
        self.best: Candidate | None = None

    def begin(self) -> None:
        """Build the start: today's placement mended, or everything placed anew."""
        today = self.problem.today
        host = today if self.from_today else np.full(len(today), -1, dtype=np.int32)
        left = self.searcher.load(host, self.problem.today_on)
        self.searcher.place(left, self.seed)
        self.searcher.wake_reserves()

    def advance(self, heat: float, rounds: int) -> None:
        """Run rounds at a temperature between ``HOT`` (1) and ``COLD`` (0)."""
        level = COLD * (HOT / COLD) ** heat
        self.count += 1
        self.searcher.run(rounds, level, max(COLD, level * 0.8), self.seed * 100_003 + self.count)
        if self.searcher.is_legal:
            found = self.searcher.candidate()
            if self.best is None or found.objective < self.best.objective:
                self.best = found

    def follow(self, guide: Guide) -> None:
        """Begin anew from a relaxation."""
        self.searcher.follow(guide, self.seed)
        if self.searcher.is_legal:
            found = self.searcher.candidate()
            if self.best is None or found.objective < self.best.objective:
                self.best = found

    def restart(self, candidate: Candidate) -> None:
        """Go on from another plan, with prices linearised around it."""
        self.searcher.load_candidate(candidate)


class Schedule:
    """Chunks of rounds on two tracks, side by side when there are two threads."""

    def __init__(
        self, problem: Problem, settings: SolverSettings, clock: Clockwork, bounder: Bounder
    ) -> None:
        self.problem, self.settings, self.clock = problem, settings, clock
        self.bounder = bounder
        self._followed: Guide | None = None
        self.rounds = 50
        data = bundle(problem)
        starts = [False, True] if (problem.today >= 0).any() else [False, False]
        self.tracks = [
            Track(problem, data, settings.seed + index, start) for index, start in enumerate(starts)
        ]

    def steps(self, best: Callable[[], Candidate | None]) -> Iterator[Step]:
        """Yield after every chunk until time or the work limit is used up."""
        for track in self.tracks:
            since = self.clock.seconds
            track.begin()
            track.advance(1.0, FIRST_ROUNDS)
            self.clock.charge("start", since)
            yield Step("start", track.best)
        while self._is_open():
            since = self.clock.seconds
            self._advance_all()
            self._follow_guide()
            self._exchange(best())
            self.clock.charge("improve", since)
            for track in self.tracks:
                yield Step("improve", track.best)

    def _is_open(self) -> bool:
        limit = self.settings.work_limit
        if limit is not None and self.tracks[0].count > limit:
            return False
        return self.clock.seconds_left > 0.0

    @property
    def _spent(self) -> float:
        """Share of the search that is over, 0 to 1."""
        limit = self.settings.work_limit
        if limit is not None:
            return min(1.0, self.tracks[0].count / limit)
        return 1.0 - self.clock.seconds_left / self.settings.time_limit_s

    def _advance_all(self) -> None:
        heat, since = 1.0 - self._spent, self.clock.seconds
        rounds = WORK_ROUNDS if self.settings.work_limit is not None else self.rounds
        if self.settings.threads < 2:
            for track in self.tracks:
                track.advance(heat, rounds)
        else:
            # compiled rounds release the interpreter, so threads use both cores
            threads = [
                threading.Thread(target=track.advance, args=(heat, rounds)) for track in self.tracks
            ]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
        took = max(1e-3, self.clock.seconds - since)
        self.rounds = int(np.clip(rounds * CHUNK_S / took, 5, 20_000))

    def _follow_guide(self) -> None:
        """Let the weaker track begin anew from a relaxation that has come in."""
        guide = self.bounder.guide
        if guide is None or guide is self._followed or self._spent > 0.8:
            return
        self._followed = guide
        worst = max(self.tracks, key=lambda t: np.inf if t.best is None else t.best.objective)
        worst.follow(guide)

    def _exchange(self, best: Candidate | None) -> None:
        """Every tenth chunk linearise prices anew; late in the search, go on from good plans.

        Early on a track keeps its own state, so that it can leave a valley; then it returns to its
        best plan, and at the end to the leader's when it has fallen behind.
        """
        if best is None or self.tracks[0].count % EXCHANGE_EVERY:
            return
        for track in self.tracks:
            own = best if track.best is None else track.best
            if self._spent > 0.8 and own.objective > best.objective * (1.0 + BEHIND):
                track.restart(best)
            elif self._spent > 0.6 or not track.searcher.is_legal:
                track.restart(own)
            else:
                track.restart(track.searcher.candidate())
