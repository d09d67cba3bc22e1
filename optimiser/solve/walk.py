"""Compiled shifts and swaps over flat arrays, accepted by temperature: cost first, then rules."""

from __future__ import annotations

from typing import Any

import numpy as np

from optimiser.solve.flat import Flat, Kept
from optimiser.solve.jit import entry, exact, jit

TURNS = 40  # trials after which kinds come again; every other one exchanges two workloads
ANY_SIZE = 8  # turns with workloads of any size
ALIKE = 2  # of five exchanges, those of workloads about equal in size
HOMEWARD = 33  # the turn that tries today's host
FOCUS = 0.3  # temperatures that the load of a workload is worth, at least, in the other turns
SURE = 30.0  # temperatures above which a change is never accepted


@jit
def draw(seed: Any) -> Any:
    """Return the next state of a random generator (xorshift, uint64)."""
    seed ^= seed >> np.uint64(12)
    seed ^= seed << np.uint64(25)
    return seed ^ (seed >> np.uint64(27))


@jit
def below(bits: Any, count: int) -> Any:
    """Return a number from 0 to ``count`` − 1 out of 32 random bits (uint64)."""
    return np.int64((bits * np.uint64(count)) >> np.uint64(32))


@exact
def price_after(
    load: np.ndarray, limit: np.ndarray, price: np.ndarray, use: np.ndarray, host: int, plus: int,
    minus: int,
) -> float:  # fmt: skip
    """Safety price of a host's load with one row of ``use`` more and another less."""
    total = 0.0
    for column in range(use.shape[1]):
        above = load[host, column] + use[plus, column] - use[minus, column] - limit[host, column]
        total += price[column] * max(above, 0.0)
    return total


@exact
def balance_after(
    load: np.ndarray, rated: np.ndarray, have_column: np.ndarray, per_column: np.ndarray,
    ratio: np.ndarray, worth: np.ndarray, use: np.ndarray, host: int, plus: int, minus: int,
) -> float:  # fmt: skip
    """Balance price of a host with one row of ``use`` more and another less."""
    total = 0.0
    for rule in range(len(worth)):
        have, per = have_column[rule], per_column[rule]
        free = rated[host, have] - load[host, have] - use[plus, have] + use[minus, have]
        wanted = rated[host, per] - load[host, per] - use[plus, per] + use[minus, per]
        total += worth[rule] * max(ratio[rule] * wanted - free, 0.0)
    return total


@jit
def fits(free: np.ndarray, use: np.ndarray, host: int, plus: int, minus: int) -> bool:
    """Whether a host has room for one row of ``use`` more and another less."""
    for column in range(use.shape[1]):
        if use[plus, column] - use[minus, column] > free[host, column]:
            return False
    return True


@jit
def enters(
    free: np.ndarray, slack: np.ndarray, use: np.ndarray, today: np.ndarray, host: int, plus: int,
    minus: int,
) -> bool:  # fmt: skip
    """Whether a host has room for one workload more and another less, also in transit."""
    if not fits(free, use, host, plus, minus):
        return False
    if today[plus] == host:
        return True  # its room was kept
    stays = today[minus] == host  # its room is kept while it is away
    return fits(slack, use, host, plus, len(use) - 1 if stays else minus)


@jit
def move_price(
    today: np.ndarray, cost: np.ndarray, move_class: np.ndarray, between: np.ndarray,
    workload: int, host: int,
) -> float:  # fmt: skip
    """What the move of a workload from today's host to another costs."""
    home = today[workload]
    if home < 0 or home == host:
        return 0.0
    return cost[workload] + between[move_class[home], move_class[host]]


@jit
def move_change(
    today: np.ndarray, cost: np.ndarray, move_class: np.ndarray, between: np.ndarray,
    workload: int, here: int, there: int,
) -> float:  # fmt: skip
    """Change of what a workload's move costs when it goes from one host to another."""
    after = move_price(today, cost, move_class, between, workload, there)
    return after - move_price(today, cost, move_class, between, workload, here)


@jit
def service_change(
    flat: Flat, kept: Kept, worth: float, workload: int, here: int, there: int
) -> float:
    """Change of the price of the busiest service's moves when one workload changes its host."""
    today = flat.today[workload]
    if worth == 0.0 or today < 0 or today not in (here, there):
        return 0.0
    most, moved = kept.most[0], kept.moved[flat.service[workload]]
    if moved != most:
        return 0.0
    if here == today:
        return worth
    return -worth if kept.with_moves[most] == 1 else 0.0


@jit
def counts_allow(flat: Flat, kept: Kept, workload: int, here: int, there: int, other: int) -> bool:
    """Whether counting rules hold when a workload goes from one host to another.

    ``other`` comes the other way (−1 nobody).
    """
    for index in range(flat.start[workload], flat.start[workload + 1]):
        rule, group = flat.rule[index], flat.group[index]
        leaves, enters = flat.domain[rule, here], flat.domain[rule, there]
        if leaves == enters or (other >= 0 and in_group(flat, other, rule, group)):
            continue
        cell = flat.offset[rule] + group * flat.num_domains[rule]
        used = kept.used[rule, group]
        if enters >= 0:
            if kept.count[cell + enters] >= flat.most_in[cell + enters]:
                return False
            if kept.count[cell + enters] == 0:
                used += 1
        if leaves >= 0 and kept.count[cell + leaves] == 1:
            used -= 1
        if used < flat.least[rule, group] or used > flat.most[rule, group]:
            return False
    return True


