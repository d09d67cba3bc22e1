"""What policies about the order of moves allow in the wave that is being filled."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import numpy as np

from optimiser.schema.policy_moving import DisruptionBudget
from optimiser.studies.move_units import never_detours, unit_labels
from optimiser.twin.disruption import least_up
from optimiser.twin.way import WayRule

FIRST, LATER = 0, 1
"""Groups of a precedence: who moves first and who moves later."""


class _Guard(Protocol):
    """One policy while a wave is filled."""

    rule: WayRule

    def begin(self, host: np.ndarray, pending: np.ndarray) -> None: ...

    def blocks(self, workload: int, source: int) -> bool: ...

    def count(self, workload: int, source: int, sign: int) -> None: ...


class Orders:
    """Precedence, one at a time, together, and replicas left alone, as waves are filled.

    ``unit`` (W,) joins the workloads that begin together, −1 for those that are alone.
    """

    def __init__(self, way: Sequence[WayRule], start: np.ndarray, moves: np.ndarray) -> None:
        """``start`` (W,) hosts, ``moves`` (W,) bool who has to move to reach the plan."""
        self.is_empty = not way
        self.fixed = never_detours(way, len(moves))
        self.unit = np.full(len(moves), -1, dtype=np.int64)
        self.unit[moves] = unit_labels(way, np.flatnonzero(moves))
        self.first = [_Precedence(rule, start) for rule in way if rule.kind == "precedence"]
        self.guards: list[_Guard] = [
            *self.first,
            *(_Serial(rule) for rule in way if rule.kind == "serialize"),
            *(_Budget(r, r.policy) for r in way if isinstance(r.policy, DisruptionBudget)),
        ]

    def begin(self, host: np.ndarray, pending: np.ndarray) -> None:
        """Begin a wave: ``host`` (W,) where all are, ``pending`` (n,) who still has to move."""
        for guard in self.guards:
            guard.begin(host, pending)

    def blocked_by(self, workload: int, source: int, *, is_detour: bool) -> str:
        """Return the name of what keeps a move from starting in this wave, or nothing."""
        if is_detour and self.fixed[workload]:
            return "sync"
        for guard in self.guards:
            if guard.blocks(workload, source):
                return f"{guard.rule.kind} '{guard.rule.name}'"
        return ""

    def count(self, workload: int, source: int, sign: int) -> None:
        """Count a move that starts (+1), or that does not after all (−1)."""
        for guard in self.guards:
            guard.count(workload, source, sign)

    def remember(self, workload: int) -> None:
        """Remember that a workload has moved, wherever it goes later."""
        for guard in self.first:
            guard.came_back |= bool(guard.rule.group[workload] == LATER)

    def together(self, workload: int, pending: np.ndarray) -> list[int]:
        """Return who has to start with a workload, itself among them."""
        if self.unit[workload] < 0:
            return [workload]
        return [int(w) for w in pending[self.unit[pending] == self.unit[workload]]]


class _Precedence:
    """Who moves later waits until nobody who moves first is left or under way."""

    def __init__(self, rule: WayRule, start: np.ndarray) -> None:
        self.rule = rule
        self.later = np.flatnonzero(rule.group == LATER)
        self.start = start[self.later]
        self.left = np.empty(0, dtype=np.int64)
        self.under_way = [0, 0]
        self.has_begun = self.came_back = False

    def begin(self, host: np.ndarray, pending: np.ndarray) -> None:
        self.left = pending[self.rule.group[pending] == FIRST]
        self.has_begun = self.came_back or bool(np.any(host[self.later] != self.start))
        self.under_way = [0, 0]

    def blocks(self, workload: int, source: int) -> bool:
        side = self.rule.group[workload]
        if side == LATER:
            return bool(len(self.left)) or self.under_way[FIRST] > 0
        return bool(side == FIRST) and (self.has_begun or self.under_way[LATER] > 0)

    def count(self, workload: int, source: int, sign: int) -> None:
        side = self.rule.group[workload]
        if side >= 0:
            self.under_way[side] += sign


class _Serial:
    """At most one of each group is under way."""

    def __init__(self, rule: WayRule) -> None:
        self.rule = rule
        self.under_way = np.zeros(int(rule.group.max(initial=-1)) + 1, dtype=np.int64)

    def begin(self, host: np.ndarray, pending: np.ndarray) -> None:
        self.under_way[:] = 0

    def blocks(self, workload: int, source: int) -> bool:
        group = self.rule.group[workload]
        return bool(group >= 0 and self.under_way[group] > 0)

    def count(self, workload: int, source: int, sign: int) -> None:
        group = self.rule.group[workload]
        if group >= 0:
            self.under_way[group] += sign


class _Budget:
    """So many of each group run and are not under way."""

    def __init__(self, rule: WayRule, policy: DisruptionBudget) -> None:
        self.rule = rule
        size = np.bincount(rule.group[rule.group >= 0], minlength=1)
        self.least = least_up(policy, size)
        self.up = np.zeros(len(size), dtype=np.int64)

    def begin(self, host: np.ndarray, pending: np.ndarray) -> None:
        runs = (host >= 0) & (self.rule.group >= 0)
        self.up = np.bincount(self.rule.group[runs], minlength=len(self.least))

    def blocks(self, workload: int, source: int) -> bool:
        group = self.rule.group[workload]
        if group < 0 or source < 0 or not self.least[group]:
            return False
        return bool(self.up[group] - 1 < self.least[group])

    def count(self, workload: int, source: int, sign: int) -> None:
        group = self.rule.group[workload]
        if group >= 0 and source >= 0:
            self.up[group] -= sign
