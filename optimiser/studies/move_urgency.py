"""How urgent each move is: its own deadline, or that of moves that have to wait for it."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from optimiser.studies.move_clock import MoveClock
from optimiser.studies.move_orders import FIRST, LATER
from optimiser.twin.way import WayRule

STEPS = 8
"""How many moves in a row hand their deadline on."""


def urgency_of(
    host: np.ndarray,
    final: np.ndarray,
    pending: np.ndarray,
    way: Sequence[WayRule],
    unit: np.ndarray,
    clock: MoveClock | None,
) -> np.ndarray:
    """Return the time (W,) [s] by which each of the ``pending`` moves is wanted, or infinity.

    Who leaves a host that an urgent workload goes to is as urgent, as is who has to move before it
    or with it.
    """
    if clock is None or not clock.has_deadlines:
        return np.full(len(host), np.inf)
    found = clock.due_s.copy()
    num_hosts = clock.twin.sizes["host"]
    for _ in range(STEPS):
        before = found[pending]
        awaited = np.full(num_hosts + 1, np.inf)
        np.minimum.at(awaited, final[pending], found[pending])
        awaited[-1] = np.inf  # nobody waits for who runs nowhere
        found[pending] = np.minimum(found[pending], awaited[host[pending]])
        for rule in way:
            if rule.kind == "precedence":
                side = rule.group[pending]
                soonest = found[pending[side == LATER]].min(initial=np.inf)
                first = pending[side == FIRST]
                found[first] = np.minimum(found[first], soonest)
        joined = pending[unit[pending] >= 0]
        soonest_of = np.full(int(unit.max(initial=-1)) + 1, np.inf)
        np.minimum.at(soonest_of, unit[joined], found[joined])
        found[joined] = soonest_of[unit[joined]]
        if np.array_equal(before, found[pending]):
            break
    return found
