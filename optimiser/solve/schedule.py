"""In which order the search spends its time: cycles on two tracks, each cooler than the last."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from optimiser.schema.study import SolverSettings
from optimiser.solve.arrays import bundle
from optimiser.solve.candidate import Candidate
from optimiser.solve.guide import Guide
from optimiser.solve.harden import hardened
from optimiser.solve.links import kept_links
from optimiser.solve.problem import Problem
from optimiser.solve.progress import Clockwork
from optimiser.solve.race import Cooling, Race
from optimiser.solve.search import shy_of_moves
from optimiser.solve.tracks import Cycle, Track

if TYPE_CHECKING:
    from optimiser.solve.bound import Bounder

# end (share of the search), heat of exploring, warmth of settling
CYCLES = ((0.3, 1.0, 0.05), (0.5, 0.3, 0.02), (0.75, 0.2, 0.01), (1.0, 0.2, 0.01))
MILD = 0.5  # first temperature of the second track's walk, relative to the first track's
GUIDED_WARMTH = 0.008
LARGEST_EXPLORED = 3_000_000_000
"""Pairs of workloads and hosts beyond which rounds that look at all hosts for each workload are too
dear: what runs today is settled instead of being placed anew."""
LATEST_GUIDE = 0.8  # share of the search after which a relaxation comes too late


@dataclass(frozen=True)
class Step:
    """What one chunk gave; ``candidate`` is ``None`` while nothing legal is at hand."""

    phase: str
    candidate: Candidate | None


class Schedule:
    """Chunks of work on two tracks, side by side when there are two threads.

    Each cycle but the first goes on from the best plan at hand. When a relaxation comes in, the
    weaker track begins anew from it and has a cycle of its own until the next one begins.

    Where rules have a price the second track keeps them all, or all as far as today does, until
    it turns out that it cannot. Where links or routes have limits it keeps senders and receivers in
    their domains of today, so that they carry and take what they do, or brings them together.

    ``stays`` (workload,) bool tells which workloads need not leave their host of today.
    """

    def __init__(
        self,
        problem: Problem,
        settings: SolverSettings,
        clock: Clockwork,
        bounder: Bounder,
        stays: np.ndarray | None = None,
    ) -> None:
        self.problem, self.settings, self.clock = problem, settings, clock
        self.bounder = bounder
        self._followed: Guide | None = None
        self._index = 0
        data = shy_of_moves(problem, bundle(problem))
        nowhere = np.full(len(problem.today), -1, dtype=np.int32)
        mended = problem.today if stays is None else np.where(stays, problem.today, nowhere)
        starts = [nowhere, mended]
        is_large = problem.num_hosts * problem.num_workloads > LARGEST_EXPLORED
        if (problem.place.is_active or is_large) and (problem.today >= 0).all():
            starts = [mended, mended]  # moves have prices beyond the workload's own, or are many
        gangs = bool((problem.frame.serving.gang >= 0).any())
        self.tracks = [
            Track(problem, data, settings.seed + index, start, gangs and index == 1)
            for index, start in enumerate(starts)
        ]
        self._milder = [self.tracks[1]]
        for like_today in (True, False):
            strict = hardened(problem, like_today)
            if strict is not None:
                data = shy_of_moves(strict, bundle(strict))
                track = Track(strict, data, settings.seed + 1, starts[1], gangs)
                track.is_strict = True
                self._milder.insert(0, track)
        linked = kept_links(problem)
        if linked is not None:
            track = Track(
                linked, shy_of_moves(linked, bundle(linked)), settings.seed + 1, mended, gangs
            )
            track.is_strict = True
            self._milder.insert(0, track)
        self.tracks[1] = self._milder.pop(0)
        starts_at = [0.0, *(end for end, _, _ in CYCLES)]
        self._plan = [
            Cycle(start, end, None if is_large else heat, warmth)
            for start, (end, heat, warmth) in zip(starts_at, CYCLES, strict=False)
        ]
        self._cycles = [self._plan[0] for _ in self.tracks]
        for track in (self.tracks[1], *self._milder):
            track.searcher.warmth = MILD
        for track in (*self.tracks, *self._milder):
            track.is_fixed_work = settings.work_limit is not None

    def steps(self, best: Callable[[], Candidate | None]) -> Iterator[Step]:
        """Yield after every chunk until time or the work limit is used up."""
        for track in self.tracks:
            since = self.clock.seconds
            track.begin()
            self.clock.charge("start", since)
            yield Step("start", track.best)
        while self._is_open():
            since = self.clock.seconds
            self._turn(best())
            self._follow_guide()
            self._advance_all()
            self.clock.charge("improve", since)
            for track in self.tracks:
                yield Step("improve", track.best)

    def _is_open(self) -> bool:
        limit = self.settings.work_limit
        if limit is not None and self.tracks[0].count >= limit:
            return False
        return self.clock.seconds_left > 0.0

    @property
    def _spent(self) -> float:
        """Share of the search that is over, 0 to 1."""
        limit = self.settings.work_limit
        if limit is not None:
            return min(1.0, self.tracks[0].count / limit)
        return 1.0 - self.clock.seconds_left / self.settings.time_limit_s

    def _turn(self, best: Candidate | None) -> None:
        """Begin the next cycle when its time has come, from the best plan at hand."""
        spent = self._spent
        if spent < self._plan[self._index].end or self._index + 1 == len(self._plan):
            return
        while self._index + 1 < len(self._plan) and spent >= self._plan[self._index].end:
            self._index += 1
        self._cycles = [self._plan[self._index] for _ in self.tracks]
        if self.tracks[1].is_strict and self.tracks[1].best is None:
            self.tracks[1] = self._milder.pop(0)  # not all soft rules can be kept
            self.tracks[1].begin()
        for track in self.tracks:
            chosen = track.best if track.is_strict else best or track.best
            if chosen is not None and not track.searcher.anneals:
                track.restart(chosen)

    def _follow_guide(self) -> None:
        """Let the weaker track begin anew from a relaxation that has come in."""
        guide, spent = self.bounder.guide, self._spent
        if guide is None or guide is self._followed or spent > LATEST_GUIDE:
            return
        if self.tracks[0].searcher.anneals:
            return  # what a relaxation keeps on says nothing where being on is free
        self._followed = guide
        for track in self.tracks:
            if track.forcing is not None:
                track.forcing.prefer(guide.target)
        follows = [t.forcing is None and not t.is_strict for t in self.tracks]
        values = [
            _value(track.best) if may else -np.inf
            for track, may in zip(self.tracks, follows, strict=True)
        ]
        worst = int(np.argmax(values))
        self.tracks[worst].follow(guide)
        self._cycles[worst] = Cycle(spent, self._next_end(spent), None, GUIDED_WARMTH)

    def _next_end(self, spent: float) -> float:
        """Return the end of the present cycle, or of the next when little of this one is left."""
        left = [cycle.end for cycle in self._plan if cycle.end > spent + 0.1]
        return left[0] if left else 1.0

    def _coolings(self, spent: float) -> list[Cooling | None]:
        """Return the cooling of each track, ``None`` where it does not only walk."""
        standing = {one: value for t in self.tracks for one, value in t.standing.items()}
        found: list[Cooling | None] = []
        for index, track in enumerate(self.tracks):
            walker = track.searcher.walker
            race = None if walker is None else Race(walker.styles, len(self.tracks))
            found.append(None if race is None else race.cooling(index, spent, standing))
        return found

    def _advance_all(self) -> None:
        spent = self._spent
        coolings = self._coolings(spent)
        jobs = list(zip(self.tracks, self._cycles, coolings, strict=True))
        if self.settings.threads < 2:
            for track, cycle, cooling in jobs:
                track.advance(cycle, spent, cooling)
            return
        # compiled code releases the interpreter, so threads use both cores
        threads = [threading.Thread(target=t.advance, args=(c, spent, w)) for t, c, w in jobs]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()


def _value(candidate: Candidate | None) -> float:
    return np.inf if candidate is None else candidate.objective
