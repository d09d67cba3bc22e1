"""Large neighbourhoods: take a few hosts, place all that runs on them anew and exactly, repeat."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from optimiser.solve.here import solve_here
from optimiser.solve.neighbourhood import Surroundings
from optimiser.solve.objective import host_load
from optimiser.solve.problem import Problem
from optimiser.solve.search import Candidate, Searcher
from optimiser.solve.settings import SolveSettings

SMALL, LARGE = 40, 900
"""Pairs of workload and host that a model has at first, and at most."""
MOST_HOSTS, IDLE_HOSTS = 24, 3
"""Hosts in use, and sleeping ones of each class, that a model holds at most."""
GROW, SHRINK = 1.3, 0.7
SOLVE_S = 2.0
FAILURES = 60
"""Models without a better plan, one after the other, after which there is no going on."""


class Surgeon:
    """Improves plans by exact models of a few hosts each; sizes follow how hard those are."""

    def __init__(self, problem: Problem, seed: int) -> None:
        self.problem = problem
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
        """Return a better plan from one more neighbourhood, ``None`` when there is none in it."""
        if plan is not self._plan:
            self._plan, self._around = plan, Surroundings(self.problem, plan)
        assert self._around is not None
        area = self._around.around(self._hosts(plan))
        if area is None:
            self.failures += 1
            return None
        settings = SolveSettings(time_limit_s=SOLVE_S, gap=1e-6)
        result = solve_here(area.compiled, settings, area.start)
        is_easy = result.seconds < SOLVE_S / 4
        self.pairs = min(max(self.pairs * (GROW if is_easy else SHRINK), SMALL), LARGE)
        found = None if result.x is None else self._judge(plan, *area.placement(plan, result.x))
        self.failures = 0 if found is not None else self.failures + 1
        return found

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

    def _hosts(self, plan: Candidate) -> np.ndarray:
        """Return hosts in use, chosen at random with one that is little used, and sleeping ones."""
        members = np.bincount(plan.host[plan.host >= 0], minlength=self.problem.num_hosts)
        used = np.flatnonzero(members > 0)
        order = self.random.permutation(used)
        if self.random.random() < 0.5:  # hosts that are nearly empty are worth most
            fill = (host_load(self.problem, plan.host)[used]
                    / np.maximum(self.problem.rated[used], 1)).max(axis=1)  # fmt: skip
            few = used[np.argsort(fill + 0.3 * self.random.random(len(used)))[:2]]
            order = np.concatenate([few, order[~np.isin(order, few)]])
        idle = self._idle(plan, members)
        chosen: list[int] = []
        count = 0
        for host in order[:MOST_HOSTS].tolist():
            count += int(members[host])
            if chosen and count * (len(chosen) + 1 + len(idle)) > self.pairs:
                break
            chosen.append(host)
        return np.sort(np.concatenate([np.array(chosen, dtype=np.int64), idle]))

    def _idle(self, plan: Candidate, members: np.ndarray) -> np.ndarray:
        """Return some hosts of each class that hold nothing, at random."""
        usable = self.problem.eligibility.allowed.any(axis=0)
        free = self.random.permutation(np.flatnonzero((members == 0) & usable))
        kind = self.problem.host_class[free]
        order = np.argsort(kind, kind="stable")
        rank = np.arange(len(free)) - np.searchsorted(kind[order], kind[order])
        some = free[order][rank < IDLE_HOSTS]
        return self.random.permutation(some)[: MOST_HOSTS // 4].astype(np.int64)


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
