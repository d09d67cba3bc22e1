"""Compiled shifts and swaps, accepted by temperature, where only loads and moves cost money.

A trial looks at two hosts and a few counts; the placement changes only when it is accepted. Every
placement on the way keeps all hard rules.
"""

from __future__ import annotations

import numpy as np

from optimiser.solve.arrays import Data, State
from optimiser.solve.cells import count_in, may_hold
from optimiser.solve.kernel import (
    add,
    devices_fit,
    entry,
    groups_hold,
    jit,
    remove,
    rows_hold,
    shortfall,
    sums_allow,
)
from optimiser.solve.place_kernel import (
    load_price,
    nearness_holds,
    service_move_change,
    stays_near,
)
from optimiser.solve.shifts import move_change

SWAPS = 0.5  # share of trials that exchange two workloads
ALIKE = 0.6  # share of them that are about equal in size
HOMEWARD = 0.1  # share of shifts that try today's host
TRIALS = 500  # trials in place of one round of ruin and recreate
HOTTEST = 0.04  # threshold of acceptance at which the temperature is ten usual changes


def temperature(level: float, change: float) -> float:
    """Return the temperature [money] that goes with a threshold of acceptance.

    ``change`` is the mean size of changes. Costs spread over many orders of magnitude, so the
    temperature falls with a high power of the threshold.
    """
    return 10.0 * change * (level / HOTTEST) ** 3.5


@jit
def counts_allow(data: Data, state: State, workload: int, source: int, target: int) -> bool:
    """Whether all counting rules still hold when a workload goes from one host to another."""
    for rule in range(len(data.num_domains)):
        if not rule_allows(data, state, rule, workload, source, target):
            return False
    return True


@jit
def rule_allows(
    data: Data, state: State, rule: int, workload: int, source: int, target: int
) -> bool:
    """Whether one counting rule still holds when a workload goes from one host to another."""
    group = data.group[rule, workload]
    leaves, enters = data.domain[rule, source], data.domain[rule, target]
    if group < 0 or leaves == enters:
        return True
    used = state.used[rule, group]
    if enters >= 0:
        count = count_in(data, state, rule, group, enters)
        if not may_hold(data, rule, group, enters, count):
            return False
        if count == 0:
            used += data.takes[rule, enters]
            if state.present[rule, enters] >= data.crowd[rule, enters]:
                return False
    if leaves >= 0 and count_in(data, state, rule, group, leaves) == 1:
        used -= data.takes[rule, leaves]
    return data.least[rule, group] <= used <= data.most[rule, group]


@jit
def near_allow(data: Data, state: State, workload: int, source: int, target: int) -> bool:
    """Whether needs still hold when one workload goes from one host to another."""
    place, kept = data.place, state.place
    for rule in range(len(place.num_near)):
        leaves, enters = place.near[rule, source], place.near[rule, target]
        if leaves == enters:
            continue
        user, group = place.user[rule, workload], place.member[rule, workload]
        if user >= 0:
            want = kept.want[place.cell[user] + enters] + 1
            for need in range(place.need_start[user], place.need_start[user + 1]):
                there = kept.have[place.cell[place.need_on[need]] + enters]
                if there <= 0 and want > place.excuse[need, enters]:
                    return False
        if group >= 0 and not stays_near(data, state, rule, group, leaves, enters):
            return False
    return True


@jit
def has_room(
    data: Data, state: State, host: int, plus: int, minus: int, plus_use: np.ndarray,
    minus_use: np.ndarray,
) -> bool:  # fmt: skip
    """Whether a host has room for one workload more and another (−1 none) less, also in transit."""
    load, capacity = state.load[host], data.capacity[host]
    for column in range(len(plus_use)):
        if load[column] + plus_use[column] - minus_use[column] > capacity[column]:
            return False
    if not data.place.has_transit or data.today[plus] == host:
        return True
    gone, room = state.place.gone[host], data.place.room[host]
    stays = minus >= 0 and data.today[minus] == host  # its room is kept while it is away
    for column in range(len(plus_use)):
        both = load[column] + gone[column] + plus_use[column]
        if both - (0 if stays else minus_use[column]) > room[column]:
            return False
    return True


@jit
def try_shift(data: Data, state: State, workload: int, target: int, is_plain: bool) -> bool:
    """Move one workload to a host that has room for it when no rule speaks against it."""
    source = state.host[workload]
    if not data.allowed[data.elig[workload], target]:
        return False
    if not counts_allow(data, state, workload, source, target):
        return False
    if not near_allow(data, state, workload, source, target):
        return False
    if is_plain:
        remove(data, state, workload)
        add(data, state, workload, target, np.uint64(0))
        return True
    return shift_checked(data, state, workload, target)


