"""Compiled enumeration: every filling of a host that is worth enough, in several measures at once.

Which fillings a cheap plan can hold follows from worths: a plan that costs no more than a target
holds only fillings that cost little more than they are worth. Where these are few enough to be
written down, choosing among them is the whole problem.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from optimiser.solve.kernel import entry, jit
from optimiser.solve.knapsack import (
    Items,
    Stack,
    descend,
    limit_at,
    new_stack,
    price_room,
    sort_items,
)


class Shelf(NamedTuple):
    """Fillings written down: those of filling f are ``item[start[f]:start[f + 1]]``, with copies.

    ``number`` (2,) fillings and items so far.
    """

    start: np.ndarray
    item: np.ndarray
    number: np.ndarray


@jit
def goes_in_last(items: Items, stack: Stack, depth: int) -> bool:
    """Whether no two more items go in together."""
    for column in range(stack.left.shape[1]):
        least = stack.left[depth, column]
        for place in range(stack.length[depth]):
            least = min(least, items.use[stack.fits[depth, place], column])
        if 2 * least > stack.left[depth, column]:
            return True
    return False


@jit
def is_enough(
    items: Items, stack: Stack, last: int, measure: np.ndarray, least: np.ndarray
) -> bool:
    """Whether what is taken, with one more ``last`` unless −1, is enough in every measure."""
    for row in range(len(least)):
        total = 0.0 if last < 0 else measure[row, last]
        for item in np.flatnonzero(stack.taken):
            total += stack.taken[item] * measure[row, item]
        if total < least[row]:
            return False
    return True


@jit
def write_down(shelf: Shelf, order: np.ndarray, stack: Stack, last: int) -> bool:
    """Add what is taken, with one more ``last`` unless −1; return whether there was room."""
    filling, place = shelf.number
    for item in np.flatnonzero(stack.taken):
        for _ in range(stack.taken[item]):
            if place >= len(shelf.item):
                return False
            shelf.item[place] = order[item]
            place += 1
    if last >= 0:
        if place >= len(shelf.item):
            return False
        shelf.item[place] = order[last]
        place += 1
    if filling + 1 >= len(shelf.start):
        return False
    shelf.start[filling + 1] = place
    shelf.number[0], shelf.number[1] = filling + 1, place
    return True


@jit
def write_last(
    items: Items,
    stack: Stack,
    depth: int,
    floor: float,
    measure: np.ndarray,
    least: np.ndarray,
    shelf: Shelf,
    order: np.ndarray,
) -> bool:
    """Write down all fillings of one item more than are chosen; return whether there was room."""
    for place in range(stack.length[depth]):
        item = stack.fits[depth, place]
        if stack.worth[depth] + items.worth[item] < floor:
            continue
        if is_enough(items, stack, item, measure, least) and not write_down(
            shelf, order, stack, item
        ):
            return False
    stack.next[depth] = stack.length[depth]
    return True


@entry
def list_worthy(
    worth: np.ndarray,
    use: np.ndarray,
    count: np.ndarray,
    room: np.ndarray,
    floor: float,
    measure: np.ndarray,
    least: np.ndarray,
    nodes: int,
    most: int,
) -> tuple[bool, np.ndarray, np.ndarray]:
    """Return whether all fillings were found, where each begins, and their items.

    Wanted are fillings worth at least ``floor``, and ``least`` (row,) in each ``measure``
    (row, item). ``worth`` (item,) ≥ 0; ``use`` (item, column) and ``room`` (column,) int64;
    ``count`` (item,) at hand. The search ends after ``nodes`` steps, or ``most`` items written.
    """
    price = price_room(worth, use, count, room, 200)
    order, items = sort_items(worth, use, count, price)
    by_order = measure[:, order]
    stack = new_stack(items, room, price)
    shelf = Shelf(
        np.zeros(most + 1, dtype=np.int64), np.empty(most, dtype=np.int32), np.zeros(2, np.int64)
    )
    depth, steps, is_complete = 0, 0, True
    while depth >= 0:
        is_over = stack.next[depth] >= stack.length[depth]
        if is_over or limit_at(items, stack, depth) < floor:
            depth -= 1
            if depth >= 0:
                stack.taken[stack.fits[depth, stack.next[depth] - 1]] -= 1
            continue
        if steps >= nodes:
            is_complete = False
            break
        steps += 1
        descend(items, stack, depth)
        depth += 1
        if (
            stack.worth[depth] >= floor
            and is_enough(items, stack, -1, by_order, least)
            and not write_down(shelf, order, stack, -1)
        ):
            is_complete = False
            break
        if goes_in_last(items, stack, depth) and not write_last(
            items, stack, depth, floor, by_order, least, shelf, order
        ):
            is_complete = False
            break
    filled, placed = shelf.number
    return is_complete, shelf.start[: filled + 1].copy(), shelf.item[:placed].copy()
