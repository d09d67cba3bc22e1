"""Recount the groups of a spread or anti-affinity rule after every single move."""

from __future__ import annotations

from itertools import pairwise

import numpy as np

from optimiser.analysis.placement_rules import group_sizes, has_hosts, largest_per_domain
from optimiser.analysis.rows import Rows
from optimiser.schema.policy import Spread
from optimiser.twin.rules import Rule

UNLIMITED = np.int64(2**40)


class GroupReplay:
    """The members of each group and where they are, with limits that both ends of an order keep."""

    def __init__(self, rule: Rule, start: np.ndarray, end: np.ndarray) -> None:
        self.rule = rule
        self.domain = np.append(rule.domain, -1).astype(np.int64)
        self.host = np.array(start, dtype=np.int64)
        order = np.argsort(rule.group, kind="stable")
        cuts = np.searchsorted(rule.group[order], np.arange(len(rule.group_names) + 1))
        self.members = [order[a:b] for a, b in pairwise(cuts.tolist())]
        self.ends = (np.asarray(start, dtype=np.int64), np.asarray(end, dtype=np.int64))
        self.size = group_sizes(rule)
        self.real = has_hosts(rule)
        policy = rule.policy
        self.is_even = isinstance(policy, Spread) and (
            policy.min_domains is not None or policy.max_skew is not None
        )
        self.largest = (
            largest_per_domain(policy, self.size)
            if isinstance(policy, Spread)
            else np.ones(len(self.size), dtype=np.int64)
        )

    def moves(
        self, workload: np.ndarray, source: np.ndarray, target: np.ndarray
    ) -> list[tuple[Rows, np.ndarray]]:
        """Carry out the moves of a wave one by one; return what each prefix breaks.

        A workload under way counts in both domains for the largest number of members.
        """
        group = self.rule.group[workload]
        order = np.flatnonzero(group >= 0)
        order = order[np.argsort(group[order], kind="stable")]
        found = []
        for mine in np.split(order, np.flatnonzero(np.diff(group[order])) + 1):
            if len(mine):
                g = int(group[mine[0]])
                found += self._group(g, workload[mine], source[mine], target[mine])
        return found

    def _group(
        self, group: int, workload: np.ndarray, source: np.ndarray, target: np.ndarray
    ) -> list[tuple[Rows, np.ndarray]]:
        enters = self.domain[target]
        extra = enters[(enters >= 0) & (enters != self.domain[source])]
        found = [self._crowding(group, extra)]
        if not self.is_even:
            self.host[workload] = target
            return [pair for pair in found if pair[1].any()]
        bounds = [self._count(host[self.members[group]]) for host in self.ends]
        for one, place in zip(workload.tolist(), target.tolist(), strict=True):
            self.host[one] = place
            here = self._count(self.host[self.members[group]])
            found += self._evenness(group, here, bounds)
        return [pair for pair in found if pair[1].any()]

    def _crowding(self, group: int, extra: np.ndarray) -> tuple[Rows, np.ndarray]:
        """Count members in the domains that have any, those that arrive there (n,) too."""
        members = self.members[group]
        places = [self.domain[host[members]] for host in (self.host, *self.ends)]
        places[0] = np.concatenate([places[0], extra])
        domains, number = np.unique(np.concatenate(places), return_inverse=True)
        cuts = np.cumsum([len(place) for place in places])[:-1]
        both, *bounds = (
            np.bincount(part, minlength=len(domains))[domains >= 0]
            for part in np.split(number.reshape(-1), cuts)
        )
        limit = np.maximum(self.largest[group], np.maximum(*bounds))
        return self._rows(group, both, limit, "members while moving")

    def _count(self, hosts: np.ndarray) -> np.ndarray:
        domain = self.domain[hosts]
        return np.bincount(domain[domain >= 0], minlength=len(self.rule.domain_names))

    def _evenness(
        self, group: int, count: np.ndarray, bounds: list[np.ndarray]
    ) -> list[tuple[Rows, np.ndarray]]:
        policy = self.rule.policy
        if not isinstance(policy, Spread):
            return []
        found = []
        if policy.min_domains is not None:
            least = min(policy.min_domains, int(self.size[group]), *(_used(b) for b in bounds))
            found.append(self._one(group, -_used(count), -least, "domains used"))
        if policy.max_skew is not None:
            most = max(policy.max_skew, *(_skew(b[self.real]) for b in bounds))
            found.append(self._one(group, _skew(count[self.real]), most, "skew"))
        return found

    def _one(self, group: int, value: int, limit: int, noun: str) -> tuple[Rows, np.ndarray]:
        return self._rows(group, np.array([value]), np.array([limit]), noun)

    def _rows(
        self, group: int, value: np.ndarray, limit: np.ndarray, noun: str
    ) -> tuple[Rows, np.ndarray]:
        rows = Rows(
            value=value.astype(np.int64)[:, None],
            limit=limit.astype(np.int64)[:, None],
            label=lambda _: self.rule.group_names[group],
            noun=noun,
            unit="",
        )
        return rows, rows.excess()


def _used(count: np.ndarray) -> int:
    return int(np.count_nonzero(count))


def _skew(count: np.ndarray) -> int:
    return int(count.max() - count.min()) if len(count) else 0
