"""Large neighbourhoods: take a few hosts, place all that runs on them anew and exactly, repeat."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from optimiser.solve.candidate import Candidate
from optimiser.solve.compiled import Compiled, Floats
from optimiser.solve.executor import Executor, InProcess
from optimiser.solve.here import solve_here
from optimiser.solve.neighbourhood import Neighbourhood, Surroundings
from optimiser.solve.objective import host_load
from optimiser.solve.problem import Problem
from optimiser.solve.search import Searcher
from optimiser.solve.settings import SolveResult, SolveSettings

SMALL, LARGE = 40, 900
"""Pairs of workload and host that a model has at first, and at most."""
MOST_HOSTS, IDLE_HOSTS = 24, 3
"""Hosts in use, and sleeping ones of each class, that a model holds at most."""
GROW, SHRINK = 1.3, 0.7
SOLVE_S = 2.0
FAILURES = 60
"""Models without a better plan, one after the other, after which there is no going on."""


SETTINGS = SolveSettings(time_limit_s=SOLVE_S, gap=1e-6)


class Surgeon:
    """Improves plans by exact models of a few hosts each; sizes follow how hard those are."""

    def __init__(self, problem: Problem, seed: int, executor: Executor | None = None) -> None:
        self.problem = problem
        self.executor = executor or InProcess()
        self.random = np.random.default_rng(seed)
        self.searcher = Searcher(problem)
        self.pairs = float(SMALL)
        self.failures = 0
        self._plan: Candidate | None = None
        self._around: Surroundings | None = None

    @property
    def is_spent(self) -> bool:
        """Whether it has failed for long."""
        return self.failures >= FAILURES

    def improve(self, plan: Candidate) -> Candidate | None:
        """Return a better plan from a round of neighbourhoods, ``None`` when none is better.

        As many as run side by side, which share no host, so that what each gains adds up.
        """
        if plan is not self._plan:
            self._plan, self._around = plan, Surroundings(self.problem, plan)
        areas, found = self._areas(plan), plan
        models = [(area.compiled, area.start) for area in areas]
        with self.executor.start(_solve, SETTINGS, models) as results:
            for area, result in zip(areas, results, strict=True):
                is_easy = result.seconds < SOLVE_S / 4
                self.pairs = min(max(self.pairs * (GROW if is_easy else SHRINK), SMALL), LARGE)
                if result.x is not None:
                    found = self._judge(found, *area.placement(found, result.x)) or found
        self.failures = 0 if found is not plan else self.failures + max(1, len(areas))
        return None if found is plan else found

    def _areas(self, plan: Candidate) -> list[Neighbourhood]:
        """Return neighbourhoods that share no host."""
        assert self._around is not None
        areas: list[Neighbourhood] = []
        taken = np.zeros(self.problem.num_hosts, dtype=bool)
        for _ in range(self.executor.width):
            hosts = self._hosts(plan, taken)
            area = self._around.around(hosts) if len(hosts) else None
            if area is not None:
                taken[hosts] = True
                areas.append(area)
        return areas

    def _judge(self, plan: Candidate, host: np.ndarray, on: np.ndarray) -> Candidate | None:
        """Return the plan of a placement if it is legal and better than another."""
        if (host == plan.host).all() and (on == plan.on).all():
            return None
        if len(self.searcher.load(host, on)):
            return None
        self.searcher.wake_reserves()
        if not self.searcher.keeps_rules:
            return None
        found = self.searcher.candidate()
        better = plan.objective - 1e-9 * max(1.0, abs(plan.objective))
        return replace(found) if found.objective < better else None

    def _hosts(self, plan: Candidate, taken: np.ndarray) -> np.ndarray:
        """Return hosts in use, chosen at random with one that is little used, and sleeping ones.

        None of those that are ``taken`` (host,) bool.
        """
        members = np.bincount(plan.host[plan.host >= 0], minlength=self.problem.num_hosts)
        used = np.flatnonzero((members > 0) & ~taken)
        order = self.random.permutation(used)
        if self.random.random() < 0.5:  # hosts that are nearly empty are worth most
            fill = (host_load(self.problem, plan.host)[used]
                    / np.maximum(self.problem.rated[used], 1)).max(axis=1)  # fmt: skip
            few = used[np.argsort(fill + 0.3 * self.random.random(len(used)))[:2]]
            order = np.concatenate([few, order[~np.isin(order, few)]])
        idle = self._idle(members, taken)
        chosen: list[int] = []
        count = 0
        for host in order[:MOST_HOSTS].tolist():
            count += int(members[host])
            if chosen and count * (len(chosen) + 1 + len(idle)) > self.pairs:
                break
            chosen.append(host)
        return np.sort(np.concatenate([np.array(chosen, dtype=np.int64), idle]))

    def _idle(self, members: np.ndarray, taken: np.ndarray) -> np.ndarray:
        """Return some hosts of each class that hold nothing, at random."""
        usable = self.problem.eligibility.allowed.any(axis=0)
        free = self.random.permutation(np.flatnonzero((members == 0) & usable & ~taken))
        kind = self.problem.host_class[free]
        order = np.argsort(kind, kind="stable")
        rank = np.arange(len(free)) - np.searchsorted(kind[order], kind[order])
        some = free[order][rank < IDLE_HOSTS]
        return self.random.permutation(some)[: MOST_HOSTS // 4].astype(np.int64)


def _solve(settings: SolveSettings, model: tuple[Compiled, Floats]) -> SolveResult:
    """Solve one neighbourhood, wherever this runs."""
    compiled, start = model
    return solve_here(compiled, settings, start)


def operate(
    surgeon: Surgeon,
    best: Callable[[], Candidate | None],
    offer: Callable[[Candidate], None],
    is_over: Callable[[], bool],
) -> None:
    """Improve the best plan at hand until it is over or nothing gets better."""
    own: Candidate | None = None
    while not is_over() and not surgeon.is_spent:
        held = best()
        if held is not None and (own is None or held.objective < own.objective - 1e-9):
            own = held
        if own is None:
            return
        found = surgeon.improve(own)
        if found is not None:
            own = found
            offer(found)
