"""Compiled look-up of counts and limits in the cells of the count rules, dense or sparse.

A rule with few cells has one number for each. Where they would be too many (groups times domains,
say ten thousand services on a hundred thousand hosts), a group has its own small hash table with
linear probing: it never uses more domains than it has members, so twice as many slots suffice.
"""

from __future__ import annotations

import numpy as np

from optimiser.solve.arrays import Data, State
from optimiser.solve.jit import jit

MIX = 0x9E3779B1  # odd, spreads neighbouring domains over the slots (Knuth's multiplier)


@jit
def slot_of(data: Data, state: State, rule: int, group: int, domain: int) -> int:
    """Return the slot of a domain in a group's table, or the free one where it would go."""
    start, mask = data.slot_start[rule, group], data.slot_mask[rule, group]
    position = (domain * MIX >> 8) & mask
    while True:
        held = state.slot_domain[start + position]
        if held == domain or held < 0:
            return start + position
        position = (position + 1) & mask


@jit
def count_in(data: Data, state: State, rule: int, group: int, domain: int) -> np.int64:
    """Return how many members of a group are in a domain."""
    offset = data.offset[rule]
    if offset >= 0:
        return np.int64(state.count[offset + group * data.num_domains[rule] + domain])
    return np.int64(state.slot_count[slot_of(data, state, rule, group, domain)])


@jit
def shift_count(
    data: Data, state: State, rule: int, group: int, domain: int, sign: int
) -> np.int64:
    """Count one member more (+1) or less (−1) in a domain; return how many there were."""
    offset = data.offset[rule]
    if offset >= 0:
        cell = offset + group * data.num_domains[rule] + domain
        before = state.count[cell]
        state.count[cell] = before + sign
        return np.int64(before)
    slot = slot_of(data, state, rule, group, domain)
    before = state.slot_count[slot]
    state.slot_domain[slot] = domain
    state.slot_count[slot] = before + sign
    if before + sign == 0:
        close_gap(data, state, rule, group, slot)
    return np.int64(before)


@jit
def close_gap(data: Data, state: State, rule: int, group: int, slot: int) -> None:
    """Free a slot and move those behind it up that would no longer be found."""
    start, mask = data.slot_start[rule, group], data.slot_mask[rule, group]
    gap = slot - start
    position = gap
    while True:
        position = (position + 1) & mask
        held = state.slot_domain[start + position]
        if held < 0:
            break
        home = (held * MIX >> 8) & mask
        if ((position - home) & mask) >= ((position - gap) & mask):
            state.slot_domain[start + gap] = held
            state.slot_count[start + gap] = state.slot_count[start + position]
            gap = position
    state.slot_domain[start + gap] = -1
    state.slot_count[start + gap] = 0


@jit
def may_hold(data: Data, rule: int, group: int, domain: int, count: int) -> bool:
    """Whether a domain that has ``count`` members of a group may have one more."""
    offset, width = data.offset[rule], data.num_domains[rule]
    if offset >= 0:
        return bool(count < data.limit[offset + group * width + domain])
    if count < data.cap[rule, group]:
        return True
    cell = data.first_cell[rule] + group * width + domain
    position = np.searchsorted(data.excused, cell)
    if position == len(data.excused) or data.excused[position] != cell:
        return False
    return bool(count < data.excused_limit[position])
