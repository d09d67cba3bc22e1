"""Which style of walk a site asks for: short coolings side by side, then a long one of the best."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from optimiser.solve.walker import Style

RACE = 0.2
"""Share of the search in which styles are tried."""


@dataclass(frozen=True)
class Cooling:
    """One walk from hot to cold, from ``start`` to ``end`` (shares of the search)."""

    start: float
    end: float
    style: Style

    def left(self, spent: float) -> float:
        """Return which share of it is left."""
        return float(np.clip((self.end - spent) / (self.end - self.start), 0.0, 1.0))


class Race:
    """The coolings of each track: laps of all styles in turn, then one of the best."""

    def __init__(self, styles: Sequence[Style], tracks: int) -> None:
        self._styles, self._tracks = styles, tracks
        self._laps = -(-len(styles) // tracks)

    def cooling(self, track: int, spent: float, standing: Mapping[Cooling, float]) -> Cooling:
        """Return the cooling of a track at a time.

        ``standing`` are the objectives that coolings of all tracks have come to.
        """
        if spent >= RACE:
            return Cooling(RACE, 1.0, self._best(standing))
        lap = min(int(spent / RACE * self._laps), self._laps - 1)
        style = self._styles[(lap * self._tracks + track) % len(self._styles)]
        return Cooling(RACE * lap / self._laps, RACE * (lap + 1) / self._laps, style)

    def _best(self, standing: Mapping[Cooling, float]) -> Style:
        laps = {one: value for one, value in standing.items() if one.end <= RACE}
        return min(laps, key=lambda one: laps[one]).style if laps else self._styles[0]
