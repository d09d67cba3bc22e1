"""The guard of rules that only bound how many members of a group a domain holds."""

from __future__ import annotations

import numpy as np

from optimiser.analysis.placement_rules import group_sizes, largest_per_domain
from optimiser.schema.policy import AntiAffinity, Spread
from optimiser.twin.rules import Rule

NO_GROUP, UNWATCHED = -1, -2


def has_limits_only(rule: Rule) -> bool:
    """Whether a rule bounds members per domain, but neither domains used nor evenness."""
    policy = rule.policy
    if isinstance(policy, Spread):
        return policy.min_domains is None and policy.max_skew is None
    return isinstance(policy, AntiAffinity)


class LimitGuard:
    """Members of groups in domains, a workload under way counting at both ends of its move.

    ``highest`` holds the members by cell (group times domains plus domain), ``excused`` the limits
    of cells that hold more at one end of the way than ``largest`` (group,). Cells without members
    are not kept: a site of 100,000 hosts has a thousand million. Only groups with a member that
    moves are watched; members of others (``UNWATCHED``) stay where they are.
    """

    def __init__(self, rule: Rule, start: np.ndarray, end: np.ndarray) -> None:
        self.rule = rule
        moves = np.zeros(len(rule.group_names) + 1, dtype=bool)
        moves[rule.group[(start != end) & (rule.group >= 0)]] = True
        stays = (rule.group >= 0) & ~moves[rule.group]
        self.group = np.where(stays, UNWATCHED, rule.group).astype(np.int64)
        self.domain = np.append(rule.domain, -1).astype(np.int64)
        self.width = len(rule.domain_names)
        size = group_sizes(rule)
        self.largest = np.ones(len(size), dtype=np.int64)
        if isinstance(rule.policy, Spread):
            self.largest = largest_per_domain(rule.policy, size)
        cells, counts = self._count(start)
        self.highest = dict(zip(cells.tolist(), counts.tolist(), strict=True))
        self.excused: dict[int, int] = {}
        for cells, counts in (self._count(start), self._count(end)):
            beyond = counts > self.largest[cells // self.width]
            for cell, count in zip(cells[beyond].tolist(), counts[beyond].tolist(), strict=True):
                self.excused[cell] = max(count, self.excused.get(cell, 0))

    def _count(self, host: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return the cells in use (n,) and their members (n,)."""
        domain = self.domain[host]
        inside = (self.group >= 0) & (domain >= 0)
        cells = self.group[inside] * self.width + domain[inside]
        return np.unique(cells, return_counts=True)

    def allows(self, workload: int, source: int, target: int) -> bool:
        """Whether a move may start now."""
        group = int(self.group[workload])
        leaves, enters = int(self.domain[source]), int(self.domain[target])
        if group == NO_GROUP or leaves == enters:
            return True
        if group == UNWATCHED:
            return False
        if enters < 0:
            return True
        cell = group * self.width + enters
        limit = self.excused.get(cell, int(self.largest[group]))
        return self.highest.get(cell, 0) < limit

    def start(self, workload: int, source: int, target: int) -> None:
        """Count a move that starts."""
        self._change(workload, source, target, int(self.domain[target]), 1)

    def settle(self, workload: int, source: int, target: int) -> None:
        """Count a move that has ended."""
        self._change(workload, source, target, int(self.domain[source]), -1)

    def _change(self, workload: int, source: int, target: int, domain: int, sign: int) -> None:
        group = int(self.group[workload])
        if group < 0 or domain < 0 or self.domain[source] == self.domain[target]:
            return
        cell = group * self.width + domain
        left = self.highest.get(cell, 0) + sign
        if left:
            self.highest[cell] = left
        else:
            self.highest.pop(cell, None)
