"""Order the moves from today to a plan in waves in which every prefix is legal.

A moving workload counts at its source and at its target until its wave ends: for capacity,
devices and, because both copies work, for power and temperature too. Hosts wake before the first
wave that needs them and sleep after the last workload has left. Affinity, ``dependency``,
``max_moves`` and ``max_hosts_on`` describe where a plan ends and are not asked of the way there;
``transient_capacity`` is about all moves at once, and waves need no more than their own.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import xarray as xr

from optimiser.analysis.verdict import Placement, placement_today
from optimiser.schema.moving import Moving
from optimiser.studies.move_builder import HASTES, Builder
from optimiser.studies.move_clock import MoveClock
from optimiser.studies.move_exact import find_order
from optimiser.studies.move_order import MoveOrder
from optimiser.studies.move_state import Transit
from optimiser.studies.move_throttle import Throttles
from optimiser.studies.move_times import time_moves
from optimiser.studies.move_words import too_late, why_stuck
from optimiser.twin.rules import Rule
from optimiser.twin.way import WayRule

__all__ = ["MoveOrder", "order_moves"]

MOST_LEFT_OUT = 6
"""How often moves that would be late are left out and the others ordered again."""


def order_moves(
    twin: xr.Dataset,
    rules: Sequence[Rule],
    plan: Placement,
    *,
    start: Placement | None = None,
    moving: Moving | None = None,
    way: Sequence[WayRule] = (),
) -> MoveOrder:
    """Return the moves from ``start`` (default: today) to a verified plan, in waves.

    Each wave takes all moves that may run together, as far as the limits of ``moving`` on moves at
    the same time go; where power or cooling is scarce, those that relieve it go first. A deadlock,
    such as two full hosts that swap, is broken by a detour over a third host; what cannot be broken
    is reported in ``stuck``, and the other moves stand. Under the policies of ``way`` every order
    of a few moves is tried before any counts as stuck or late. 4,000 moves take about two seconds.
    """
    first = placement_today(twin) if start is None else start
    planner = _Planner(twin, rules, (first, plan), moving or Moving(), way)
    return planner.in_time() if way else planner.build()[0]


Wrong = tuple[int, float]
"""How many workloads do not arrive in time, and how late they are in total [s]."""


class _Planner:
    """Orders the same moves in several ways until all arrive, and in time."""

    def __init__(
        self,
        twin: xr.Dataset,
        rules: Sequence[Rule],
        ends: tuple[Placement, Placement],
        moving: Moving,
        way: Sequence[WayRule],
    ) -> None:
        self.twin, self.rules, self.ends = twin, rules, ends
        self.moving, self.way = moving, way
        self.clock = MoveClock(twin, moving, way) if way else None
        self.final = np.asarray(ends[1].host, dtype=np.int64).copy()
        self.stays = np.zeros(len(self.final), dtype=bool)

    def _builder(self, haste: int = 0) -> Builder:
        transit = Transit(self.twin, self.rules, *self.ends)
        throttles = Throttles(self.twin, self.moving.limits)
        builder = Builder(transit, self.final, throttles, self.way, self.clock, haste)
        builder.keep(self.stays)
        return builder

    def build(
        self, haste: int = 0, script: Sequence[Sequence[int]] = ()
    ) -> tuple[MoveOrder, Wrong]:
        """Return an order, and how many of its workloads do not arrive in time, how late."""
        builder = self._builder(haste)
        builder.run(script)
        found = np.array(builder.moves, dtype=np.int32).reshape(-1, 5)
        order = MoveOrder(
            workload=found[:, 0],
            source=found[:, 1],
            target=found[:, 2],
            wave=found[:, 3],
            bounce=found[:, 4].astype(bool),
            start=self.ends[0],
            end=self.ends[1],
            stuck=why_stuck(builder, self.way),
        )
        who, seconds = self._late(order)
        return order, (len(order.stuck) + len(who), seconds)

    def _late(self, order: MoveOrder) -> tuple[np.ndarray, float]:
        """Return the workloads (n,) of which some move ends after its deadline, and by how much all
        of them together [s]."""
        if self.clock is None or not self.clock.has_deadlines:
            return np.empty(0, dtype=np.int64), 0.0
        timed, times = time_moves(self.twin, order, self.moving, self.way)
        seconds = times.end_s - self.clock.due_s[timed.workload]
        late = seconds > 1e-6
        return np.unique(timed.workload[late]), float(seconds[late].sum())

    def in_time(self) -> MoveOrder:
        """Return the best order; who would be late in it is left out and named in ``stuck``."""
        assert self.clock is not None
        reasons: dict[str, str] = {}
        for _ in range(MOST_LEFT_OUT):
            order = self._best()
            who, _ = self._late(order)
            if not len(who):
                break
            timed = time_moves(self.twin, order, self.moving, self.way)
            reasons |= dict(too_late(*timed, self.clock))
            self._leave_out(who)
        else:
            self._leave_out(np.flatnonzero(np.isfinite(self.clock.due_s)))
            order = self.build()[0]
        return replace(order, stuck=(*order.stuck, *self._left_out(reasons)))

    def _leave_out(self, who: np.ndarray) -> None:
        """Let some workloads (n,) stay where they are."""
        self.final[who] = np.asarray(self.ends[0].host)[who]
        self.stays[who] = True

    def _left_out(self, reasons: dict[str, str]) -> list[tuple[str, str]]:
        """Name those that stay although the plan moves them."""
        away = np.flatnonzero(self.final != np.asarray(self.ends[1].host))
        names = self.twin["workload"].values.astype(str)[away].tolist()
        return [(name, reasons.get(name, "too many moves have to end in time")) for name in names]

    def _best(self) -> MoveOrder:
        """Return the order in which fewest workloads are stuck or late."""
        order, wrong = self.build()
        if not wrong[0]:
            return order
        assert self.clock is not None
        for haste in HASTES[1:] if self.clock.has_deadlines else ():
            other, count = self.build(haste)
            if count < wrong:
                order, wrong = other, count
        script = find_order(self._builder()) if wrong[0] else None
        if script is not None:
            other, count = self.build(script=script)
            order = other if count < wrong else order
        return order
