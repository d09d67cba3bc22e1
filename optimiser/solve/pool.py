"""All fillings that a plan up to a target price can hold, where they are few enough to list."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import sparse

from optimiser.solve.columns import Prices
from optimiser.solve.listing import list_worthy
from optimiser.solve.packing import Packing

SLACK = 1e-6  # of the largest price, for rounding errors


@dataclass(frozen=True, eq=False)
class Pool:
    """Fillings ``table`` (filling, item) sparse, each on a host of class ``kind`` (filling,).

    Every plan that costs at most ``target`` consists of these, hosts that stay empty apart, if it
    ``is_complete``.
    """

    packing: Packing
    target: float
    kind: np.ndarray
    table: sparse.csr_matrix
    is_complete: bool = True

    @property
    def price(self) -> np.ndarray:
        """Price of each filling (filling,)."""
        return self.packing.price[self.kind]

    def filling(self, index: int) -> np.ndarray:
        """Return how many of each item (item,) a filling holds."""
        return np.asarray(self.table[index].toarray()[0], dtype=np.int64)


def list_pool(
    packing: Packing, target: float, prices: Prices, nodes: int, most: int, share: float = 1.0
) -> Pool | None:
    """Return all fillings of plans up to a target; ``None`` when they are too many.

    A plan costs the bound of any prices plus what each of its fillings costs more than it is worth
    at them, so no filling may cost more than it is worth by more than the target is above the
    bound. That is asked at the given prices, and at those of the use of each resource alone.
    ``share`` below 1 asks for the cheaper fillings only, by less than that share of the distance.
    ``nodes`` steps and ``most`` items are tried for each class of hosts.
    """
    slack = SLACK * float(packing.price.max())
    sizes = [p for p in size_prices(packing) if p.bound <= target + slack]
    measure = np.ascontiguousarray([p.worth for p in sizes]).reshape(len(sizes), len(packing.count))
    kinds, tables = [], []
    for kind in np.flatnonzero(packing.available > 0).tolist():
        chosen, cost = np.flatnonzero(packing.allowed[:, kind]), float(packing.price[kind])
        if not len(chosen):
            continue
        least = np.array([cost - (target - p.bound) - slack for p in sizes])
        floor = cost + float(prices.charge[kind]) - share * (target - prices.bound) - slack
        is_complete, start, item = list_worthy(
            prices.worth[chosen], packing.use[chosen], packing.count[chosen], packing.room[kind],
            floor, np.ascontiguousarray(measure[:, chosen]), least, nodes, most,
        )  # fmt: skip
        if not is_complete:
            return None
        shape = (len(start) - 1, len(packing.count))
        table = sparse.csr_matrix((np.ones(len(item)), chosen[item], start), shape=shape)
        table.sum_duplicates()
        kinds.append(np.full(shape[0], kind))
        tables.append(table)
    if not tables:
        return None
    table = sparse.vstack(tables, format="csr")
    return Pool(packing, target, np.concatenate(kinds), table, is_complete=share >= 1.0)


def size_prices(packing: Packing) -> list[Prices]:
    """Return prices by the use of one resource each: no filling uses more than its host has."""
    found = []
    usable = packing.available > 0
    for column in range(packing.use.shape[1]):
        has_room = usable & (packing.room[:, column] > 0)
        if not has_room.any():
            continue
        unit = float((packing.price[has_room] / packing.room[has_room, column]).min())
        worth = unit * packing.use[:, column].astype(float)
        bound = float(worth @ packing.count)
        found.append(Prices(worth, np.zeros(len(packing.price)), bound))
    return found


def mean_prices(prices: list[Prices]) -> Prices:
    """Return the mean, at which no filling gains either."""
    return Prices(
        np.mean([p.worth for p in prices], axis=0),
        np.mean([p.charge for p in prices], axis=0),
        float(np.mean([p.bound for p in prices])),
    )
