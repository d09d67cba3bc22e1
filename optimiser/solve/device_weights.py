"""What each share of a device is worth so that no device ever holds shares worth more than one.

A linear program over all ways to fill one device chooses the worths (Gilmore and Gomory 1961,
doi:10.1287/opre.9.6.849); a knapsack in whole numbers then proves them, so that nothing rests on
the solver. They are dual feasible functions made for the shares of one site.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache, reduce
from math import gcd

import numpy as np

from optimiser.solve.compiled import Compiled
from optimiser.solve.here import solve_here

MOST_ROOM = 20_000
"""Most units of a device (after dividing by what all shares have in common) that are tried."""
ROUNDS = 300
WHOLE = 1_000_000
CLOSE = 1e-9


def device_weights(
    share: np.ndarray, supply: np.ndarray, room: int, devices: int, whole: int = 0
) -> np.ndarray:
    """Return worths of shares of a device, so that no way to fill one is worth more than 1.

    share (s,) units of a device, below ``room``; supply (s,) how many ask for it; devices: how many
    there are; whole: how many are asked for as a whole. One row for the fewest devices that hold
    all shares; if there are too few, another for the largest amount that can be given away. Shape
    (rows, s), without rows where none was found.
    """
    found = _worths(tuple(share.tolist()), tuple(supply.tolist()), room, devices, whole)
    return np.array(found).reshape(len(found), len(share))


@lru_cache(maxsize=8)  # each model of a site asks for the same
def _worths(
    share: tuple[int, ...], supply: tuple[int, ...], room: int, devices: int, whole: int
) -> list[np.ndarray]:
    unit = reduce(gcd, share, room)
    if not share or room // unit > MOST_ROOM:
        return []
    sizes, room = np.array(share) // unit, room // unit
    ways = [np.eye(len(sizes), dtype=np.int64)[s] * (room // sizes[s]) for s in range(len(sizes))]
    fewest, worth = _priced(sizes, room, ways, Asked(np.array(supply)))
    found = [worth]
    if fewest + whole > devices:
        asked = Asked(np.array(supply), sizes / room, devices, whole)
        found.append(_priced(sizes, room, ways, asked)[1])
    proven = [proven_weights(sizes, room, each) for each in found]
    return [each for each in proven if each.any()]


@dataclass(frozen=True)
class Asked:
    """The program: the fewest devices for supply (s,), or the most of it on few ``devices``.

    amount (s,) is what each share counts, in devices; whole: how many are asked for as a whole.
    """

    supply: np.ndarray
    amount: np.ndarray | None = None
    devices: int = 0
    whole: int = 0

    def program(self, ways: np.ndarray) -> Compiled:
        """Return it over ways (w, s) to fill a device: how often each is used.

        The last row counts devices, the last column those given away as a whole.
        """
        num, ones = ways.shape[0] + 1, np.ones((ways.shape[0] + 1, 1))
        rows = np.hstack([np.vstack([ways, np.zeros(ways.shape[1])]), ones])
        column, row = np.nonzero(rows)
        low, high = np.full(rows.shape[1], -np.inf), np.full(rows.shape[1], np.inf)
        upper, cost = np.append(np.full(num - 1, np.inf), float(self.whole)), ones[:, 0]
        if self.amount is None:
            low[:-1] = self.supply
        else:
            high[:-1], high[-1] = self.supply, self.devices
            cost = -np.append(ways @ self.amount, 1.0)
        return Compiled(
            np.append(0, np.bincount(column, minlength=num).cumsum()),
            row.astype(np.int32),
            rows[column, row],
            low,
            high,
            np.zeros(num),
            upper,
            cost,
            np.zeros(num, dtype=bool),
        )

    def worth(self, dual: np.ndarray) -> np.ndarray | None:
        """Return what each share is worth (s,) of a device; None where devices cost nothing."""
        if self.amount is None:
            return np.maximum(dual[:-1], 0.0)
        price = -dual[-1]
        return np.maximum(self.amount + dual[:-1], 0.0) / price if price > CLOSE else None


def _priced(
    sizes: np.ndarray, room: int, ways: list[np.ndarray], asked: Asked
) -> tuple[float, np.ndarray]:
    """Return the value of the program and the worth of each size (s,); adds ways until it ends."""
    value, worth = 0.0, np.zeros(len(sizes))
    for _ in range(ROUNDS):
        result = solve_here(asked.program(np.array(ways)))
        if result.row_dual is None or result.objective is None:
            break
        value, found = result.objective, asked.worth(result.row_dual)
        if found is None:
            break
        worth = found
        most, way = best_way(sizes, room, worth)
        if most <= 1.0 + CLOSE or any((way == known).all() for known in ways):
            break
        ways.append(way)
    return abs(value), worth


def best_way(sizes: np.ndarray, room: int, worth: np.ndarray) -> tuple[float, np.ndarray]:
    """Return the largest worth that fits into a device and how many of each size (s,) reach it."""
    best = np.zeros(room + 1, dtype=worth.dtype)
    last = np.full(room + 1, -1)
    for used in range(int(sizes.min()), room + 1):
        fits = np.flatnonzero(sizes <= used)
        total = best[used - sizes[fits]] + worth[fits]
        at = int(total.argmax())
        best[used] = best[used - 1]
        if total[at] > best[used]:
            best[used], last[used] = total[at], fits[at]
    way, used = np.zeros(len(sizes), dtype=np.int64), room
    while used > 0:
        if last[used] < 0:
            used -= 1
            continue
        way[last[used]] += 1
        used -= int(sizes[last[used]])
    return float(best[room]), way


def proven_weights(sizes: np.ndarray, room: int, worth: np.ndarray) -> np.ndarray:
    """Return worths (s,) rounded so that whole numbers prove that no device holds more than 1."""
    whole = np.floor(np.clip(worth, 0.0, 1.0) * WHOLE + 1e-3).astype(np.int64)
    most, _ = best_way(sizes, room, whole)
    return whole / max(most, float(WHOLE))
