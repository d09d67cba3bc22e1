"""Compiled sums over domains, budgets of moves, overheads and free units, kept move by move."""

from __future__ import annotations

import numpy as np

from optimiser.solve.arrays import Data, State
from optimiser.solve.cells import count_in
from optimiser.solve.jit import jit
from optimiser.solve.sums import SPACE


@jit
def is_on(state: State, host: int) -> bool:
    """Whether a host is on: it holds something or must not sleep."""
    return state.members[host] > 0 or state.forced_on[host]


@jit
def shift_sums(data: Data, state: State, workload: int, host: int, sign: int) -> None:
    """Add (+1) or take away (−1) a workload's use in the sums over domains."""
    flavour = data.flavour[workload]
    for rule in range(len(data.sum_domain)):
        domain, group = data.sum_domain[rule, host], data.sum_group[rule, workload]
        if domain >= 0 and group >= 0 and data.sum_column[rule, 0] != SPACE:
            cell = group * data.sum_width[rule] + domain
            for step in range(state.sum_use.shape[2]):
                used = data.use[flavour, data.sum_column[rule, step]]
                state.sum_use[rule, cell, step] += sign * used


@jit
def shift_moves(data: Data, state: State, workload: int, sign: int) -> None:
    """Count a workload that leaves today's host (+1) or comes back (−1) in the budgets of moves."""
    for rule in range(len(data.move_limit)):
        group = data.move_group[rule, workload]
        if group >= 0:
            before, limit = state.moved[rule, group], data.move_limit[rule]
            after = before + sign * data.move_weight[rule, workload]
            state.moved[rule, group] = after
            state.moved_beyond[rule] += max(0, after - limit) - max(0, before - limit)


@jit
def overheads_allow(data: Data, state: State, workload: int, host: int) -> bool:
    """Whether a host has room for a workload and for what each group there costs."""
    flavour = data.flavour[workload]
    if data.overhead.shape[1] == 0:
        return True
    for rule in range(len(data.overhead)):
        amount = data.overhead[rule, host]
        if amount == 0:
            continue
        group, domain = data.group[rule, workload], data.domain[rule, host]
        crowd = state.present[rule, domain]
        if group >= 0 and count_in(data, state, rule, group, domain) == 0:
            crowd += 1
        for step in range(data.overhead_column.shape[1]):
            column = data.overhead_column[rule, step]
            filled = state.load[host, column] + data.use[flavour, column]
            if filled + crowd * amount > data.overhead_limit[rule, host, step]:
                return False
    return True


@jit
def refresh_units(data: Data, state: State, host: int) -> None:
    """Count again how many more workloads of each rule's size find room on a host."""
    for rule in range(len(data.unit_need)):
        domain = data.unit_domain[rule, host]
        if domain < 0:
            continue
        fit = np.int64(2**40)
        for column in range(data.unit_size.shape[1]):
            size = data.unit_size[rule, column]
            if size > 0:
                left = max(0, data.rated[host, column] - state.load[host, column])
                fit = min(fit, left // size)
        state.unit_total[rule, domain] += fit - state.unit_room[rule, host]
        state.unit_room[rule, host] = fit


@jit
def units_missing(data: Data, state: State) -> int:
    """How many units the best domains are short of, over all rules."""
    missing = 0
    for rule in range(len(data.unit_need)):
        missing += max(0, data.unit_need[rule] - state.unit_total[rule].max())
    return missing


@jit
def sums_allow(data: Data, state: State, workload: int, host: int) -> bool:
    """Whether sums over the domains of a host, and overheads on it, leave room for a workload."""
    flavour = data.flavour[workload]
    for rule in range(len(data.sum_domain)):
        domain, group = data.sum_domain[rule, host], data.sum_group[rule, workload]
        if domain < 0 or group < 0 or (data.sum_column[rule, 0] == SPACE and is_on(state, host)):
            continue
        cell = group * data.sum_width[rule] + domain
        for step in range(state.sum_use.shape[2]):
            added = data.sum_units[rule, host]
            if data.sum_column[rule, 0] != SPACE:
                added = float(data.use[flavour, data.sum_column[rule, step]])
            filled = state.sum_use[rule, cell, step] + added
            if added > 0 and filled > data.sum_limit[rule, cell, step]:
                return False
    return overheads_allow(data, state, workload, host)


@jit
def units_allow(data: Data, state: State, host: int) -> bool:
    """Whether the rack units of a host that sleeps may be on beside those that are."""
    for rule in range(len(data.sum_domain)):
        domain = data.sum_domain[rule, host]
        if domain < 0 or data.sum_column[rule, 0] != SPACE:
            continue
        for step in range(state.sum_use.shape[2]):
            filled = state.sum_use[rule, domain, step] + data.sum_units[rule, host]
            if filled > data.sum_limit[rule, domain, step]:
                return False
    return True
