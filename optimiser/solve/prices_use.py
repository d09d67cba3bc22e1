"""Which limits a plan has used up, so that a price of one more unit means something."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np

from optimiser.schema.policy import (
    DomainCapacity,
    Headroom,
    MaxHostsOn,
    MaxMoves,
    MaxMovesPerService,
    MinHostsOn,
    MoveBudget,
)
from optimiser.solve.candidate import Candidate
from optimiser.solve.objective import planning_rack_power_w
from optimiser.solve.problem import Problem
from optimiser.solve.spending import spending_of, spent
from optimiser.twin.rules import PARTS, Rule

if TYPE_CHECKING:
    from optimiser.solve.prices import Limit

FULL = 0.98
"""Share of a sum or a host from which it counts as used up."""
NEAR_K = 0.2
"""Distance from a temperature limit that counts as reached [K]."""


def is_used_up(problem: Problem, candidate: Candidate) -> Callable[[Limit], bool]:
    """Return a test of limits: whether the plan leaves less room than one more step would need."""
    plan = _Plan(problem, candidate)
    tests: dict[str, Callable[[Limit], bool]] = {
        "capacity": plan.has_full_host,
        "headroom": plan.has_no_spare_host,
        "max_moves": lambda limit: plan.moves_left(limit) <= 0,
        "max_hosts_on": lambda limit: plan.hosts_left(limit) <= 0,
        "min_hosts_on": lambda limit: plan.hosts_left(limit) <= 0,
        "max_moves_per_service": lambda limit: plan.moves_left(limit) <= 0,
        "move_budget": plan.is_budget_used,
        "budget": plan.is_spent,
    }
    for name in ("spread_max_per_domain", "anti_affinity", "spread_max_skew", "affinity",
                 "spread_min_domains"):  # fmt: skip
        tests[name] = plan.is_group_at_limit
    return lambda limit: tests.get(limit.constraint, plan.is_sum_at_limit)(limit)


class _Plan:
    """What a plan uses, measured once."""

    def __init__(self, problem: Problem, candidate: Candidate) -> None:
        self.problem, self.host = problem, candidate.host
        self.on = candidate.on
        self.load = np.zeros_like(problem.capacity)
        placed = self.host >= 0
        np.add.at(self.load, self.host[placed], problem.use[problem.flavour[placed]])
        rack_w = planning_rack_power_w(problem, self.host, self.on)
        self.row_left = problem.rows.room - problem.rows.coefficient @ rack_w
        self.rules = {rule.name: rule for rule in problem.rules}

    def is_sum_at_limit(self, limit: Limit) -> bool:
        """Whether a row over rack power, or a sum of a resource, is nearly at its limit."""
        rule = self.rules[limit.rule]
        policy = rule.policy
        if isinstance(policy, DomainCapacity) and policy.resource != "power":
            return self._is_resource_full(rule, policy, limit)
        start = 0
        for block in self.problem.rows.blocks:
            count = len(block.names)
            if block.rule.name == limit.rule:
                left = self.row_left[start : start + count].min(axis=1)
                size = np.abs(block.limit).min(axis=1)
                near = left <= (NEAR_K if block.unit != "W" else (1.0 - FULL) * size)
                chosen = [name == limit.where for name in block.names]
                # a sum over merged racks has a name of its own and binds where one of them does
                return bool(near[chosen].any() if any(chosen) else near.any())
            start += count
        return False

    def _is_resource_full(self, rule: Rule, policy: DomainCapacity, limit: Limit) -> bool:
        twin, hosts = self.problem.twin, self._domain_hosts(rule, limit)
        if policy.resource == "space":
            height = twin["kind_rack_units"].values[twin["host_kind"].values]
            used = float(height[hosts & self.on].sum())
            most = policy.limit
            if most is None:
                racks = np.unique(twin["host_rack"].values[hosts])
                most = float(twin["rack_units"].values[racks].sum())
            return used >= FULL * most * policy.limit_fraction
        column = self._columns(policy.resource)
        amount = float(self.load[hosts][:, column].sum(axis=0).max())
        most = policy.limit
        if most is None:
            most = float(self.problem.capacity[hosts][:, column[0]].sum())
        return amount >= FULL * most * policy.limit_fraction

    def _columns(self, resource: str) -> np.ndarray:
        names = self.problem.twin["resource"].values.astype(str).tolist()
        return np.flatnonzero(self.problem.column_resource == names.index(resource))

    def _domain_hosts(self, rule: Rule, limit: Limit) -> np.ndarray:
        """Return the hosts (H,) bool of a domain; all of the rule's where domains are merged."""
        name = limit.where.split(" ", 1)[-1]
        if name not in rule.domain_names:
            return rule.hosts
        return rule.hosts & (rule.domain == rule.domain_names.index(name))

    def has_full_host(self, limit: Limit) -> bool:
        """Whether some host of the kind is full of the resource at some time."""
        twin, column = self.problem.twin, self._columns(limit.rule)
        kind = twin["kind"].values.astype(str)[twin["host_kind"].values]
        hosts = self.on & (kind == limit.where.removeprefix("a host of kind "))
        share = self.load[hosts][:, column] / np.maximum(self.problem.capacity[hosts][:, column], 1)
        return bool(share.max(initial=0.0) >= FULL)

    def has_no_spare_host(self, limit: Limit) -> bool:
        """Whether no host could sleep without breaking the reserve."""
        rule = self.rules[limit.rule]
        policy = rule.policy
        assert isinstance(policy, Headroom)
        hosts, column = self._domain_hosts(rule, limit), self._columns(policy.resource)
        on = hosts & self.on
        if not on.any():
            return False
        capacity = self.problem.capacity[:, column[0]]
        used = float(self.load[hosts][:, column].sum(axis=0).max())
        spare = float(capacity[on].sum()) * (1.0 - policy.fraction) - policy.amount - used
        return spare < float(capacity[on].max()) * (1.0 - policy.fraction)

    def moves_left(self, limit: Limit) -> int:
        """Return how many more moves the rule allows."""
        rule, today = self.rules[limit.rule], self.problem.today
        moved = (today >= 0) & (self.host != today) & rule.workloads
        if isinstance(rule.policy, MaxMovesPerService):
            moved &= rule.group == rule.group_names.index(limit.where)
        assert isinstance(rule.policy, MaxMoves | MaxMovesPerService)
        return rule.policy.limit - int(moved.sum())

    def is_budget_used(self, limit: Limit) -> bool:
        """Whether the rest of a budget is too small for any workload that has not moved."""
        rule, today = self.rules[limit.rule], self.problem.today
        moved = (today >= 0) & (self.host != today)
        assert isinstance(rule.policy, MoveBudget)
        left = rule.policy.limit * PARTS - int(rule.amount[moved].sum())
        still = rule.amount[(today >= 0) & ~moved & (rule.amount > 0)]
        return bool(len(still) and left < still.min())

    def is_spent(self, limit: Limit) -> bool:
        """Whether what the site draws, emits, uses or pays for is nearly as much as it may be."""
        budgets = spending_of(self.problem)
        hard = [rule.name for rule in self.problem.rules if rule.kind == "budget" and rule.is_hard]
        if limit.rule not in hard:
            return True  # a soft rule binds wherever it has a price
        index = hard.index(limit.rule)
        amount = spent(self.problem, budgets, self.host, self.on)[index]
        return bool((amount >= FULL * budgets.limit[index]).any())

    def hosts_left(self, limit: Limit) -> int:
        """Return how many more hosts the rule lets be on, or fewer than it asks for."""
        rule = self.rules[limit.rule]
        assert isinstance(rule.policy, MaxHostsOn | MinHostsOn)
        left = rule.policy.limit - int((self.on & rule.hosts).sum())
        return left if isinstance(rule.policy, MaxHostsOn) else -left

    def is_group_at_limit(self, limit: Limit) -> bool:
        """Whether a group is as crowded, as narrow or as uneven as its rule allows."""
        counts = self.problem.counts
        index = next((i for i, r in enumerate(counts.rules) if r.name == limit.rule), -1)
        if index < 0:
            return True  # a soft rule binds wherever it has a price
        group = counts.rules[index].group_names.index(limit.where)
        domains = int(counts.num_domains[index])
        start = int(counts.offset[index]) + group * domains
        table = self._group_counts(index, group, domains)
        if limit.constraint == "spread_min_domains":
            return int((table > 0).sum()) <= int(counts.least[index, group])
        if limit.constraint == "affinity":
            return True
        if limit.constraint == "spread_max_skew":
            return int(np.ptp(table)) >= int(counts.skew[index, group])
        return bool((table >= counts.limit[start : start + domains]).any())

    def _group_counts(self, index: int, group: int, domains: int) -> np.ndarray:
        member = (self.problem.counts.group[index] == group) & (self.host >= 0)
        domain = self.problem.counts.domain[index][self.host[member]]
        return np.bincount(domain[domain >= 0], minlength=domains)
