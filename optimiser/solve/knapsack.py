"""Compiled search for fillings of a host: a knapsack of several resources.

Depth first over items by worth per room, cut off where even splitting the rest cannot win. All
resources are added up to one at prices that make that limit tight: the duals of the knapsack's own
linear relaxation. A search that takes too long ends early; an upper limit on the worth holds either
way.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from optimiser.solve.kernel import entry, jit

EPSILON = 1e-11
RESTRAINT = 0.5  # of the best gain so far that a filling must reach to be kept beside it
COOLING = 0.9


@entry
def price_room(
    worth: np.ndarray, use: np.ndarray, count: np.ndarray, room: np.ndarray, rounds: int
) -> np.ndarray:
    """Return prices of the resources (column,) at which splitting gives a low limit on the worth.

    The limit of prices p is p·room plus what items are worth above p·use; its least is the optimum
    of the linear relaxation (Lagrange). Subgradient steps (Polyak) come close; any p ≥ 0 is valid.
    """
    columns = len(room)
    inverse = np.array([1.0 / max(amount, 1) for amount in room])
    densest = 0.0
    for item in range(len(worth)):
        size = (use[item] * inverse).sum()
        densest = max(densest, worth[item] / max(size, 1e-9))
    price = densest * inverse / max(columns, 1)
    found, best, hope = price.copy(), np.inf, 0.05
    slope = np.empty(columns)
    for _ in range(rounds):
        limit = relaxed_worth(price, worth, use, count, room, slope)
        if limit < best:
            best = limit
            found[:] = price
        else:
            hope *= COOLING
        length = 0.0
        for column in range(columns):
            if price[column] > 0.0 or slope[column] < 0.0:
                length += (slope[column] * inverse[column]) ** 2
        if length <= 1e-18:
            break
        step = (limit - best * (1.0 - hope)) / length
        price = np.maximum(0.0, price - step * slope * inverse * inverse)
    return found


@jit
def relaxed_worth(
    price: np.ndarray,
    worth: np.ndarray,
    use: np.ndarray,
    count: np.ndarray,
    room: np.ndarray,
    slope: np.ndarray,
) -> float:
    """Return the limit that prices of the resources give; fill its ``slope`` (column,)."""
    limit = 0.0
    for column in range(len(room)):
        slope[column] = room[column]
        limit += price[column] * room[column]
    for item in range(len(worth)):
        gain = worth[item]
        for column in range(len(room)):
            gain -= price[column] * use[item, column]
        if gain > 0.0:
            limit += gain * count[item]
            for column in range(len(room)):
                slope[column] -= count[item] * use[item, column]
    return limit


class Items(NamedTuple):
    """Items by worth per size: ``worth``, ``size`` and ``copies`` (item,), ``use`` (item, column).

    The size is the use at the prices of the resources.
    """

    worth: np.ndarray
    size: np.ndarray
    copies: np.ndarray
    use: np.ndarray


class Stack(NamedTuple):
    """The path of the search, by depth.

    ``fits`` (depth, item) lists the items that still go in beside those chosen, ``length`` how
    many, ``next`` which is tried next; ``left`` (depth, column) the room, ``span`` (depth,) the
    same at the prices of the resources; ``worth`` (depth,) of what is chosen; ``taken`` (item,).
    """

    fits: np.ndarray
    length: np.ndarray
    next: np.ndarray
    left: np.ndarray
    span: np.ndarray
    worth: np.ndarray
    taken: np.ndarray


@jit
def may_add(use: np.ndarray, room: np.ndarray) -> bool:
    """Whether one more item of this use goes into the room that is left."""
    for column in range(len(room)):  # noqa: SIM110  (generators do not compile)
        if use[column] > room[column]:
            return False
    return True


@jit
def most_items(items: Items, room: np.ndarray) -> int:
    """Return how many items a host can hold at most."""
    most = items.copies.sum()
    for column in range(len(room)):
        least = items.use[:, column].min()
        if least > 0:
            most = min(most, room[column] // least)
    return most


@jit
def new_stack(items: Items, room: np.ndarray, price: np.ndarray) -> Stack:
    """Return the path before its first step."""
    deep, num = most_items(items, room) + 2, len(items.worth)
    stack = Stack(
        np.empty((deep, num), dtype=np.int32),
        np.zeros(deep, dtype=np.int64),
        np.zeros(deep, dtype=np.int64),
        np.empty((deep, len(room)), dtype=np.int64),
        np.empty(deep),
        np.zeros(deep),
        np.zeros(num, dtype=np.int64),
    )
    stack.left[0] = room
    stack.span[0] = (price * room).sum()
    for item in range(num):
        if items.copies[item] > 0 and may_add(items.use[item], room):
            stack.fits[0, stack.length[0]] = item
            stack.length[0] += 1
    return stack


@jit
def limit_at(items: Items, stack: Stack, depth: int) -> float:
    """Return what a filling is worth at most that goes on from here, items being split."""
    left, total = stack.span[depth], stack.worth[depth]
    for place in range(stack.next[depth], stack.length[depth]):
        item = stack.fits[depth, place]
        number = items.copies[item] - stack.taken[item]
        if items.size[item] > 0.0 and items.size[item] * number >= left:
            return total + items.worth[item] * (left / items.size[item])
        total += items.worth[item] * number
        left -= items.size[item] * number
    return total


@jit
def descend(items: Items, stack: Stack, depth: int) -> None:
    """Take one more of the next item; list what still goes in beside it."""
    place = stack.next[depth]
    item = stack.fits[depth, place]
    stack.next[depth] += 1
    stack.taken[item] += 1
    for column in range(stack.left.shape[1]):
        stack.left[depth + 1, column] = stack.left[depth, column] - items.use[item, column]
    stack.span[depth + 1] = max(0.0, stack.span[depth] - items.size[item])
    stack.worth[depth + 1] = stack.worth[depth] + items.worth[item]
    number, left = 0, stack.left[depth + 1]
    first = place if stack.taken[item] < items.copies[item] else place + 1
    for other in range(first, stack.length[depth]):
        candidate = stack.fits[depth, other]
        if may_add(items.use[candidate], left):
            stack.fits[depth + 1, number] = candidate
            number += 1
    stack.length[depth + 1], stack.next[depth + 1] = number, 0


@jit
def sort_items(
    worth: np.ndarray, use: np.ndarray, count: np.ndarray, price: np.ndarray
) -> tuple[np.ndarray, Items]:
    """Return the order by worth per size, and the items in it."""
    size = np.zeros(len(worth))
    for item in range(len(worth)):
        for column in range(len(price)):
            size[item] += use[item, column] * price[column]
    order = np.argsort(-worth / np.maximum(size, 1e-12), kind="mergesort")
    return order, Items(worth[order], size[order], count[order], use[order])


@entry
def best_fillings(
    worth: np.ndarray,
    use: np.ndarray,
    count: np.ndarray,
    room: np.ndarray,
    floor: float,
    nodes: int,
    most: int,
) -> tuple[float, np.ndarray, np.ndarray]:
    """Return an upper limit on the worth of a filling, good fillings and their worths.

    ``worth`` (item,) > 0; ``use`` (item, column) and ``room`` (column,) int64; ``count`` (item,) at
    hand. Of the fillings worth more than ``floor`` the best one with each item as its first comes
    back, at most ``most`` of them (filling, item), the best of all among them. Without one the
    limit is ``floor``. After ``nodes`` steps the search ends; the limit holds all the same.
    """
    price = price_room(worth, use, count, room, 200)
    order, items = sort_items(worth, use, count, price)
    stack = new_stack(items, room, price)
    found, value = np.zeros((most, len(worth)), dtype=np.int64), np.zeros(most)
    number, slot, depth, steps = 0, -1, 0, 0
    best, bar = floor, floor
    while depth >= 0:
        if depth == 0:
            slot, bar = -1, floor + RESTRAINT * (best - floor)
        if stack.next[depth] >= stack.length[depth] or (
            limit_at(items, stack, depth) <= bar + EPSILON
        ):
            depth -= 1
            if depth >= 0:
                stack.taken[stack.fits[depth, stack.next[depth] - 1]] -= 1
            continue
        if steps >= nodes:
            break
        steps += 1
        descend(items, stack, depth)
        depth += 1
        if stack.worth[depth] > bar + EPSILON:
            bar = stack.worth[depth]
            if slot < 0:
                slot = number if number < most else int(np.argmin(value))
                number = min(number + 1, most)
            value[slot] = bar
            found[slot] = 0
            found[slot][order] = stack.taken
            best = max(best, bar)
    upper = best
    for above in range(depth + 1):
        upper = max(upper, limit_at(items, stack, above))
    return upper, found[:number], value[:number]
