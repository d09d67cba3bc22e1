"""Budgets of hosts that are on and of moves, as tables for the kernels."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from optimiser.schema.policy import MaxHostsOn, MaxMoves, MaxMovesPerService, MinHostsOn, MoveBudget
from optimiser.twin.rules import PARTS, Rule

if TYPE_CHECKING:
    from optimiser.solve.problem import Problem


class OnBudgets(NamedTuple):
    """Hard rules about hosts that are on: the sum of weights of those keeps below a limit.

    ``weight`` (rule, host) int64, below zero where hosts must be on; ``limit`` (rule,) int64.
    """

    weight: np.ndarray
    limit: np.ndarray


class MoveBudgets(NamedTuple):
    """Hard rules about moves: what the moves of each group weigh keeps below a limit.

    ``group`` (rule, workload) int32, −1 not counted; ``weight`` (rule, workload) int64;
    ``limit`` (rule,) int64; ``num_groups`` (rule,).
    """

    group: np.ndarray
    weight: np.ndarray
    limit: np.ndarray
    num_groups: np.ndarray


def on_budgets(problem: Problem) -> OnBudgets:
    """Return the budgets of hosts that are on."""
    found = [b for r in problem.rules if r.is_hard for b in [_on_budget(problem, r)] if b]
    weight = np.array([w for w, _ in found], dtype=np.int64)
    limit = np.array([most for _, most in found], dtype=np.int64)
    return OnBudgets(weight.reshape(len(found), problem.num_hosts), limit)


def _on_budget(problem: Problem, rule: Rule) -> tuple[np.ndarray, int] | None:
    policy = rule.policy
    if isinstance(policy, MaxHostsOn):
        weight, limit = rule.hosts.astype(np.int64), policy.limit
    elif isinstance(policy, MinHostsOn):
        weight, limit = -rule.hosts.astype(np.int64), -policy.limit
    else:
        return None
    if rule.not_worse:
        limit = max(limit, int(weight[problem.today_on].sum()))
    return weight, limit


def move_budgets(problem: Problem) -> MoveBudgets:
    """Return the budgets of moves."""
    found = [b for r in problem.rules if r.is_hard for b in [_move_budget(r)] if b]
    shape = (len(found), problem.num_workloads)
    return MoveBudgets(
        group=np.array([g for g, _, _ in found], dtype=np.int32).reshape(shape),
        weight=np.array([w for _, w, _ in found], dtype=np.int64).reshape(shape),
        limit=np.array([most for _, _, most in found], dtype=np.int64),
        num_groups=np.array([max(1, int(g.max(initial=0)) + 1) for g, _, _ in found], np.int64),
    )


def _move_budget(rule: Rule) -> tuple[np.ndarray, np.ndarray, int] | None:
    policy, each = rule.policy, np.ones(len(rule.workloads), dtype=np.int64)
    together = np.where(rule.workloads, 0, -1)
    if isinstance(policy, MaxMoves):
        return together, each, policy.limit
    if isinstance(policy, MaxMovesPerService):
        return rule.group, each, policy.limit
    if isinstance(policy, MoveBudget):
        return together, rule.amount, int(np.floor(policy.limit * PARTS + 1e-6))
    return None
