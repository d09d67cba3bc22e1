"""The cheapest hosts that hold everything, by fillings: bounds and plans, and proof where it goes.

The bound by sizes comes first, with a list of all fillings that are full enough for it where these
are few; then column generation, a dive, and lists of the fillings that a plan at the bound could
hold. Where no list of all of them is possible, a part of it may still hold a plan.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np

from optimiser.solve.candidate import Candidate
from optimiser.solve.columns import Master, fillings_of, generate, round_up
from optimiser.solve.dive import dive, place_fillings
from optimiser.solve.executor import Executor, InProcess
from optimiser.solve.filling_tree import search_pool
from optimiser.solve.packing import Packing
from optimiser.solve.pool import Pool, list_pool, mean_prices, size_prices

GENERATE_SHARE, DIVE_SHARE, SEARCH_SHARE = 0.5, 0.75, 0.85  # of the time, when each is done
LISTED, LISTED_BY_SIZE = 2_000_000, 150_000  # items in a list of fillings
STEPS = 4_000_000  # of one list
PARTS = (0.3, 0.1, 0.03, 0.01)
"""How far up the distance to the target fillings are listed where all of them are too many."""
FEW_STEPS = 50
"""Steps of the prices between bound and best plan up to which lists may close the gap."""
PART_NODES = 400  # of a search among a part
ENOUGH = 1e-6


@dataclass(frozen=True)
class Desk:
    """Where the work on one packing reports and asks.

    ``best`` gives the best plan so far; ``offer`` takes a placement (workload,), ``tell`` a bound;
    ``is_over`` is asked, with a share of the time limit, before each piece of work; ``executor``
    runs what is independent.
    """

    best: Callable[[], Candidate | None]
    offer: Callable[[np.ndarray], None]
    tell: Callable[[float], None]
    is_over: Callable[[float], bool]
    executor: Executor = field(default_factory=InProcess)


class Coverer:
    """Works on one packing until its plan is proven best or time is over."""

    def __init__(self, packing: Packing, desk: Desk) -> None:
        self.packing, self.desk = packing, desk
        self.bound = 0.0
        self.is_listed = True

    def run(self) -> Master:
        """Do all that there is to do; return the master with the fillings found."""
        self._search_by_size()
        best = self.desk.best()
        start = [] if best is None else fillings_of(self.packing, best.host)
        master = generate(
            self.packing, start, self._tell, self._until(GENERATE_SHARE), self.desk.executor
        )
        host = None if self._is_over(DIVE_SHARE) else dive(master, self._until(DIVE_SHARE))
        if host is not None:
            self.desk.offer(host)
        if self._is_near and master.prices is not None:
            self._search_all(master)
            self._search_parts(master)
        return master

    def _tell(self, bound: float) -> None:
        if bound > self.bound:
            self.bound = bound
            self.desk.tell(bound)

    def _is_over(self, share: float) -> bool:
        return self.is_closed or self.desk.is_over(share)

    def _until(self, share: float) -> Callable[[], bool]:
        return lambda: self._is_over(share)

    @property
    def is_closed(self) -> bool:
        """Whether the best plan costs no more than the bound."""
        return self._best_price <= self.bound + ENOUGH * max(1.0, self.bound)

    @property
    def _is_near(self) -> bool:
        """Whether few whole steps of the prices lie between the bound and the best plan."""
        step = self.packing.step
        return step > 0.0 and self._best_price - self.bound <= FEW_STEPS * step

    @property
    def _best_price(self) -> float:
        best = self.desk.best()
        return np.inf if best is None else best.objective

    def _search_by_size(self) -> None:
        """Search all fillings that are full enough for the bound by sizes, where they are few."""
        packing, prices = self.packing, size_prices(self.packing)
        if not prices or packing.step == 0.0 or self._is_over(GENERATE_SHARE):
            return
        self._tell(round_up(packing, max(one.bound for one in prices)))
        if not self._is_near:
            return
        pool = list_pool(packing, self.bound, mean_prices(prices), STEPS, LISTED_BY_SIZE)
        if pool is not None:
            self._search(pool)

    def _search_all(self, master: Master) -> None:
        """Search all fillings of plans at the bound, which rises when there is none."""
        while not self._is_over(SEARCH_SHARE):
            pool = self._list(master, self.bound, 1.0)
            self.is_listed = pool is not None
            if pool is None or not self._search(pool):
                return

    def _search_parts(self, master: Master) -> None:
        """Search the cheaper fillings for plans at the bound and above, until one is found."""
        step, target = self.packing.step, self.bound
        if self.is_listed:
            return
        while target < self._best_price - 0.5 * step:
            for part in PARTS:
                if self._is_over(SEARCH_SHARE):
                    return
                pool = self._list(master, target, part)
                if pool is not None:
                    self._search(pool, PART_NODES)
                if self._best_price <= target + 0.5 * step:
                    return
            target += step

    def _list(self, master: Master, target: float, part: float) -> Pool | None:
        assert master.prices is not None
        return list_pool(self.packing, target, master.prices, STEPS, LISTED, part)

    def _search(self, pool: Pool, nodes: int | None = None) -> bool:
        """Return whether a plan was found and is legal, or there is proof that there is none.

        When there is none in a pool of all fillings the bound rises.
        """
        asked = itertools.count()

        def is_over() -> bool:
            return self._is_over(SEARCH_SHARE) or (nodes is not None and next(asked) > nodes)

        found = search_pool(pool, is_over)
        if found.fillings is not None:
            self.desk.offer(place_fillings(self.packing, found.fillings))
        elif found.is_proven and pool.is_complete:
            self._tell(pool.target + self.packing.step)
            return True
        return self._best_price <= pool.target + 0.5 * self.packing.step
