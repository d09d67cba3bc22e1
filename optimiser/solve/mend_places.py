"""Where the workloads that must leave go: a plan with the fewest moves, without compiled code.

Whatever must leave is put on the host that it fills best, one workload after the other, the largest
first. Only capacity, eligibility and counts are looked at; the checker judges the rest. Few rules
are broken in a site that runs, so this often gives a plan whose moves nobody can undercut, before
the search is even loaded.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from optimiser.solve.candidate import Candidate
from optimiser.solve.mend import Leaving
from optimiser.solve.objective import evaluate, host_load
from optimiser.solve.problem import Problem

MOST_MOVES = 5_000  # beyond, the compiled search is faster


def place_leaving(problem: Problem, leaving: Leaving) -> Candidate | None:
    """Return today's placement with what must leave put elsewhere; ``None`` where that fails."""
    moving = np.flatnonzero(leaving.chosen | (problem.today < 0))
    if len(moving) > MOST_MOVES or (problem.device_request > 0).any():
        return None
    room = _Room.of(problem, moving)
    for workload in moving[np.argsort(-room.size[moving], kind="stable")].tolist():
        target = room.best(workload)
        if target is None:
            return None
        room.put(workload, target)
    on = problem.today_on.copy()
    on[room.host] = True
    devices = np.zeros(len(room.host), dtype=np.uint64)
    return Candidate(room.host, on, devices, evaluate(problem, room.host, on))


@dataclass
class _Room:
    """What is free on each host, and who belongs to which group.

    ``host`` (workload,) int32; ``free`` (column, host); ``members`` per rule the workloads by
    group, with where each group begins; ``worth`` (column,) one over the mean capacity; ``size``
    (workload,) in those.
    """

    problem: Problem
    host: np.ndarray
    free: np.ndarray
    members: list[tuple[np.ndarray, np.ndarray]]
    worth: np.ndarray
    size: np.ndarray

    @classmethod
    def of(cls, problem: Problem, moving: np.ndarray) -> _Room:
        """Take the moving workloads out of today's placement."""
        host = problem.today.copy()
        host[moving] = -1
        free = np.ascontiguousarray((problem.capacity - host_load(problem, host)).T)
        worth = 1.0 / np.maximum(problem.capacity.mean(axis=0), 1.0)
        members = [_by_group(group) for group in problem.counts.group]
        size = (problem.use * worth).max(axis=1)[problem.flavour]
        return cls(problem, host, free, members, worth, size)

    def best(self, workload: int) -> int | None:
        """Return the host on which a workload leaves least free; ones that are on come first."""
        problem = self.problem
        use = problem.use[problem.flavour[workload]]
        allowed = problem.eligibility.allowed[problem.eligibility.of_workload[workload]]
        fits = allowed.copy()
        for free, needed in zip(self.free, use, strict=True):
            fits &= free >= needed
        for rule in range(len(self.members)):
            fits &= self._counts_hold(rule, workload)
        hosts = np.flatnonzero(fits)
        if not len(hosts):
            return None
        for price in (~problem.today_on, problem.host_on_cost):
            own = price[hosts]
            hosts = hosts[own == own.min()]
        left = (self.free[:, hosts] - use[:, None]) * self.worth[:, None]
        return int(hosts[left.max(axis=0).argmin()])

    def _counts_hold(self, rule: int, workload: int) -> np.ndarray:
        """Return the hosts (host,) bool whose domain may take one more of a workload's group."""
        table = self.problem.counts
        group, domain = int(table.group[rule, workload]), table.domain[rule]
        if group < 0:
            return np.ones(len(domain), dtype=bool)
        width = int(table.num_domains[rule])
        by_group, first = self.members[rule]
        where = self.host[by_group[first[group] : first[group + 1]]]
        at = domain[where[where >= 0]]
        count = np.bincount(at[at >= 0], minlength=width)
        limit = table.limit[int(table.offset[rule]) + group * width :][:width]
        open_ = count < limit
        used = count > 0
        if int(used.sum()) >= int(table.most[rule, group]):
            open_ = open_ & used
        if int(used.sum()) < int(table.least[rule, group]):
            open_ = open_ & ~used  # a new domain is what is missing
        return np.where(domain >= 0, open_[np.maximum(domain, 0)], True)

    def put(self, workload: int, host: int) -> None:
        """Place a workload."""
        self.host[workload] = host
        self.free[:, host] -= self.problem.use[self.problem.flavour[workload]]


def _by_group(group: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return workloads in the order of their groups, and where each group begins in it."""
    order = np.argsort(group, kind="stable")
    return order, np.searchsorted(group[order], np.arange(int(group.max(initial=-1)) + 2))
