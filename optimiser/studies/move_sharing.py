"""Groups that share domains, while workloads move: the guard, and the recount of an order."""

from __future__ import annotations

import numpy as np

from optimiser.analysis.placement_rules import count_cells
from optimiser.analysis.rows import Rows
from optimiser.twin.rules import Rule


class SharingGuard:
    """Groups in each domain, a workload under way counting at both ends of its move.

    ``count`` (group, domain) members; ``present`` (domain,) groups with any; ``limit`` (domain,)
    the rule's own, or what one end of the way holds where that is more.
    """

    def __init__(self, rule: Rule, start: np.ndarray, end: np.ndarray) -> None:
        self.rule = rule
        self.domain = np.append(rule.domain, -1).astype(np.int64)
        self.count = self._count(start)
        self.present = (self.count > 0).sum(axis=0)
        last = (self._count(end) > 0).sum(axis=0)
        self.limit = np.maximum(_own_limit(rule), np.maximum(self.present, last))

    def _count(self, host: np.ndarray) -> np.ndarray:
        table = np.zeros((len(self.rule.group_names), len(self.rule.domain_names)), dtype=np.int32)
        domain = self.domain[host]
        inside = (self.rule.group >= 0) & (domain >= 0)
        np.add.at(table, (self.rule.group[inside], domain[inside]), 1)
        return table

    def allows(self, workload: int, source: int, target: int) -> bool:
        """Whether a move may start now."""
        group, enters = self.rule.group[workload], self.domain[target]
        if group < 0 or enters < 0 or self.count[group, enters] > 0:
            return True
        return bool(self.present[enters] < self.limit[enters])

    def start(self, workload: int, source: int, target: int) -> None:
        """Count a move that starts."""
        self._change(workload, target, 1)

    def settle(self, workload: int, source: int, target: int) -> None:
        """Count a move that has ended."""
        self._change(workload, source, -1)

    def _change(self, workload: int, host: int, sign: int) -> None:
        group, domain = self.rule.group[workload], self.domain[host]
        if group < 0 or domain < 0:
            return
        before = self.count[group, domain]
        self.count[group, domain] = before + sign
        self.present[domain] += int(before + sign > 0) - int(before > 0)


def _own_limit(rule: Rule) -> int:
    return int(getattr(rule.policy, "limit", 1))


class SharingReplay:
    """Recounts the groups in each domain wave by wave, from the places of all workloads."""

    def __init__(self, rule: Rule, start: np.ndarray, end: np.ndarray) -> None:
        self.rule = rule
        self.host = np.array(start, dtype=np.int64)
        ends = [self._crowd(np.asarray(one, dtype=np.int64)) for one in (start, end)]
        self.limit = np.maximum(_own_limit(rule), np.maximum(*ends))

    def _crowd(self, *hosts: np.ndarray) -> np.ndarray:
        """Return the groups in each domain (domain,) with workloads at all of some places."""
        cells = np.unique(np.concatenate([count_cells(self.rule, host)[0] for host in hosts]))
        width = len(self.rule.domain_names)
        return np.bincount(cells % max(1, width), minlength=width).astype(np.int64)

    def moves(
        self, workload: np.ndarray, source: np.ndarray, target: np.ndarray
    ) -> list[tuple[Rows, np.ndarray]]:
        """Carry out a wave; return what it breaks while its workloads count at both ends."""
        after = self.host.copy()
        after[workload] = target
        crowd = self._crowd(self.host, after)
        self.host = after
        rows = Rows(
            value=crowd[:, None],
            limit=self.limit[:, None],
            label=lambda row: self.rule.domain_names[row],
            noun="groups while moving",
            unit="",
        )
        excess = rows.excess()
        return [(rows, excess)] if excess.any() else []