@jit
def in_group(flat: Flat, workload: int, rule: int, group: int) -> bool:
    """Whether a workload counts in a group of a rule."""
    for index in range(flat.start[workload], flat.start[workload + 1]):
        if flat.rule[index] == rule:
            return flat.group[index] == group
    return False


@jit
def near_allow(flat: Flat, kept: Kept, workload: int, here: int, there: int) -> bool:
    """Whether needs still hold when one workload goes from one host to another."""
    for rule in range(len(flat.near)):
        leaves, enters = flat.near[rule, here], flat.near[rule, there]
        if leaves == enters:
            continue
        user, group = flat.user[rule, workload], flat.member[rule, workload]
        if user >= 0:
            want = kept.want[flat.cell[user] + enters] + 1
            for need in range(flat.need_start[user], flat.need_start[user + 1]):
                there_is = kept.have[flat.cell[flat.need_on[need]] + enters]
                if there_is == 0 and want > flat.excuse[need, enters]:
                    return False
        if group >= 0 and kept.have[flat.cell[group] + leaves] == 1:
            for index in range(flat.needed_start[group], flat.needed_start[group + 1]):
                need = flat.needed[index]
                without = kept.want[flat.cell[flat.need_user[need]] + leaves]
                if without > flat.excuse[need, leaves]:
                    return False
    return True


@jit
def count_at(flat: Flat, kept: Kept, workload: int, host: int, sign: int) -> None:
    """Count a workload that came to a host (+1) or left it (−1) in all rules."""
    for index in range(flat.start[workload], flat.start[workload + 1]):
        rule, group = flat.rule[index], flat.group[index]
        domain = flat.domain[rule, host]
        if domain >= 0:
            cell = flat.offset[rule] + group * flat.num_domains[rule] + domain
            before = kept.count[cell]
            kept.count[cell] = before + sign
            if before + sign == 0 or before == 0:
                kept.used[rule, group] += sign
    for rule in range(len(flat.near)):
        domain = flat.near[rule, host]
        group, user = flat.member[rule, workload], flat.user[rule, workload]
        if group >= 0:
            kept.have[flat.cell[group] + domain] += sign
        if user >= 0:
            kept.want[flat.cell[user] + domain] += sign


@jit
def count_move(kept: Kept, service: int, sign: int) -> None:
    """Count one more (+1) or one less (−1) move of a service."""
    before = kept.moved[service]
    kept.moved[service] = before + sign
    kept.with_moves[before] -= 1
    kept.with_moves[before + sign] += 1
    most = max(kept.most[0], before + sign)
    while most > 0 and kept.with_moves[most] == 0:
        most -= 1
    kept.most[0] = most


@jit
def put(flat: Flat, kept: Kept, workload: int, there: int) -> None:
    """Move a workload to another host, prices left as they are."""
    here, today = kept.host[workload], flat.today[workload]
    count_at(flat, kept, workload, here, -1)
    count_at(flat, kept, workload, there, 1)
    for column in range(flat.use.shape[1]):
        amount = flat.use[workload, column]
        kept.load[here, column] -= amount
        kept.load[there, column] += amount
        kept.free[here, column] += amount
        kept.free[there, column] -= amount
        if here != today:
            kept.slack[here, column] += amount
        if there != today:
            kept.slack[there, column] -= amount
    if today >= 0 and here == today:
        count_move(kept, flat.service[workload], 1)
    elif today >= 0 and there == today:
        count_move(kept, flat.service[workload], -1)
    kept.host[workload] = there
    kept.leave_at[workload] = 0  # what it knew was about the other host


@jit
def reprice(flat: Flat, kept: Kept, host: int) -> None:
    """Work out anew what a host costs by its load."""
    nothing = len(flat.use) - 1
    price = price_after(kept.load, flat.limit, flat.price, flat.use, host, nothing, nothing)
    price += balance_after(
        kept.load, flat.rated, flat.have, flat.per, flat.ratio, flat.worth, flat.use, host,
        nothing, nothing,
    )  # fmt: skip
    kept.by_load[host] = price
    kept.version[host] += 1


@jit
def swap_holds(flat: Flat, kept: Kept, one: int, other: int, here: int, there: int) -> bool:
    """Exchange two workloads when all rules but capacity allow it; say whether that was done."""
    if not (flat.allowed[flat.elig[one], there] and flat.allowed[flat.elig[other], here]):
        return False
    if not counts_allow(flat, kept, one, here, there, other):
        return False
    if not counts_allow(flat, kept, other, there, here, one):
        return False
    if len(flat.near) == 0:
        put(flat, kept, one, there)
        put(flat, kept, other, here)
        return True
    if near_allow(flat, kept, one, here, there):
        put(flat, kept, one, there)
        if near_allow(flat, kept, other, there, here):
            put(flat, kept, other, here)
            return True
        put(flat, kept, one, here)
    if near_allow(flat, kept, other, there, here):
        put(flat, kept, other, here)
        if near_allow(flat, kept, one, here, there):
            put(flat, kept, one, there)
            return True
        put(flat, kept, other, there)
    return False


