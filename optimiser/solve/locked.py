"""Workloads that can never leave their rack or zone, because their group fills every one there is.

Three replicas that must be in different ones of three zones: whoever moves to another zone first
meets the replica that is there, so no order of moves lets any of them change zones, and a search
that knows this finds plans that can be reached.
"""

from __future__ import annotations

import numpy as np

from optimiser.distinct import distinct_rows
from optimiser.schema.policy import Availability, Preserve, WorkloadSelector
from optimiser.solve.problem import Problem
from optimiser.twin.rules import Rule

NAME = "no-free-domain"
MOST_DOMAINS = 4
"""Domains for each member of the largest group beyond which no group can fill them all."""


def locked_rule(problem: Problem) -> Rule | None:
    """Return a rule that keeps such workloads in their domains, ``None`` where all can move.

    Every plan that legal moves one after the other can reach keeps it.
    """
    domains = [_locked_domains(problem, index) for index in range(len(problem.counts.rules))]
    kept = [(index, found) for index, found in enumerate(domains) if (found >= 0).any()]
    if not kept:
        return None
    stays = np.column_stack([found for _, found in kept])
    first, allowed_class = distinct_rows(stays)
    rows = stays[first]
    allowed = np.ones((len(rows), problem.num_hosts), dtype=bool)
    for column, (index, _) in enumerate(kept):
        here = rows[:, column, None] == problem.counts.domain[index][None, :]
        allowed &= here | (rows[:, column, None] < 0)
    return Rule(
        name=NAME,
        kind="preserve",
        policy=Preserve(name=NAME, workloads=WorkloadSelector()),
        weight=None,
        not_worse=False,
        workloads=np.asarray((stays >= 0).any(axis=1)),
        hosts=np.ones(problem.num_hosts, dtype=bool),
        allowed=allowed,
        allowed_class=allowed_class.reshape(-1).astype(np.int32),
    )


def _locked_domains(problem: Problem, index: int) -> np.ndarray:
    """Return the domain that a workload cannot leave under one rule (workload,), −1 none."""
    table, today = problem.counts, problem.today
    group, domain = table.group[index], table.domain[index]
    nowhere = np.full(len(today), -1, dtype=np.int64)
    shape = int(table.num_groups[index]), int(table.num_domains[index])
    largest = int(table.size[index].max(initial=0))
    # limits of availability are narrower than what the target needs, so they prove nothing
    is_asked = not isinstance(table.rules[index].policy, Availability)
    if not is_asked or not shape[0] or shape[1] > MOST_DOMAINS * largest:
        return nowhere
    here = np.where((today >= 0) & (group >= 0), domain[np.maximum(today, 0)], -1)
    count = np.zeros(shape, dtype=np.int64)
    np.add.at(count, (group[here >= 0], here[here >= 0]), 1)
    limit = table.limit[table.offset[index] :][: shape[0] * shape[1]].reshape(shape)
    may, is_free = _reached_by(problem, index)
    room = np.where(may | (count > 0), limit - count, 0).sum(axis=1)
    is_optional = problem.frame.serving.is_optional
    loose = np.bincount(group[(group >= 0) & (is_optional | (here < 0))], minlength=shape[0])
    is_locked = (room == 0) & (loose == 0) & ~is_free
    return np.where((group >= 0) & is_locked[group], here, nowhere)


def _reached_by(problem: Problem, index: int) -> tuple[np.ndarray, np.ndarray]:
    """Return where members of a group may be (group, domain) bool, or outside all (group,)."""
    table, eligibility = problem.counts, problem.eligibility
    group, domain = table.group[index], table.domain[index]
    groups, domains = int(table.num_groups[index]), int(table.num_domains[index])
    allowed = np.asarray(eligibility.allowed)
    by_class = np.zeros((len(allowed), domains + 1), dtype=bool)
    for one in range(-1, domains):
        by_class[:, one] = allowed[:, domain == one].any(axis=1)
    found = np.zeros((groups, domains + 1), dtype=bool)
    member = np.flatnonzero(group >= 0)
    pairs = np.unique(np.column_stack([group[member], eligibility.of_workload[member]]), axis=0)
    np.logical_or.at(found, pairs[:, 0], by_class[pairs[:, 1]])
    return found[:, :-1], found[:, -1]
