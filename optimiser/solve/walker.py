"""Drive the moves over flat arrays: the arrays of a problem, a placement in, a placement out."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from optimiser.solve.arrays import Data
from optimiser.solve.eject import eject
from optimiser.solve.flat import flatten, keep, load_worth
from optimiser.solve.problem import Problem
from optimiser.solve.references import FlatReference, KeptReference
from optimiser.solve.walk import walk

HOTTEST, COLDEST = 0.7, 0.0008  # of what the load of a workload is worth at most, on average
QUENCH = 0.15  # share of the time at the end in which moves that hardly matter are put right
STILL = 1e-8  # last temperature, in the same measure
PULL = 3.0  # temperatures that being away from home costs besides, where leaving keeps room
BY_SIZE = 0.7  # share of the pull that is in proportion to the room kept
EJECTION_LOOKS = 7.0  # numbers that an ejection move reads, in those of trials and of hosts
PARTS = 4  # turns of shifts and of ejection moves in one call


@dataclass(frozen=True)
class Style:
    """How a walk goes about it: whether it ejects, and whether large ones are drawn home more."""

    ejects: bool = False
    by_size: bool = False


class Walker:
    """The flat arrays of one problem."""

    def __init__(self, problem: Problem, data: Data) -> None:
        flat = flatten(data)
        self.move_cost = flat.move_cost
        limited = np.isfinite(flat.room).any(axis=0)
        self.keeps_room = bool(limited.any())
        self.flat = flat._replace(move_cost=flat.move_cost.copy())
        self.flat_ref = FlatReference(*self.flat)
        self.service_price = float(problem.place.service_price)
        self.worth = load_worth(self.flat)
        self.by_size = np.argsort(self.worth, kind="stable")
        self.size = self.worth[self.by_size]
        self.scale = float(self.worth.mean()) or float(self.flat.move_cost.mean()) or 1.0
        self._today = np.append(flat.today, -1)
        self._kept_room = _share_of_room(flat.use[:-1, limited], flat.room[:, limited])

    @property
    def styles(self) -> tuple[Style, ...]:
        """Styles that make a difference here."""
        plain = (Style(), Style(ejects=True))
        if not self.keeps_room:
            return plain
        return (*plain, *(Style(one.ejects, by_size=True) for one in plain))

    def temperature(self, left: float, warmth: float = 1.0) -> float:
        """Return the temperature [money] when a share ``left`` of the time is left.

        ``warmth`` scales the first one.
        """
        if left < QUENCH:
            return self.scale * STILL * (COLDEST / STILL) ** (left / QUENCH)
        heat, hottest = (left - QUENCH) / (1.0 - QUENCH), HOTTEST * warmth
        return self.scale * COLDEST * (hottest / COLDEST) ** heat

    def walk(
        self, host: np.ndarray, trials: int, temperature: float, seed: int, style: Style
    ) -> np.ndarray:
        """Return the placement (workload,) int64 after moves from a legal one.

        ``temperature`` in money. Ejection moves take about as long as the shifts and swaps.
        """
        np.add(self.move_cost, self._pull(style) * temperature, out=self.flat.move_cost)
        kept = keep(self.flat, host)
        reference, worth = KeptReference(*kept), self.service_price
        ejections = int(EJECTION_LOOKS * trials / max(1, kept.load.size)) if style.ejects else 0
        for part in range(PARTS):
            own = seed * PARTS + part
            walk(
                self.flat_ref, reference, self.by_size, self.size, worth, trials // PARTS,
                temperature, own,
            )  # fmt: skip
            if ejections:
                eject(
                    self.flat_ref, reference, self._today, self.by_size, self.worth, worth,
                    max(1, ejections // PARTS), temperature, own,
                )  # fmt: skip
        return kept.host

    def _pull(self, style: Style) -> float | np.ndarray:
        """Return what draws workloads home, in temperatures.

        Heat drives workloads from home until what they left behind fills all room and nothing can
        move. A price that falls with the temperature leaves room to move in.
        """
        if not self.keeps_room:
            return 0.0
        if not style.by_size:
            return PULL
        return np.asarray(PULL * (1.0 - BY_SIZE + BY_SIZE * self._kept_room))


def _share_of_room(use: np.ndarray, room: np.ndarray) -> np.ndarray:
    """Return what each workload keeps of a usual host's scarcest room, 1 on average (workload,)."""
    if use.shape[1] == 0:
        return np.ones(len(use))
    usual = np.nanmean(np.where(np.isfinite(room), room, np.nan), axis=0)
    share = (use / np.maximum(usual, 1.0)).max(axis=1)
    return np.asarray(share / max(float(share.mean()), 1e-12))
