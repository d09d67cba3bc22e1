"""Drive the walk over flat arrays: the arrays of a problem, a placement in, a placement out."""

from __future__ import annotations

import numpy as np

from optimiser.solve.arrays import Data
from optimiser.solve.flat import flatten, keep, load_worth
from optimiser.solve.problem import Problem
from optimiser.solve.references import FlatReference, KeptReference
from optimiser.solve.walk import walk

HOTTEST, COLDEST = 0.7, 0.0008  # of what the load of a workload is worth at most, on average
QUENCH = 0.15  # share of the time at the end in which moves that hardly matter are put right
STILL = 1e-8  # last temperature, in the same measure
PULL = 3.0  # temperatures that being away from home costs besides, where leaving keeps room


class Walker:
    """The flat arrays of one problem."""

    def __init__(self, problem: Problem, data: Data) -> None:
        flat = flatten(data)
        self.move_cost = flat.move_cost
        self.keeps_room = bool(np.isfinite(flat.room).any())
        self.flat = flat._replace(move_cost=flat.move_cost.copy())
        self.flat_ref = FlatReference(*self.flat)
        self.service_price = float(problem.place.service_price)
        worth = load_worth(self.flat)
        self.by_size = np.argsort(worth, kind="stable")
        self.size = worth[self.by_size]
        self.scale = float(worth.mean()) or float(self.flat.move_cost.mean()) or 1.0

    def temperature(self, left: float, warmth: float = 1.0) -> float:
        """Return the temperature [money] when a share ``left`` of the time is left.

        ``warmth`` scales the first one.
        """
        if left < QUENCH:
            return self.scale * STILL * (COLDEST / STILL) ** (left / QUENCH)
        heat, hottest = (left - QUENCH) / (1.0 - QUENCH), HOTTEST * warmth
        return self.scale * COLDEST * (hottest / COLDEST) ** heat

    def walk(self, host: np.ndarray, trials: int, temperature: float, seed: int) -> np.ndarray:
        """Return the placement (workload,) int64 after shifts and swaps from a legal one.

        ``temperature`` in money.
        """
        # Heat drives workloads from home until what they left behind fills all room and nothing
        # can move. A price that falls with the temperature leaves room to move in.
        pull = PULL * temperature if self.keeps_room else 0.0
        np.add(self.move_cost, pull, out=self.flat.move_cost)
        kept = keep(self.flat, host)
        walk(
            self.flat_ref,
            KeptReference(*kept),
            self.by_size,
            self.size,
            self.service_price,
            trials,
            temperature,
            seed,
        )
        return kept.host
