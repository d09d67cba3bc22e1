"""Compiled moves: put a workload on a host or take it off, with every rule kept incrementally."""

from __future__ import annotations

import numpy as np

from optimiser.solve.arrays import Data, State
from optimiser.solve.cells import count_in, may_hold, shift_count
from optimiser.solve.jit import entry as entry  # noqa: PLC0414  (others take it from here)
from optimiser.solve.jit import jit
from optimiser.solve.place_kernel import (
    nearness_holds,
    refresh_price,
    shift_place,
    transit_fits,
)
from optimiser.solve.row_kernel import device_w as device_w  # noqa: PLC0414
from optimiser.solve.row_kernel import host_power as host_power  # noqa: PLC0414
from optimiser.solve.row_kernel import rows_hold as rows_hold  # noqa: PLC0414
from optimiser.solve.sum_kernel import is_on as is_on  # noqa: PLC0414
from optimiser.solve.sum_kernel import refresh_units, shift_moves, shift_sums, units_missing
from optimiser.solve.sum_kernel import sums_allow as sums_allow  # noqa: PLC0414
from optimiser.solve.sums import SPACE


@jit
def overload(data: Data, state: State, host: int, comes: np.ndarray, goes: np.ndarray) -> float:
    """How far use exceeds the capacity of a host when some arrives and some leaves [hosts' worth].

    A resource that varies counts with the mean of its steps.
    """
    load, capacity, inverse = state.load[host], data.capacity[host], data.inverse_capacity[host]
    total = 0.0
    for column in range(len(load)):
        above = load[column] + comes[column] - goes[column] - capacity[column]
        if above > 0:
            total += above * inverse[column] * data.column_weight[column]
    return total


@jit
def refresh_host(data: Data, state: State, host: int) -> None:
    """Recompute cost and planning power of a host and pass the change on to the rack rows."""
    kind, rack, on = data.kind[host], data.rack[host], is_on(state, host)
    planned, price, load = state.planning[host], state.price[rack], state.load[host]
    inverse, row_load = data.inverse_capacity[host], state.row_load
    power = np.full(len(planned), data.standby[kind])
    offset, cost = 0.0, 0.0
    if on:
        host_power(data, state, host, data.nothing, power)
        power += device_w(data, state, host)
        offset, cost = data.gap[kind], data.on_cost[host]
    for step in range(len(power)):
        cost += power[step] * price[step]
        power[step] += offset - planned[step]
        planned[step] += power[step]
    for position in range(data.row_start[rack], data.row_start[rack + 1]):
        row, value = data.row_index[position], data.row_value[position]
        for step in range(len(power)):
            row_load[row, step] += value * power[step]
    if state.overload_price[0] > 0.0:
        cost += state.overload_price[0] * overload(data, state, host, data.nothing, data.nothing)
    state.cost[host] = cost + refresh_price(data, state, host)
    highest = 0.0
    for column in range(len(load)):
        highest = max(highest, load[column] * inverse[column])
    state.fullness[host] = highest * highest
    refresh_units(data, state, host)


@jit
def switch(data: Data, state: State, host: int, sign: int) -> None:
    """Count a host that was turned on (+1) or off (−1) in reserves and budgets."""
    for rule in range(len(data.reserve_fraction)):
        domain = data.reserve_domain[rule, host]
        if domain >= 0:
            state.reserve_capacity[rule, domain] += (
                sign * data.rated[host, data.reserve_column[rule, 0]]
            )
    for rule in range(len(data.sum_domain)):
        domain = data.sum_domain[rule, host]
        if domain >= 0 and data.sum_column[rule, 0] == SPACE:
            for step in range(state.sum_use.shape[2]):
                state.sum_use[rule, domain, step] += sign * data.sum_units[rule, host]
    for rule in range(len(data.on_limit)):
        state.on_count[rule] += sign * data.on_weight[rule, host]