@jit
def shift_checked(data: Data, state: State, workload: int, target: int) -> bool:
    """Move one workload unless a rule about racks, sums, devices or budgets speaks against it."""
    source, mask, short = state.host[workload], state.device_mask[workload], shortfall(data, state)
    remove(data, state, workload)
    fits = sums_allow(data, state, workload, target) and devices_fit(data, state, workload, target)
    if fits and rows_hold(data, state, workload, target):
        add(data, state, workload, target, np.uint64(0))
        if shortfall(data, state) <= short and groups_hold(data, state, workload):
            return True
        remove(data, state, workload)
    add(data, state, workload, source, mask)
    return False


@jit
def try_swap(data: Data, state: State, one: int, other: int) -> bool:
    """Exchange two workloads whose hosts have room when no rule speaks against it."""
    here, there = state.host[one], state.host[other]
    allowed = data.allowed[data.elig[one], there] and data.allowed[data.elig[other], here]
    if not allowed:
        return False
    if not swap_counts_allow(data, state, one, other):
        return False
    remove(data, state, one)
    remove(data, state, other)
    add(data, state, one, there, np.uint64(0))
    add(data, state, other, here, np.uint64(0))
    if nearness_holds(data, state, one) and nearness_holds(data, state, other):
        return True
    remove(data, state, one)
    remove(data, state, other)
    add(data, state, one, here, np.uint64(0))
    add(data, state, other, there, np.uint64(0))
    return False


@jit
def swap_counts_allow(data: Data, state: State, one: int, other: int) -> bool:
    """Whether all counting rules still hold when two workloads exchange their hosts."""
    here, there = state.host[one], state.host[other]
    for rule in range(len(data.num_domains)):
        if data.domain[rule, here] == data.domain[rule, there]:
            continue
        group = data.group[rule, one]
        if group >= 0 and group == data.group[rule, other]:
            continue
        if not rule_allows(data, state, rule, one, here, there):
            return False
        if not rule_allows(data, state, rule, other, there, here):
            return False
    return True


@jit
def is_plain_problem(data: Data) -> bool:
    """Whether no rule asks about racks, sums, devices, reserves, skew or budgets."""
    few = len(data.reserve_fraction) + len(data.sum_domain) + len(data.on_limit)
    few += len(data.move_limit) + len(data.row_index) + data.overhead.sum() + len(data.unit_need)
    for rule in range(len(data.num_domains)):
        if (data.skew[rule] < 2**30).any():
            few += 1
    return few == 0 and data.device_size == 0


@jit
def fits_in(
    load: np.ndarray,
    gone: np.ndarray,
    capacity: np.ndarray,
    room: np.ndarray,
    use: np.ndarray,
    host: int,
    plus: int,
    minus: int,
    is_home: bool,
    is_kept: bool,
) -> bool:
    """Whether a host has room for one use more and another less; see :func:`has_room`.

    ``plus`` and ``minus`` are rows of ``use``; who comes home, and room kept for who leaves home,
    make no difference in transit.
    """
    for column in range(use.shape[1]):
        filled = load[host, column] + use[plus, column]
        if filled - use[minus, column] > capacity[host, column]:
            return False
        if not is_home:
            left = 0 if is_kept else use[minus, column]
            if filled - left + gone[host, column] > room[host, column]:
                return False
    return True


@jit
def price_after(
    load: np.ndarray,
    rated: np.ndarray,
    use: np.ndarray,
    host: int,
    plus: int,
    minus: int,
    safety: tuple[np.ndarray, np.ndarray, np.ndarray],
    balance: tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray],
) -> float:
    """Price of a host's load with one row of ``use`` more and another less; see ``load_price``."""
    limit, columns, safety_price = safety
    price = 0.0
    for rule in range(len(safety_price)):
        worst = 0
        for step in range(columns.shape[1]):
            column = columns[rule, step]
            filled = load[host, column] + use[plus, column] - use[minus, column]
            worst = max(worst, filled - limit[rule, host])
        price += safety_price[rule] * worst
    have, per, ratio, balance_price = balance
    for rule in range(len(balance_price)):
        worst = 0
        for step in range(have.shape[1]):
            column, other = have[rule, step], per[rule, step]
            free = rated[host, column] - load[host, column] - use[plus, column] + use[minus, column]
            wanted = rated[host, other] - load[host, other] - use[plus, other] + use[minus, other]
            worst = max(worst, ratio[rule] * wanted - free)
        price += balance_price[rule] * worst
    return price


