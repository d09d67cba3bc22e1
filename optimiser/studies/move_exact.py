"""Try every order of a few moves: the last word where filling wave after wave gets stuck or late.

Without times, one move after the other is as good as any wave. With deadlines, sets of moves that
may be under way together are tried too, and of two ways to the same state the earlier one counts.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from optimiser.studies.move_builder import Builder

MOST_UNITS = 8
MOST_TRIED = 6_000
"""So many moves that begin by themselves, and so many waves, are tried."""

Wave = tuple[int, ...]


def find_order(builder: Builder) -> list[list[int]] | None:
    """Return waves of workloads that lead to the plan without detours and in time, or ``None``.

    The builder is one that has not begun; it is left as it was.
    """
    search = _Search(builder)
    if not 0 < len(search.units) <= MOST_UNITS:
        return None
    every = (1 << len(search.units)) - 1
    if not search.reach(every, 0.0):
        return None
    return [[w for unit in wave for w in search.units[unit]] for wave in search.path]


class _Search:
    def __init__(self, builder: Builder) -> None:
        self.builder, self.clock = builder, builder.clock
        found = {
            tuple(builder.orders.together(int(w), builder.pending)): None for w in builder.pending
        }
        self.units: list[tuple[int, ...]] = list(found)
        self.is_timed = self.clock is not None and self.clock.has_deadlines
        self.path: list[Wave] = []
        self.best: dict[int, float] = {}
        self.num_tried = 0

    def reach(self, left: int, now_s: float) -> bool:
        """Whether the plan can be reached with the units in the bits of ``left`` to move."""
        if not left:
            return True
        if self.best.get(left, np.inf) <= now_s:
            return False
        self.best[left] = now_s
        for wave in self._waves(left):
            self.num_tried += 1
            if self.num_tried > MOST_TRIED:
                return False
            if self._try(wave, left, now_s):
                return True
        return False

    def _waves(self, left: int) -> Iterator[Wave]:
        mine = [unit for unit in range(len(self.units)) if left >> unit & 1]
        if not self.is_timed:
            yield from ((unit,) for unit in mine)
            return
        for chosen in range((1 << len(mine)) - 1, 0, -1):
            yield tuple(unit for place, unit in enumerate(mine) if chosen >> place & 1)

    def _try(self, wave: Wave, left: int, now_s: float) -> bool:
        builder, transit = self.builder, self.builder.transit
        was_on = transit.on.copy()
        workloads = [w for unit in wave for w in self.units[unit]]
        builder.begin()
        started = [(w, int(builder.final[w]), bool(was_on[builder.final[w]])) for w in workloads]
        if not builder.start_together(workloads):
            return False
        end_s = self._end(workloads, now_s)
        if not np.isfinite(end_s):
            builder.cancel(started)
            return False
        homes = [int(transit.host[w]) for w in workloads]
        self._settle(workloads)
        self.path.append(wave)
        if self.reach(left & ~sum(1 << unit for unit in wave), end_s):
            self._undo(workloads, homes, was_on)
            return True
        self.path.pop()
        self._undo(workloads, homes, was_on)
        return False

    def _end(self, workloads: list[int], now_s: float) -> float:
        """Return when a wave ends; infinite if some move of it is late or fits nowhere."""
        if self.clock is None:
            return now_s
        who = np.array(workloads)
        seconds = self.clock.seconds(who, self.builder.transit.host[who], self.builder.final[who])
        length = float(seconds.max())
        begins = self.clock.fit(who, now_s, length)
        if np.any(begins + seconds > self.clock.due_s[who] + 1e-6):
            return float("inf")
        return begins + length

    def _settle(self, workloads: list[int]) -> None:
        builder, transit = self.builder, self.builder.transit
        for w in workloads:
            transit.settle(w, int(builder.final[w]))
            transit.arrivals[builder.final[w]] -= 1
        builder.pending = np.setdiff1d(builder.pending, workloads)
        transit.sleep_emptied(is_last=False)
        transit.refresh()

    def _undo(self, workloads: list[int], homes: list[int], was_on: np.ndarray) -> None:
        builder, transit = self.builder, self.builder.transit
        for w, home in zip(reversed(workloads), reversed(homes), strict=True):
            transit.go_back(w, home)
            transit.arrivals[builder.final[w]] += 1
        for host in np.flatnonzero(transit.on != was_on):
            transit.switch(int(host), bool(was_on[host]))
        builder.pending = np.union1d(builder.pending, workloads)
        transit.refresh()