@entry
def walk(  # noqa: PLR0912, PLR0915  (handing the arrays on would count uses at every trial)
    flat: Flat, kept: Kept, by_size: np.ndarray, size: np.ndarray, service_worth: float,
    trials: int, temperature: float, seed: int,
) -> int:  # fmt: skip
    """Try shifts and swaps at a temperature [money]; return how many were made.

    ``by_size`` (workload,) are workloads by ``size``, which rises: what their load is worth.
    """
    use, load, free, slack = flat.use, kept.load, kept.free, kept.slack
    limit, price, by_load, where = flat.limit, flat.price, kept.by_load, kept.host
    version, leave, leave_at = kept.version, kept.leave, kept.leave_at
    rated, have, per, ratio, worth = flat.rated, flat.have, flat.per, flat.ratio, flat.worth
    cost, kind, between = flat.move_cost, flat.move_class, flat.class_cost
    workloads, hosts = len(where), len(by_load)
    nothing, made, has_balance = workloads, 0, len(worth) > 0
    today = np.append(flat.today, -1)
    reach = max(2, workloads // 40)
    low, half = np.uint64(0xFFFFFFFF), np.uint64(32)
    large = int((size >= FOCUS * temperature).sum())
    first = workloads - max(large, 1, workloads // 10)
    state = np.uint64(seed) * np.uint64(0x9E3779B97F4A7C15) + np.uint64(0x1234567)
    state |= np.uint64(1)
    for _ in range(8):
        state = draw(state)
    for trial in range(trials):
        # kinds of trials take turns: a processor guesses a pattern, not a throw
        turn = trial % TURNS
        low_rank = 0 if turn < ANY_SIZE else first
        state = draw(state)
        bits = state * np.uint64(0x2545F4914F6CDD1D)
        rank = low_rank + below(bits >> half, workloads - low_rank)
        one = by_size[rank]
        here = where[one]
        if turn % 2 == 0:
            if turn % 5 < ALIKE:
                near = rank + below(bits & low, 2 * reach + 1) - reach
                other = by_size[min(max(near, low_rank), workloads - 1)]
            else:
                other = by_size[low_rank + below(bits & low, workloads - low_rank)]
            there = where[other]
            if there == here:
                continue
            if not enters(free, slack, use, today, there, one, other):
                continue
            if not enters(free, slack, use, today, here, other, one):
                continue
            change = price_after(load, limit, price, use, there, one, other)
            change += price_after(load, limit, price, use, here, other, one)
            if has_balance:
                change += balance_after(
                    load, rated, have, per, ratio, worth, use, there, one, other
                )
                change += balance_after(load, rated, have, per, ratio, worth, use, here, other, one)
            change -= by_load[here] + by_load[there]
            change += move_change(today, cost, kind, between, one, here, there)
            change += move_change(today, cost, kind, between, other, there, here)
            change += service_change(flat, kept, service_worth, one, here, there)
            change += service_change(flat, kept, service_worth, other, there, here)
            if change > 0.0:
                if change > SURE * temperature:
                    continue
                state = draw(state)
                chance = ((state >> np.uint64(11)) & low) * (1.0 / 2.0**32)
                if chance > np.exp(-change / temperature):
                    continue
            if swap_holds(flat, kept, one, other, here, there):
                reprice(flat, kept, here)
                reprice(flat, kept, there)
                made += 1
            continue
        there = below(bits & low, hosts)
        if turn == HOMEWARD and today[one] >= 0:
            there = today[one]
        if there == here:
            continue
        if not enters(free, slack, use, today, there, one, nothing):
            continue
        if leave_at[one] != version[here]:
            gain = by_load[here] - price_after(load, limit, price, use, here, nothing, one)
            if has_balance:
                gain -= balance_after(load, rated, have, per, ratio, worth, use, here, nothing, one)
            leave[one] = gain + move_price(today, cost, kind, between, one, here)
            leave_at[one] = version[here]
        change = -leave[one] - by_load[there]
        change += price_after(load, limit, price, use, there, one, nothing)
        if has_balance:
            change += balance_after(load, rated, have, per, ratio, worth, use, there, one, nothing)
        change += move_price(today, cost, kind, between, one, there)
        change += service_change(flat, kept, service_worth, one, here, there)
        if change > 0.0:
            if change > SURE * temperature:
                continue
            state = draw(state)
            chance = ((state >> np.uint64(11)) & low) * (1.0 / 2.0**32)
            if chance > np.exp(-change / temperature):
                continue
        if not flat.allowed[flat.elig[one], there]:
            continue
        if counts_allow(flat, kept, one, here, there, -1) and near_allow(
            flat, kept, one, here, there
        ):
            put(flat, kept, one, there)
            reprice(flat, kept, here)
            reprice(flat, kept, there)
            made += 1
    return made
