"""Compiled search for the host filling that is worth most: a knapsack of several resources.

Depth first over items by worth per room, cut off where even splitting the rest cannot win. The
search ends early when it takes too long; an upper limit on the worth holds either way.
"""

from __future__ import annotations

import numpy as np

from optimiser.solve.kernel import entry, jit

EPSILON = 1e-11


@jit
def may_add(use: np.ndarray, room: np.ndarray) -> bool:
    """Whether one more item of this use goes into the room that is left."""
    for column in range(len(room)):  # noqa: SIM110  (generators do not compile)
        if use[column] > room[column]:
            return False
    return True


@jit
def most_copies(use: np.ndarray, room: np.ndarray, count: int) -> int:
    """Return how many copies of an item go into the room, at most ``count``."""
    most = count
    for column in range(len(room)):
        if use[column] > 0:
            most = min(most, room[column] // use[column])
    return most


@jit
def split_worth(
    first: int,
    worth: np.ndarray,
    size: np.ndarray,
    count: np.ndarray,
    use: np.ndarray,
    room: np.ndarray,
    inverse: np.ndarray,
) -> float:
    """Return what the items from ``first`` on are worth at most if they could be split.

    All resources are added up to one, each as a share of the host.
    """
    left, total = 0.0, 0.0
    for column in range(len(room)):
        left += room[column] * inverse[column]
    for item in range(first, len(worth)):
        if not may_add(use[item], room):
            continue
        wanted = size[item] * count[item]
        if wanted >= left:
            return total + worth[item] * (left / size[item] if size[item] > 0.0 else count[item])
        total += worth[item] * count[item]
        left -= wanted
    return total


@jit
def split_by_column(
    worth: np.ndarray, use: np.ndarray, count: np.ndarray, room: np.ndarray
) -> float:
    """Return the least of the limits that each resource alone gives when items may be split."""
    least = np.inf
    for column in range(len(room)):
        density = np.empty(len(worth))
        for item in range(len(worth)):
            density[item] = -worth[item] / max(use[item, column], 1e-9)
        left, total = float(room[column]), 0.0
        for item in np.argsort(density):
            wanted = float(use[item, column] * count[item])
            if wanted > left:
                total += worth[item] * left / use[item, column]
                left = 0.0
                break
            total += worth[item] * count[item]
            left -= wanted
        least = min(least, total)
    return least


@entry
def best_filling(
    worth: np.ndarray,
    use: np.ndarray,
    count: np.ndarray,
    room: np.ndarray,
    floor: float,
    nodes: int,
) -> tuple[float, float, np.ndarray]:
    """Return the worth of the best filling, an upper limit on it, and how many of each item.

    ``worth`` (item,) > 0; ``use`` (item, column) and ``room`` (column,) int64; ``count`` (item,) at
    hand. Fillings worth no more than ``floor`` are of no interest. After ``nodes`` steps the best
    so far is returned with a limit that no filling exceeds.
    """
    inverse = 1.0 / np.maximum(room, 1)
    size = np.zeros(len(worth))
    for item in range(len(worth)):
        for column in range(len(room)):
            size[item] += use[item, column] * inverse[column]
    order = np.argsort(-worth / np.maximum(size, 1e-12))
    worth_by, size_by, count_by, use_by = worth[order], size[order], count[order], use[order]
    left, taken = room.copy(), np.zeros(len(worth), dtype=np.int64)
    best, value, item, steps = floor, 0.0, 0, 0
    found = np.zeros(len(worth), dtype=np.int64)
    while True:
        while item < len(worth):
            steps += 1
            rest = split_worth(item, worth_by, size_by, count_by, use_by, left, inverse)
            if value + rest <= best + EPSILON:
                break
            copies = most_copies(use_by[item], left, count_by[item])
            taken[item] = copies
            value += copies * worth_by[item]
            for column in range(len(left)):
                left[column] -= copies * use_by[item, column]
            item += 1
        if value > best + EPSILON:
            best = value
            found[:] = 0
            found[:item] = taken[:item]
        item -= 1
        while item >= 0 and taken[item] == 0:
            item -= 1
        if item < 0 or steps > nodes:
            break
        taken[item] -= 1
        value -= worth_by[item]
        for column in range(len(left)):
            left[column] += use_by[item, column]
        taken[item + 1 :] = 0
        item += 1
    upper = best
    if item >= 0:
        upper = max(best, split_worth(0, worth_by, size_by, count_by, use_by, room, inverse))
        upper = max(best, min(upper, split_by_column(worth, use, count, room)))
    result = np.zeros(len(worth), dtype=np.int64)
    result[order] = found
    return best, upper, result