@jit
def shift_load(data: Data, state: State, workload: int, host: int, sign: int) -> None:
    """Add (+1) or take away (−1) a workload's use, counts and reserves at a host."""
    flavour = data.flavour[workload]
    for column in range(data.use.shape[1]):
        state.load[host, column] += sign * data.use[flavour, column]
    for rule in range(len(data.num_domains)):
        group, domain = data.group[rule, workload], data.domain[rule, host]
        if group >= 0 and domain >= 0:
            before = shift_count(data, state, rule, group, domain, sign)
            state.size[rule, group] += sign
            if before + sign == 0 or (before == 0 and sign > 0):
                state.used[rule, group] += sign * data.takes[rule, domain]
                state.present[rule, domain] += sign
    for rule in range(len(data.reserve_fraction)):
        domain = data.reserve_domain[rule, host]
        if domain >= 0:
            for step in range(len(data.power_column)):
                column = data.reserve_column[rule, step]
                state.reserve_use[rule, domain, step] += sign * data.use[flavour, column]
    shift_sums(data, state, workload, host, sign)
    shift_place(data, state, workload, host, sign)
    if data.today[workload] >= 0 and data.today[workload] != host:
        shift_moves(data, state, workload, sign)


@jit
def take_devices(data: Data, state: State, workload: int, host: int) -> None:
    """Give a workload the fullest device that still fits, or whole free devices."""
    request = data.device_request[data.flavour[workload]]
    mask = np.uint64(0)
    if request >= data.device_size:
        left = request // data.device_size
        for device in range(state.device_free.shape[1]):
            if left > 0 and state.device_free[host, device] == data.device_size:
                state.device_free[host, device] = 0
                mask |= np.uint64(1) << np.uint64(device)
                left -= 1
    elif request > 0:
        best = -1
        for device in range(state.device_free.shape[1]):
            free = state.device_free[host, device]
            if free >= request and (best < 0 or free < state.device_free[host, best]):
                best = device
        if best >= 0:  # none on a host that is overfull today
            state.device_free[host, best] -= request
            mask = np.uint64(1) << np.uint64(best)
    state.device_mask[workload] = mask


@jit
def give_devices(data: Data, state: State, workload: int, host: int) -> None:
    """Return the devices of a workload."""
    request = data.device_request[data.flavour[workload]]
    amount = min(request, data.device_size)
    mask = state.device_mask[workload]
    for device in range(state.device_free.shape[1]):
        if (mask >> np.uint64(device)) & np.uint64(1):
            state.device_free[host, device] += amount
    state.device_mask[workload] = np.uint64(0)


@jit
def hold_devices(data: Data, state: State, workload: int, host: int, mask: int) -> None:
    """Give a workload exactly the devices of a mask."""
    amount = min(data.device_request[data.flavour[workload]], data.device_size)
    for device in range(state.device_free.shape[1]):
        if (mask >> np.uint64(device)) & np.uint64(1):
            state.device_free[host, device] -= amount
    state.device_mask[workload] = mask


@jit
def add(data: Data, state: State, workload: int, host: int, mask: int) -> None:
    """Put a workload on a host (which must be able to hold it).

    ``mask`` names the devices it had there before; 0 lets it choose.
    """
    was_on = is_on(state, host)
    first = state.head[host]
    state.following[workload], state.previous[workload] = first, -1
    if first >= 0:
        state.previous[first] = workload
    state.head[host] = workload
    state.members[host] += 1
    state.host[workload] = host
    if data.device_size > 0:
        if mask > 0:
            hold_devices(data, state, workload, host, mask)
        else:
            take_devices(data, state, workload, host)
    shift_load(data, state, workload, host, 1)
    if not was_on:
        switch(data, state, host, 1)
    refresh_host(data, state, host)


@jit
def remove(data: Data, state: State, workload: int) -> None:
    """Take a workload off its host."""
    host = state.host[workload]
    after, before = state.following[workload], state.previous[workload]
    if before >= 0:
        state.following[before] = after
    else:
        state.head[host] = after
    if after >= 0:
        state.previous[after] = before
    state.members[host] -= 1
    state.host[workload] = -1
    if data.device_size > 0:
        give_devices(data, state, workload, host)
    shift_load(data, state, workload, host, -1)
    if not is_on(state, host):
        switch(data, state, host, -1)
    refresh_host(data, state, host)


@jit
def hold_on(data: Data, state: State, host: int, on: bool) -> None:
    """Keep a host on even when it is empty, or let it sleep again when it is."""
    if state.forced_on[host] != on:
        state.forced_on[host] = on
        if state.members[host] == 0:
            switch(data, state, host, 1 if on else -1)
            refresh_host(data, state, host)


