"""Fill waves with moves until everybody has arrived or nothing can start."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from optimiser.studies.move_bounce import Patience, find_bounces
from optimiser.studies.move_clock import MoveClock
from optimiser.studies.move_orders import Orders
from optimiser.studies.move_pressure import pressure
from optimiser.studies.move_state import Transit
from optimiser.studies.move_throttle import Throttles
from optimiser.studies.move_urgency import urgency_of
from optimiser.twin.way import WayRule

MOST_BOUNCES = 2
"""How often one workload is moved aside."""
MOST_DEADLOCKS = 40
"""After so many broken deadlocks in which nobody new has arrived the rest counts as stuck, so that
hopeless plans end soon."""
MOST_MOMENTS = 12
"""Moments between windows that are looked at before a wave counts as impossible."""
HASTES = (0, 1, 2)
"""How much moves with a deadline are preferred: they go first, nobody else starts beside them, only
the most urgent start."""


class Builder:
    """Fills wave after wave until nothing is left to move, or nothing can."""

    def __init__(
        self,
        transit: Transit,
        final: np.ndarray,
        throttles: Throttles,
        way: Sequence[WayRule] = (),
        clock: MoveClock | None = None,
        haste: int = 0,
    ) -> None:
        self.transit = transit
        self.final = final
        self.throttles = throttles
        self.clock, self.now_s, self.haste = clock, 0.0, haste
        self.pending = np.flatnonzero((transit.host != final) & (final >= 0))
        self.orders = Orders(way, transit.host.copy(), (transit.host != final) & (final >= 0))
        self.urgency = urgency_of(transit.host, final, self.pending, way, self.orders.unit, clock)
        self.moves: list[tuple[int, int, int, int, int]] = []
        self.bounced = np.where(self.orders.fixed, MOST_BOUNCES, 0)
        self.num_waves = 0
        self.num_deadlocks = 0
        self.patience = Patience()
        self.fewest = len(self.pending)
        np.add.at(transit.arrivals, final[self.pending], 1)

    def run(self, script: Sequence[Sequence[int]] = ()) -> None:
        """Fill waves until all workloads have arrived or nothing can start.

        The waves of a ``script``, lists of workloads, come first; it ends where one cannot start.
        """
        transit = self.transit
        transit.sleep_emptied(is_last=False)
        for wave in script:
            self.begin()
            started = self._start(np.array(wave), is_sorted=True)
            self._close(started)
            if len(started) < len(wave):
                break
        while len(self.pending):
            started = self._wave() or self._bounces()
            if not started:
                break
            self._close(started)
        transit.sleep_emptied(is_last=True)

    def keep(self, workloads: np.ndarray) -> None:
        """Let some workloads (W,) bool make no detour."""
        self.bounced[workloads] = MOST_BOUNCES

    def begin(self) -> None:
        """Begin a wave in which nothing is under way."""
        self.throttles.begin()
        self.orders.begin(self.transit.host, self.pending)

    def _wave(self) -> list[tuple[int, int]]:
        """Start a maximal set of moves; return (workload, target)."""
        for candidates in self._candidates():
            started = self._fill(candidates)
            if started:
                return started
        return []

    def _candidates(self) -> Iterator[np.ndarray]:
        """Yield sets of pending workloads, those that should be tried first at first.

        Who may not be under way now waits, unless nobody else can start; then time goes on.
        """
        for chosen in self._not_frozen():
            if self.haste and len(chosen):
                urgent = self.urgency[chosen]
                steps = np.unique(urgent[np.isfinite(urgent)])
                steps = steps[-1:] if self.haste == 1 else steps
                for step in steps.tolist():
                    yield chosen[urgent <= step]
            yield chosen

    def _not_frozen(self) -> Iterator[np.ndarray]:
        clock, pending = self.clock, self.pending
        if clock is None or not clock.own:
            yield pending
            return
        alone = clock.alone(pending, self.transit.host[pending], self.final[pending])
        before = now = self.now_s
        for _ in range(MOST_MOMENTS):
            fits = np.array(
                [clock.fit(pending[[i]], now, float(alone[i])) for i in range(len(pending))]
            )
            self.now_s = float(fits.min(initial=np.inf))
            yield pending[np.isfinite(fits) & (fits <= self.now_s)]
            now = float(fits[fits > self.now_s].min(initial=np.inf))
            if not np.isfinite(now):
                break
        self.now_s = before

    def _fill(self, pending: np.ndarray) -> list[tuple[int, int]]:
        """Start a maximal set of some pending moves.

        Where power or cooling is scarce, moves that relieve it go first and the others get what is
        left over; if nothing starts that way, nothing is held back.
        """
        transit = self.transit
        found = pressure(transit, pending, self.final)
        self.begin()
        started = self._start(pending[~found.waits])
        if found.waits.any():
            gone = np.isin(pending, [workload for workload, _ in started])
            transit.racks.hold_back(found.rows, found.held_back(gone))
            started += self._start(pending[found.waits])
            transit.racks.hold_back(found.rows, np.zeros(len(found.rows)))
        if not started:
            started = self._start(pending)
        return started

    def _start(self, candidates: np.ndarray, *, is_sorted: bool = False) -> list[tuple[int, int]]:
        """Start every candidate that can start, most useful first."""
        ready = candidates if is_sorted else self._most_useful(candidates)
        started: list[tuple[int, int]] = []
        gone: set[int] = set()
        for workload in ready.tolist():
            if workload not in gone:
                together = self.orders.together(workload, self.pending)
                gone.update(together if len(together) > 1 else ())
                started += self.start_together(together)
        return started

    def _most_useful(self, candidates: np.ndarray) -> np.ndarray:
        """Return the candidates that have room, in the order in which they should start."""
        transit, final = self.transit, self.final
        ready = candidates[transit.fits(candidates, final[candidates])]
        waiting = np.bincount(final[self.pending], minlength=len(transit.on))
        source = transit.host[ready]
        freed = np.where(source >= 0, waiting[source], 0)
        size = transit.usage[transit.flavour[ready], 0, 0]
        return np.asarray(ready[np.lexsort((-size, -freed, self.urgency[ready]))])

    def start_together(self, workloads: Sequence[int]) -> list[tuple[int, int]]:
        """Start the moves of some workloads, all of them or none."""
        started: list[tuple[int, int, bool]] = []
        for workload in workloads:
            there = int(self.final[workload])
            was_on = bool(self.transit.on[there])
            if not self.may_start(workload, there):
                self.cancel(started)
                return []
            started.append((workload, there, was_on))
        return [(workload, target) for workload, target, _ in started]

    def cancel(self, started: Sequence[tuple[int, int, bool]]) -> None:
        """Take back moves (workload, target, whether that was on) that have started, last first."""
        for workload, target, was_on in reversed(started):
            source = int(self.transit.host[workload])
            self.transit.cancel(workload, target, was_on)
            self.throttles.cancel(workload, source, target)
            self.orders.count(workload, source, -1)

    def may_start(self, workload: int, target: int) -> bool:
        """Start a move if nothing is in its way; return whether it has started."""
        source = int(self.transit.host[workload])
        if self._order_blocks(workload, target):
            return False
        if not self.throttles.allows(workload, source, target):
            return False
        if self.transit.blocked_by(workload, target):
            return False
        self.throttles.start(workload, source, target)
        self.orders.count(workload, source, 1)
        self.transit.start(workload, target)
        return True

    def _order_blocks(self, workload: int, target: int) -> str:
        if self.orders.is_empty:
            return ""
        source, final = int(self.transit.host[workload]), int(self.final[workload])
        return self.orders.blocked_by(workload, source, is_detour=target != final)

    def _bounces(self) -> list[tuple[int, int]]:
        """Start the detours that break a deadlock, as far as they fit side by side."""
        self.num_deadlocks += 1
        if self.num_deadlocks > MOST_DEADLOCKS:
            return []
        may = self.bounced < MOST_BOUNCES
        self.begin()
        started: list[tuple[int, int]] = []
        pending = self._short_of_room()
        if not len(pending):
            return started
        found = find_bounces(self.transit, pending, self.final, may, self.patience)
        for workload, target in found:
            if self.may_start(workload, target):
                self.bounced[workload] += 1
                started.append((workload, target))
        return started

    def _short_of_room(self) -> np.ndarray:
        """Return the pending workloads that others keep from moving; no detour helps the rest."""
        if self.orders.is_empty:
            return self.pending
        blocked = [
            bool(self.transit.blocked_by(w, int(self.final[w]))) for w in self.pending.tolist()
        ]
        return self.pending[np.array(blocked, dtype=bool)]

    def _close(self, started: list[tuple[int, int]]) -> None:
        """End the wave: its moves settle, emptied hosts fall asleep."""
        transit = self.transit
        self._pass_time(started)
        for workload, target in started:
            is_bounce = int(target != self.final[workload])
            source = int(transit.host[workload])
            self.moves.append((workload, source, target, self.num_waves, is_bounce))
            transit.settle(workload, target)
            self.orders.remember(workload)
        self.num_waves += 1 if started else 0
        self.pending = np.flatnonzero((transit.host != self.final) & (self.final >= 0))
        if len(self.pending) < self.fewest:
            self.fewest, self.num_deadlocks = len(self.pending), 0
        transit.arrivals[:] = 0
        np.add.at(transit.arrivals, self.final[self.pending], 1)
        transit.sleep_emptied(is_last=False)
        transit.refresh()

    def _pass_time(self, started: list[tuple[int, int]]) -> None:
        if self.clock is None or not self.clock.own or not started:
            return
        workload = np.array([one for one, _ in started])
        target = np.array([there for _, there in started])
        length = float(self.clock.seconds(workload, self.transit.host[workload], target).max())
        begins = self.clock.fit(workload, self.now_s, length)
        self.now_s = (begins if np.isfinite(begins) else self.now_s) + length
