"""Order the moves from today to a plan in waves in which every prefix is legal.

A moving workload counts at its source and at its target until its wave ends: for capacity,
devices and, because both copies work, for power and temperature too. Hosts wake before the first
wave that needs them and sleep after the last workload has left. Affinity, ``dependency``,
``max_moves`` and ``max_hosts_on`` describe where a plan ends and are not asked of the way there;
``transient_capacity`` is about all moves at once, and waves need no more than their own.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import xarray as xr

from optimiser.analysis.verdict import Placement, placement_today
from optimiser.schema.moving import Moving
from optimiser.studies.move_bounce import find_bounces
from optimiser.studies.move_pressure import pressure
from optimiser.studies.move_state import Transit
from optimiser.studies.move_throttle import Throttles
from optimiser.twin.rules import Rule

MOST_BOUNCES = 2
"""How often one workload is moved aside."""
MOST_DEADLOCKS = 40
"""After so many broken deadlocks in which nobody new has arrived the rest counts as stuck, so that
hopeless plans end soon."""


@dataclass(frozen=True)
class MoveOrder:
    """Moves in order: arrays of equal length, one entry per move.

    ``workload``, ``source`` (−1: not running), ``target`` (−1: stops) and ``wave`` int32,
    ``bounce`` bool. ``start`` and ``end`` are the placements at both ends. ``stuck`` names the
    workloads that cannot reach their host legally, with what is in the way. ``is_reverse`` marks
    the way back, on which hosts wake where they fell asleep and sleep where they woke.
    """

    workload: np.ndarray
    source: np.ndarray
    target: np.ndarray
    wave: np.ndarray
    bounce: np.ndarray
    start: Placement
    end: Placement
    stuck: tuple[tuple[str, str], ...] = ()
    is_reverse: bool = False

    @property
    def num_waves(self) -> int:
        """Number of waves."""
        return int(self.wave.max(initial=-1)) + 1

    @property
    def is_complete(self) -> bool:
        """Whether the moves lead to the plan."""
        return not self.stuck

    def reverse(self) -> MoveOrder:
        """Return the exact way back: each move undone, last first."""
        return replace(
            self,
            workload=self.workload[::-1].copy(),
            source=self.target[::-1].copy(),
            target=self.source[::-1].copy(),
            wave=(self.num_waves - 1 - self.wave[::-1]).astype(np.int32),
            bounce=_detours(self.workload[::-1], self.source[::-1], self.start.host),
            start=self.end,
            end=self.start,
            is_reverse=not self.is_reverse,
        )


def _detours(workload: np.ndarray, target: np.ndarray, final: np.ndarray) -> np.ndarray:
    """Return which moves do not end where the workload stays."""
    return np.asarray(target != np.asarray(final)[workload])


def order_moves(
    twin: xr.Dataset,
    rules: Sequence[Rule],
    plan: Placement,
    *,
    start: Placement | None = None,
    moving: Moving | None = None,
) -> MoveOrder:
    """Return the moves from ``start`` (default: today) to a verified plan, in waves.

    Each wave takes all moves that may run together, as far as the limits of ``moving`` on moves at
    the same time go; where power or cooling is scarce, those that relieve it go first. A deadlock,
    such as two full hosts that swap, is broken by a detour over a third host; what cannot be broken
    is reported in ``stuck``, and the other moves stand. 4,000 moves take about two seconds.
    """
    first = placement_today(twin) if start is None else start
    transit = Transit(twin, rules, first, plan)
    throttles = Throttles(twin, (moving or Moving()).limits)
    builder = _Builder(transit, np.asarray(plan.host, dtype=np.int64), throttles)
    builder.run()
    found = np.array(builder.moves, dtype=np.int32).reshape(-1, 5)
    return MoveOrder(
        workload=found[:, 0],
        source=found[:, 1],
        target=found[:, 2],
        wave=found[:, 3],
        bounce=found[:, 4].astype(bool),
        start=first,
        end=plan,
        stuck=builder.stuck(),
    )


class _Builder:
    """Fills wave after wave until nothing is left to move, or nothing can."""

    def __init__(self, transit: Transit, final: np.ndarray, throttles: Throttles) -> None:
        self.transit = transit
        self.final = final
        self.throttles = throttles
        self.pending = np.flatnonzero((transit.host != final) & (final >= 0))
        self.moves: list[tuple[int, int, int, int, int]] = []
        self.bounced = np.zeros(len(final), dtype=np.int64)
        self.num_waves = 0
        self.num_deadlocks = 0
        self.fewest = len(self.pending)
        np.add.at(transit.arrivals, final[self.pending], 1)

    def run(self) -> None:
        """Fill waves until all workloads have arrived or nothing can start."""
        transit = self.transit
        transit.sleep_emptied(is_last=False)
        while len(self.pending):
            started = self._wave() or self._bounces()
            if not started:
                break
            self._close(started)
        transit.sleep_emptied(is_last=True)

    def _wave(self) -> list[tuple[int, int]]:
        """Start a maximal set of moves; return (workload, target).

        Where power or cooling is scarce, moves that relieve it go first and the others get what is
        left over; if nothing starts that way, nothing is held back.
        """
        transit, pending = self.transit, self.pending
        found = pressure(transit, pending, self.final)
        self.throttles.begin()
        started = self._start(pending[~found.waits])
        if found.waits.any():
            gone = np.isin(pending, [workload for workload, _ in started])
            transit.racks.hold_back(found.rows, found.held_back(gone))
            started += self._start(pending[found.waits])
            transit.racks.hold_back(found.rows, np.zeros(len(found.rows)))
        if not started:
            started = self._start(pending)
        return started

    def _start(self, candidates: np.ndarray) -> list[tuple[int, int]]:
        """Start every candidate that can start, most useful first."""
        transit, final = self.transit, self.final
        ready = candidates[transit.fits(candidates, final[candidates])]
        waiting = np.bincount(final[self.pending], minlength=len(transit.on))
        source = transit.host[ready]
        freed = np.where(source >= 0, waiting[source], 0)
        size = transit.usage[transit.flavour[ready], 0, 0]
        started = []
        for workload in ready[np.lexsort((-size, -freed))].tolist():
            there = int(final[workload])
            if self._may_start(workload, there):
                started.append((workload, there))
        return started

    def _may_start(self, workload: int, target: int) -> bool:
        """Start a move if nothing is in its way; return whether it has started."""
        source = int(self.transit.host[workload])
        if not self.throttles.allows(workload, source, target):
            return False
        if self.transit.blocked_by(workload, target):
            return False
        self.throttles.start(workload, source, target)
        self.transit.start(workload, target)
        return True

    def _bounces(self) -> list[tuple[int, int]]:
        """Start the detours that break a deadlock, as far as they fit side by side."""
        self.num_deadlocks += 1
        if self.num_deadlocks > MOST_DEADLOCKS:
            return []
        may = self.bounced < MOST_BOUNCES
        self.throttles.begin()
        started = []
        for workload, target in find_bounces(self.transit, self.pending, self.final, may):
            if self._may_start(workload, target):
                self.bounced[workload] += 1
                started.append((workload, target))
        return started

    def _close(self, started: list[tuple[int, int]]) -> None:
        """End the wave: its moves settle, emptied hosts fall asleep."""
        transit = self.transit
        for workload, target in started:
            is_bounce = int(target != self.final[workload])
            source = int(transit.host[workload])
            self.moves.append((workload, source, target, self.num_waves, is_bounce))
            transit.settle(workload, target)
        self.num_waves += 1
        self.pending = np.flatnonzero((transit.host != self.final) & (self.final >= 0))
        if len(self.pending) < self.fewest:
            self.fewest, self.num_deadlocks = len(self.pending), 0
        transit.arrivals[:] = 0
        np.add.at(transit.arrivals, self.final[self.pending], 1)
        transit.sleep_emptied(is_last=False)
        transit.refresh()

    def stuck(self) -> tuple[tuple[str, str], ...]:
        """Name the workloads that did not arrive and what is in their way."""
        transit, names = self.transit, self.transit.twin["workload"].values
        hosts = transit.twin["host"].values
        return tuple(
            (str(names[w]), f"{transit.blocked_by(w, t)} at host {hosts[t]}")
            for w, t in zip(self.pending.tolist(), self.final[self.pending].tolist(), strict=True)
        )