@jit
def has_room(data: Data, state: State, workload: int, host: int) -> bool:
    """Whether the capacity of a host suffices for a workload more."""
    use, load, capacity = data.use[data.flavour[workload]], state.load[host], data.capacity[host]
    for column in range(len(use)):  # noqa: SIM110  (generators do not compile)
        if load[column] + use[column] > capacity[column]:
            return False
    return True


@jit
def may_open(data: Data, state: State, rule: int, group: int, domain: int) -> bool:
    """Whether a group may be in a domain where it is not yet."""
    used = state.used[rule, group] + data.takes[rule, domain]
    if used > data.most[rule, group]:
        return False
    return bool(state.present[rule, domain] < data.crowd[rule, domain])


@jit
def fits(data: Data, state: State, workload: int, host: int) -> bool:
    """Whether host, capacity, devices and counts allow a workload (rack rows come last)."""
    if not data.allowed[data.elig[workload], host]:
        return False
    if state.overload_price[0] == 0.0 and not has_room(data, state, workload, host):
        return False
    for rule in range(len(data.num_domains)):
        group, domain = data.group[rule, workload], data.domain[rule, host]
        if group >= 0 and domain >= 0:
            count = count_in(data, state, rule, group, domain)
            if not may_hold(data, rule, group, domain, count):
                return False
            if count == 0 and not may_open(data, state, rule, group, domain):
                return False
    if not sums_allow(data, state, workload, host):
        return False
    if not transit_fits(data, state, workload, host):
        return False
    return data.device_size == 0 or devices_fit(data, state, workload, host)


@jit
def devices_fit(data: Data, state: State, workload: int, host: int) -> bool:
    """Whether free devices suffice for a workload."""
    request = data.device_request[data.flavour[workload]]
    if request == 0:
        return True
    whole = 0
    for device in range(state.device_free.shape[1]):
        free = state.device_free[host, device]
        if request < data.device_size and free >= request:
            return True
        if free == data.device_size:
            whole += 1
    return request >= data.device_size and whole * data.device_size >= request


@jit
def group_holds(data: Data, state: State, rule: int, group: int) -> bool:
    """Whether one group uses enough domains evenly enough (when it is fully placed)."""
    used = state.used[rule, group]
    if used < data.least[rule, group] or used > data.most[rule, group]:
        return False
    if data.skew[rule, group] < 2**30:
        start = data.offset[rule] + group * data.num_domains[rule]
        cells = state.count[start : start + data.num_domains[rule]]
        return cells.max() - cells.min() <= data.skew[rule, group]
    return True


@jit
def groups_hold(data: Data, state: State, workload: int) -> bool:
    """Whether the groups of a workload hold, and those near it (when they are fully placed)."""
    return sets_hold(data, state, workload) and nearness_holds(data, state, workload)


@jit
def sets_hold(data: Data, state: State, workload: int) -> bool:
    """Whether the groups that a workload counts in hold (when they are fully placed)."""
    for rule in range(len(data.num_domains)):
        group = data.group[rule, workload]
        if group >= 0 and not group_holds(data, state, rule, group):
            return False
    return True


@jit
def shortfall(data: Data, state: State) -> float:
    """How far reserves, hosts on and moves are out of bounds (0 when all hold; relative sums)."""
    total = 0.0
    for rule in range(len(data.on_limit)):
        total += max(0, state.on_count[rule] - data.on_limit[rule])
    for rule in range(len(data.move_limit)):
        total += state.moved_beyond[rule]
    total += units_missing(data, state)
    for rule in range(len(data.reserve_fraction)):
        keep = 1.0 - data.reserve_fraction[rule]
        for domain in range(data.reserve_num_domains[rule]):
            capacity = state.reserve_capacity[rule, domain]
            room = capacity * keep - data.reserve_amount[rule] + 1e-6
            if data.reserve_survives[rule]:
                room = state.reserve_capacity[rule].sum() - capacity + 1e-6
            missing = 0.0
            for step in range(state.reserve_use.shape[2]):
                used = state.reserve_use[rule, domain, step]
                if data.reserve_survives[rule]:
                    used = state.reserve_use[rule, :, step].sum()
                excess = used - room
                missing = max(missing, excess - data.reserve_excess[rule, domain, step])
            total += missing / max(1.0, capacity)
    return total


@jit
def budgets_hold(data: Data, state: State) -> bool:
    """Whether reserves, the number of hosts on and the number of moves are within bounds."""
    return shortfall(data, state) == 0.0
