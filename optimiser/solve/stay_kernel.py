"""Compiled evaluation of the bound over who stays: one minimum per host, one per workload."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from optimiser.solve.jit import entry, jit

NOWHERE = -1


class Stay(NamedTuple):
    """Hosts that choose who stays, and workloads that choose where to go.

    ``use`` (workload, column), ``price`` (column,) money for each unit above ``limit`` (host,
    column), ``capacity`` (host, column) what a host may carry; ``held`` (host, column) says where
    the room of those that leave stays taken, and ``reserved`` is how much of it today. ``low``
    (host, column) is the least that may arrive, below zero where a column is a difference of two.
    Amounts are whole numbers in float64, exact up to 2**53.

    The workloads that a host chooses among are ``chooser[first[host]:first[host + 1]]``, those with
    ``is_fixed`` stay. ``roams`` (workload,) marks those that nobody chooses: they pay for where
    they are, their home included where ``may_stay``. ``may`` (workload, host) where they can go,
    ``home`` (workload,) −1 none, ``move_cost`` (workload,) money, ``move_class`` (host,) and
    ``class_cost`` (move class, move class) money.

    Rules of at most ``most`` (cell,) members: the members of ``group`` (rule, workload) in
    ``domain`` (rule, host) count in cell ``offset[rule] + group · width[rule] + domain``; −1 none.
    """

    use: np.ndarray
    price: np.ndarray
    limit: np.ndarray
    capacity: np.ndarray
    held: np.ndarray
    reserved: np.ndarray
    low: np.ndarray
    first: np.ndarray
    chooser: np.ndarray
    is_fixed: np.ndarray
    roams: np.ndarray
    may_stay: np.ndarray
    may: np.ndarray
    home: np.ndarray
    move_cost: np.ndarray
    move_class: np.ndarray
    class_cost: np.ndarray
    group: np.ndarray
    domain: np.ndarray
    width: np.ndarray
    offset: np.ndarray
    most: np.ndarray


@entry
def evaluate(
    stay: Stay, load_price: np.ndarray, cell_price: np.ndarray, load_slope: np.ndarray,
    cell_slope: np.ndarray,
) -> float:  # fmt: skip
    """Return the bound at prices of load (host, column) and of cells (cell,), both at least zero.

    Writes into the slopes, of the same shapes, how the bound changes with each price.
    """
    load_slope[:] = 0.0
    total = 0.0
    for cell in range(len(cell_price)):
        cell_slope[cell] = -stay.most[cell]
        total -= cell_price[cell] * stay.most[cell]
    workloads = len(stay.home)
    target, fee = np.full(workloads, NOWHERE), np.zeros(workloads)
    for workload in range(workloads):
        if not stay.is_fixed[workload]:
            target[workload], fee[workload] = _cheapest(stay, workload, load_price, cell_price)
    for workload in range(workloads):
        if stay.roams[workload]:
            total += fee[workload]
            _goes(stay, workload, target[workload], load_slope, cell_slope)
    for host in range(len(stay.limit)):
        total += _choose(stay, host, load_price, cell_price, target, fee, load_slope, cell_slope)
    return total


@jit
def _cell(stay: Stay, rule: int, workload: int, host: int) -> int:
    """Return the cell that a workload on a host counts in, −1 none."""
    group, domain = stay.group[rule, workload], stay.domain[rule, host]
    if group < 0 or domain < 0:
        return -1
    return stay.offset[rule] + group * stay.width[rule] + domain


@jit
def _cell_fee(stay: Stay, workload: int, host: int, cell_price: np.ndarray) -> float:
    """Return the price of the cells that a workload on a host counts in."""
    fee = 0.0
    for rule in range(len(stay.group)):
        cell = _cell(stay, rule, workload, host)
        if cell >= 0:
            fee += cell_price[cell]
    return fee


@jit
def _cheapest(
    stay: Stay, workload: int, load_price: np.ndarray, cell_price: np.ndarray
) -> tuple[int, float]:
    """Return where it is cheapest to come to, and the price."""
    home, best, where = stay.home[workload], np.inf, NOWHERE
    for host in range(len(stay.limit)):
        if host == home:
            if not (stay.roams[workload] and stay.may_stay[workload]):
                continue
            fee = 0.0
        elif not stay.may[workload, host]:
            continue
        else:
            fee = stay.move_cost[workload]
            if home >= 0 and len(stay.class_cost):
                fee += stay.class_cost[stay.move_class[home], stay.move_class[host]]
        for column in range(len(stay.price)):
            fee += load_price[host, column] * stay.use[workload, column]
        if fee < best:  # prices of cells only add
            fee += _cell_fee(stay, workload, host, cell_price)
            if fee < best:
                best, where = fee, host
    return where, best


@jit
def _goes(
    stay: Stay, workload: int, host: int, load_slope: np.ndarray, cell_slope: np.ndarray
) -> None:
    """Count a workload that arrives at a host in the slopes."""
    for column in range(len(stay.price)):
        load_slope[host, column] += stay.use[workload, column]
    _counts(stay, workload, host, cell_slope)


@jit
def _counts(stay: Stay, workload: int, host: int, cell_slope: np.ndarray) -> None:
    for rule in range(len(stay.group)):
        cell = _cell(stay, rule, workload, host)
        if cell >= 0:
            cell_slope[cell] += 1.0


@jit
def _choose(
    stay: Stay, host: int, load_price: np.ndarray, cell_price: np.ndarray, target: np.ndarray,
    fee: np.ndarray, load_slope: np.ndarray, cell_slope: np.ndarray,
) -> float:  # fmt: skip
    """Return the least that a host costs over all sets of workloads that stay; tell the slopes.

    The sets are walked in the order of a Gray code, so that each differs from the one before it by
    one workload.
    """
    free, cost = _start(stay, host, cell_price, fee)
    columns = len(stay.price)
    load = np.zeros(columns)
    for place in range(stay.first[host], stay.first[host + 1]):
        for column in range(columns):
            load[column] += stay.use[stay.chooser[place], column]
    gone, best_gone = np.zeros(len(free), dtype=np.bool_), np.zeros(len(free), dtype=np.bool_)
    change = np.zeros(len(free))
    for index in range(len(free)):
        change[index] = fee[free[index]] - _cell_fee(stay, free[index], host, cell_price)
    best = cost + _load_cost(stay, host, load, load_price)
    most_worth = _most_worth(stay, host, load_price)
    for number in range(1, 1 << len(free)):
        index = _lowest_bit(number)
        sign = 1.0 if gone[index] else -1.0
        gone[index] = not gone[index]
        cost -= sign * change[index]
        for column in range(columns):
            load[column] += sign * stay.use[free[index], column]
        if cost < best + most_worth:
            value = cost + _load_cost(stay, host, load, load_price)
            if value < best:
                best = value
                best_gone[:] = gone
    _tell(stay, host, free, best_gone, load_price, target, load_slope, cell_slope)
    return best


@jit
def _most_worth(stay: Stay, host: int, load_price: np.ndarray) -> float:
    """Return how much arrivals can be worth at most at a host."""
    worth = 0.0
    for column in range(len(stay.price)):
        room = stay.capacity[host, column]
        if stay.held[host, column]:
            room -= stay.reserved[host, column]
        worth += load_price[host, column] * max(room, 0.0)
    return worth


@jit
def _start(
    stay: Stay, host: int, cell_price: np.ndarray, fee: np.ndarray
) -> tuple[np.ndarray, float]:
    """Return the workloads that can leave, and the price of the cells when all stay."""
    free = np.empty(stay.first[host + 1] - stay.first[host], dtype=np.int64)
    count, cost = 0, 0.0
    for place in range(stay.first[host], stay.first[host + 1]):
        workload = stay.chooser[place]
        cost += _cell_fee(stay, workload, host, cell_price)
        if not stay.is_fixed[workload]:
            free[count] = workload
            count += 1
    return free[:count], cost


@jit
def _lowest_bit(number: int) -> int:
    index = 0
    while number & 1 == 0:
        number >>= 1
        index += 1
    return index


@jit
def _room(stay: Stay, host: int, column: int, load: float) -> float:
    """Return how much may arrive beside a load of those that stay."""
    taken = stay.reserved[host, column] if stay.held[host, column] else load
    return max(stay.capacity[host, column] - taken, 0.0)


@jit
def _arrives(stay: Stay, host: int, column: int, load: float, worth: float) -> float:
    """Return how much arrives where a unit of arrivals is worth so much."""
    room, until = _room(stay, host, column, load), stay.limit[host, column] - load
    if worth >= stay.price[column]:
        return room
    if worth <= 0.0:
        until = min(until, 0.0)
    return min(room, max(until, stay.low[host, column]))


@jit
def _load_cost(stay: Stay, host: int, load: np.ndarray, load_price: np.ndarray) -> float:
    """Return what the load costs with the best arrivals, their worth taken off."""
    cost = 0.0
    for column in range(len(stay.price)):
        worth = load_price[host, column]
        come = _arrives(stay, host, column, load[column], worth)
        above = load[column] + come - stay.limit[host, column]
        cost += stay.price[column] * max(above, 0.0) - worth * come
    return cost


@jit
def _tell(
    stay: Stay, host: int, free: np.ndarray, gone: np.ndarray, load_price: np.ndarray,
    target: np.ndarray, load_slope: np.ndarray, cell_slope: np.ndarray,
) -> None:  # fmt: skip
    """Count who stays, who leaves and what arrives in the slopes."""
    columns = len(stay.price)
    load = np.zeros(columns)
    for place in range(stay.first[host], stay.first[host + 1]):
        workload = stay.chooser[place]
        leaves = False
        for index in range(len(free)):
            if free[index] == workload:
                leaves = gone[index]
        if leaves:
            _goes(stay, workload, target[workload], load_slope, cell_slope)
        else:
            _counts(stay, workload, host, cell_slope)
            for column in range(columns):
                load[column] += stay.use[workload, column]
    for column in range(columns):
        come = _arrives(stay, host, column, load[column], load_price[host, column])
        load_slope[host, column] -= come
