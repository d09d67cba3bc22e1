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
from optimiser.schema.plan import Move
from optimiser.studies.move_bounce import find_bounces
from optimiser.studies.move_pressure import pressure
from optimiser.studies.move_state import Transit
from optimiser.twin.rules import Rule

CONCURRENCY = 4
MOST_BOUNCES = 2
"""How often one workload is moved aside."""
MOST_DEADLOCKS = 40
"""After so many broken deadlocks the rest counts as stuck, so that hopeless plans end soon."""


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

    def documents(self, twin: xr.Dataset, reasons: Sequence[str] = ()) -> list[Move]:
        """Return the moves by name; ``reasons`` (W,) says why each workload moves."""
        hosts = np.append(twin["host"].values.astype(str), "")
        services = twin["service"].values.astype(str)[twin["workload_service"].values]
        names = twin["workload"].values.astype(str)
        memory = twin["workload_memory_gib"].values
        return [
            Move(
                wave=int(wave) + 1,
                order=order + 1,
                workload=names[w],
                service=services[w],
                source=hosts[source],
                target=hosts[target],
                memory_gib=float(memory[w]),
                bounce=bool(bounce),
                reason=reasons[w] if len(reasons) else "",
            )
            for order, (w, source, target, wave, bounce) in enumerate(
                zip(self.workload, self.source, self.target, self.wave, self.bounce, strict=True)
            )
        ]


def _detours(workload: np.ndarray, target: np.ndarray, final: np.ndarray) -> np.ndarray:
    """Return which moves do not end where the workload stays."""
    return np.asarray(target != np.asarray(final)[workload])


def order_moves(
    twin: xr.Dataset,
    rules: Sequence[Rule],
    plan: Placement,
    *,
    start: Placement | None = None,
    concurrency: int = CONCURRENCY,
) -> MoveOrder:
    """Return the moves from ``start`` (default: today) to a verified plan, in waves.

    Each wave takes all moves that may run together, with at most ``concurrency`` moves into and
    out of one host; where power or cooling is scarce, those that relieve it go first. A deadlock,
    such as two full hosts that swap, is broken by a detour over a third host; what cannot be broken
    is reported in ``stuck``, and the other moves stand. 4,000 moves take about two seconds.
    """
    first = placement_today(twin) if start is None else start
    transit = Transit(twin, rules, first, plan)
    builder = _Builder(transit, np.asarray(plan.host, dtype=np.int64), concurrency)
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

    def __init__(self, transit: Transit, final: np.ndarray, concurrency: int) -> None:
        self.transit = transit
        self.final = final
        self.concurrency = concurrency
        self.pending = np.flatnonzero((transit.host != final) & (final >= 0))
        self.moves: list[tuple[int, int, int, int, int]] = []
        self.bounced = np.zeros(len(final), dtype=np.int64)
        self.num_waves = 0
        self.num_deadlocks = 0
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
        traffic = np.zeros((2, len(transit.on)), dtype=np.int64)
        started = self._start(pending[~found.waits], traffic)
        if found.waits.any():
            gone = np.isin(pending, [workload for workload, _ in started])
            transit.racks.hold_back(found.rows, found.held_back(gone))
            started += self._start(pending[found.waits], traffic)
            transit.racks.hold_back(found.rows, np.zeros(len(found.rows)))
        if not started:
            started = self._start(pending, traffic)
        return started

    def _start(self, candidates: np.ndarray, traffic: np.ndarray) -> list[tuple[int, int]]:
        """Start every candidate that can start, most useful first.

        ``traffic`` (2, H) counts moves out of and into each host in this wave.
        """
        transit, final = self.transit, self.final
        ready = candidates[transit.fits(candidates, final[candidates])]
        waiting = np.bincount(final[self.pending], minlength=len(transit.on))
        source = transit.host[ready]
        freed = np.where(source >= 0, waiting[source], 0)
        size = transit.usage[transit.flavour[ready], 0, 0]
        started = []
        for workload in ready[np.lexsort((-size, -freed))].tolist():
            here, there = int(transit.host[workload]), int(final[workload])
            is_busy = here >= 0 and traffic[0, here] >= self.concurrency
            if is_busy or traffic[1, there] >= self.concurrency:
                continue
            if transit.blocked_by(workload, there):
                continue
            transit.start(workload, there)
            traffic[1, there] += 1
            if here >= 0:
                traffic[0, here] += 1
            started.append((workload, there))
        return started

    def _bounces(self) -> list[tuple[int, int]]:
        """Start the detours that break a deadlock, as far as they fit side by side."""
        self.num_deadlocks += 1
        if self.num_deadlocks > MOST_DEADLOCKS:
            return []
        may = self.bounced < MOST_BOUNCES
        entering = np.zeros(len(self.transit.on), dtype=np.int64)
        started = []
        for workload, target in find_bounces(self.transit, self.pending, self.final, may):
            if entering[target] < self.concurrency and not self.transit.blocked_by(
                workload, target
            ):
                self.bounced[workload] += 1
                entering[target] += 1
                self.transit.start(workload, target)
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
