"""How many moves may be under way at once, per host, domain, service and site."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import xarray as xr

from optimiser.analysis.verdict import Violation
from optimiser.schema.moving import Throttle
from optimiser.twin.rules import domains


class Throttles:
    """Counts the moves of one wave against every limit."""

    def __init__(self, twin: xr.Dataset, limits: Sequence[Throttle]) -> None:
        self._limits = [_Counter(twin, limit) for limit in limits]

    def begin(self) -> None:
        """Begin a wave in which nothing is under way."""
        for counter in self._limits:
            counter.count[:] = 0

    def allows(self, workload: int, source: int, target: int) -> bool:
        """Whether one more move may be under way in this wave."""
        return all(counter.allows(workload, source, target) for counter in self._limits)

    def start(self, workload: int, source: int, target: int) -> None:
        """Count a move."""
        for counter in self._limits:
            counter.count[counter.places(workload, source, target)] += 1

    def cancel(self, workload: int, source: int, target: int) -> None:
        """Count a move no longer."""
        for counter in self._limits:
            counter.count[counter.places(workload, source, target)] -= 1


class _Counter:
    """One limit: moves under way in each domain."""

    def __init__(self, twin: xr.Dataset, limit: Throttle) -> None:
        self.limit = limit
        self.service: np.ndarray | None = None
        if limit.domain == "service":
            self.service = twin["workload_service"].values.astype(np.int64)
            size = twin.sizes["service"]
        else:
            domain, names = domains(twin, limit.domain)
            self.domain = np.append(domain, -1).astype(np.int64)
            size = len(names)
        self.count = np.zeros(size, dtype=np.int64)

    def places(self, workload: int, source: int, target: int) -> list[int]:
        """Return the domains in which a move counts."""
        if self.service is not None:
            return [int(self.service[workload])]
        ends = {"in": (target,), "out": (source,), "under way": (source, target)}
        found = {int(self.domain[end]) for end in ends[self.limit.counts]}
        return [place for place in found if place >= 0]

    def allows(self, workload: int, source: int, target: int) -> bool:
        """Whether every domain of a move has room for one more."""
        places = self.places(workload, source, target)
        return all(self.count[place] < self.limit.limit for place in places)


@dataclass(frozen=True)
class Wave:
    """The moves of one wave: arrays (n,) of workloads, sources and targets (−1: none)."""

    number: int
    workload: np.ndarray
    source: np.ndarray
    target: np.ndarray


def check_throttles(
    twin: xr.Dataset, limits: Sequence[Throttle], waves: Sequence[Wave]
) -> list[Violation]:
    """Return the limits that a wave exceeds, by counting all of its moves again."""
    found = []
    for limit in limits:
        names = _names(twin, limit)
        for wave in waves:
            count = np.bincount(_places(twin, limit, wave), minlength=len(names))
            for place in np.flatnonzero(count > limit.limit).tolist():
                found.append(_violation(limit, wave.number, names[place], int(count[place])))
    return found


def _names(twin: xr.Dataset, limit: Throttle) -> Sequence[str]:
    if limit.domain == "service":
        return list(map(str, twin["service"].values))
    return domains(twin, limit.domain)[1]


def _places(twin: xr.Dataset, limit: Throttle, wave: Wave) -> np.ndarray:
    """Return every domain in which a move of the wave counts, once for each move."""
    if limit.domain == "service":
        return np.asarray(twin["workload_service"].values[wave.workload])
    domain = np.append(domains(twin, limit.domain)[0], -1)
    leaves, enters = domain[wave.source], domain[wave.target]
    if limit.counts == "in":
        return enters[enters >= 0]
    if limit.counts == "out":
        return leaves[leaves >= 0]
    both = np.concatenate([leaves, enters[enters != leaves]])
    return both[both >= 0]


def _violation(limit: Throttle, wave: int, where: str, count: int) -> Violation:
    verb = {"in": "arrive at", "out": "leave", "under way": "are under way in"}[limit.counts]
    place = "the site" if limit.domain == "site" else f"{limit.domain} {where}"
    sentence = f"throttle: {count} moves {verb} {place} in wave {wave + 1}, {limit.limit} may"
    return Violation(
        "throttle", "throttle", place, float(limit.limit), float(count), "moves", sentence,
        float(count - limit.limit),
    )  # fmt: skip
