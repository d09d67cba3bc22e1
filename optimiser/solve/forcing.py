"""Which gangs a line of search must serve: one more at a time, given up where it does not fit.

A gang pays only when its last member has a host, so a search that looks at single workloads
hardly gets there. Here one gang at a time becomes as urgent as what must have a host anyway; the
search then makes room as it does for those.
"""

from __future__ import annotations

import numpy as np

from optimiser.solve.problem import Problem

PATIENCE = 5  # chunks in which a gang may find its hosts


class Forcing:
    """Prices of waiting for one line of search: ``price`` (workload,) is what kernels read.

    Infinite for gangs that are forced, below zero for those that are out for the time being.
    """

    def __init__(self, problem: Problem) -> None:
        serving = problem.frame.serving
        self.price = serving.price.copy()
        self._own, self._gang = serving.price, serving.gang
        inside = serving.gang >= 0
        self._worth = np.bincount(serving.gang[inside], weights=serving.price[inside])
        self._open = np.argsort(-self._worth, kind="stable").tolist()
        self._forced: list[int] = []
        self._waited = 0
        for gang in self._open:
            self._close(gang)

    @property
    def is_needed(self) -> bool:
        """Whether there are gangs at all."""
        return len(self._worth) > 0

    def prefer(self, target: np.ndarray) -> None:
        """Try the gangs first that a relaxation serves, ``target`` (workload,) −1 for none."""
        served = np.zeros(len(self._worth), dtype=bool)
        inside = (self._gang >= 0) & (target >= 0)
        served[self._gang[inside]] = True
        tried = set(self._forced)
        ranked = sorted(range(len(served)), key=lambda g: (not served[g], -self._worth[g]))
        self._open = [gang for gang in ranked if gang not in tried]

    def turn(self, host: np.ndarray, is_legal: bool) -> None:
        """Force one more gang when all that is forced has hosts, or give one up in the end."""
        if is_legal:
            self._waited = 0
            if self._open:
                gang = self._open.pop(0)
                self._forced.append(gang)
                self.price[self._gang == gang] = np.inf
            return
        self._waited += 1
        lacking = [gang for gang in self._forced if (host[self._gang == gang] < 0).any()]
        if self._waited >= PATIENCE and lacking:
            self._waited = 0
            share = [float((host[self._gang == gang] >= 0).mean()) for gang in lacking]
            gang = lacking[int(np.argmin(share))]
            self._forced.remove(gang)
            self._close(gang)

    def _close(self, gang: int) -> None:
        members = self._gang == gang
        self.price[members] = -self._own[members]