@jit
def partner_of(rank: int, by_size: np.ndarray, reach: int) -> int:
    """Return a workload to change places with: often one about as large, else any."""
    if np.random.random() < ALIKE:
        near = rank + np.random.randint(-reach, reach + 1)
        return by_size[min(max(near, 0), len(by_size) - 1)]
    return np.random.randint(len(by_size))


@entry
def anneal(  # noqa: PLR0915  (handing the arrays on would count uses of each at every trial)
    data: Data, state: State, weight: np.ndarray, trials: int, hot: float, cold: float, seed: int
) -> int:
    """Try shifts and swaps while the temperature [money] falls; return how many were made.

    ``weight`` (workload,) is the size of workloads. What most trials fail on is looked at here, in
    arrays read once: each access through the references counts as a use of them and takes as long
    as the comparison itself.
    """
    np.random.seed(seed)
    is_plain, place = is_plain_problem(data), data.place
    workloads, hosts, made = len(data.flavour), len(data.rack), 0
    temperature, cooling = hot, (cold / hot) ** (1.0 / max(1, trials // 1000))
    where, flavour, today, rated = state.host, data.flavour, data.today, data.rated
    load, gone, capacity, room = state.load, state.place.gone, data.capacity, place.room
    safety = (place.safety_limit, place.safety_column, place.safety_price)
    balance = (place.balance_column, place.balance_per, place.balance_ratio, place.balance_price)
    price, by_size = state.place.by_load, np.argsort(weight)
    rank, reach = np.argsort(by_size), max(2, workloads // 40)
    nothing, is_still = len(data.use), not place.has_transit
    use = np.concatenate((data.use, np.zeros((1, data.use.shape[1]), np.int64)))
    for trial in range(trials):
        if trial % 1000 == 999:
            temperature *= cooling
        one = np.random.randint(workloads)
        here = where[one]
        if here < 0:
            continue
        limit = -temperature * np.log(1.0 - np.random.random())
        first = flavour[one]
        if is_plain and np.random.random() < SWAPS:
            other = partner_of(rank[one], by_size, reach)
            there = where[other]
            if there < 0 or there == here:
                continue
            second = flavour[other]
            home, leaves = is_still or today[one] == there, today[other] == there
            if not fits_in(load, gone, capacity, room, use, there, first, second, home, leaves):
                continue
            home, leaves = is_still or today[other] == here, today[one] == here
            if not fits_in(load, gone, capacity, room, use, here, second, first, home, leaves):
                continue
            change = price_after(load, rated, use, there, first, second, safety, balance)
            change += price_after(load, rated, use, here, second, first, safety, balance)
            change -= price[here] + price[there]
            change += move_change(data, one, here, there) + move_change(data, other, there, here)
            change += service_move_change(data, state, one, here, there)
            change += service_move_change(data, state, other, there, here)
            if change <= limit and try_swap(data, state, one, other):
                made += 1
            continue
        there = np.random.randint(hosts)
        if today[one] >= 0 and np.random.random() < HOMEWARD:
            there = today[one]
        home = is_still or today[one] == there
        if there == here or not fits_in(
            load, gone, capacity, room, use, there, first, nothing, home, False
        ):
            continue
        change = price_after(load, rated, use, there, first, nothing, safety, balance)
        change += price_after(load, rated, use, here, nothing, first, safety, balance)
        change += move_change(data, one, here, there) - price[here] - price[there]
        change += service_move_change(data, state, one, here, there)
        if change <= limit and try_shift(data, state, one, there, is_plain):
            made += 1
    return made


@entry
def sample_changes(data: Data, state: State, trials: int, seed: int) -> np.ndarray:
    """Return the changes [money] of random shifts that leave both hosts inside their capacity."""
    np.random.seed(seed)
    found, count, nothing = np.empty(trials), 0, data.nothing
    for _ in range(trials):
        workload, target = np.random.randint(len(data.flavour)), np.random.randint(len(data.rack))
        source = state.host[workload]
        if source < 0 or source == target:
            continue
        use = data.use[data.flavour[workload]]
        if not has_room(data, state, target, workload, -1, use, nothing):
            continue
        price = state.place.by_load
        change = load_price(data, state, target, use, nothing) - price[target]
        change += load_price(data, state, source, nothing, use) - price[source]
        change += move_change(data, workload, source, target)
        found[count] = change
        count += 1
    return found[:count]
