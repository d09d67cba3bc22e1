"""Compiled: costs by load and moves, room in transit and nearness, kept move by move."""

from __future__ import annotations

import numpy as np

from optimiser.solve.arrays import Data, State
from optimiser.solve.jit import jit


@jit
def load_price(data: Data, state: State, host: int, plus: np.ndarray, minus: np.ndarray) -> float:
    """Price of a host's load after adding one use (column,) and taking another away."""
    place, load, rated, price = data.place, state.load[host], data.rated[host], 0.0
    for rule in range(len(place.safety_price)):
        columns, worst = place.safety_column[rule], 0
        for step in range(len(columns)):
            column = columns[step]
            above = load[column] + plus[column] - minus[column] - place.safety_limit[rule, host]
            worst = max(worst, above)
        price += place.safety_price[rule] * worst
    for rule in range(len(place.balance_price)):
        columns, per, worst = place.balance_column[rule], place.balance_per[rule], 0
        for step in range(len(columns)):
            have, use = columns[step], per[step]
            free = rated[have] - load[have] - plus[have] + minus[have]
            wanted = rated[use] - load[use] - plus[use] + minus[use]
            worst = max(worst, place.balance_ratio[rule] * wanted - free)
        price += place.balance_price[rule] * worst
    return price


@jit
def refresh_price(data: Data, state: State, host: int) -> float:
    """Recompute what a host costs by its load, keep and return it."""
    if not data.place.is_active:
        return 0.0
    price = load_price(data, state, host, data.nothing, data.nothing)
    state.place.by_load[host] = price
    return price


@jit
def shift_place(data: Data, state: State, workload: int, host: int, sign: int) -> None:
    """Count a workload that came to a host (+1) or left it (−1): transit, moves and nearness."""
    place, kept, today = data.place, state.place, data.today[workload]
    if today >= 0 and today == host and place.has_transit:
        flavour = data.flavour[workload]
        for column in range(data.use.shape[1]):
            kept.gone[host, column] -= sign * data.use[flavour, column]
    if today >= 0 and today != host and place.is_active:
        count_move(data, state, place.service[workload], sign)
        if len(place.class_cost) > 0:
            cost = place.class_cost[place.move_class[today], place.move_class[host]]
            kept.between[0] += sign * cost
    for rule in range(len(place.num_near)):
        domain = place.near[rule, host]
        group, user = place.member[rule, workload], place.user[rule, workload]
        if group >= 0:
            row = place.reach_first[rule] + domain
            for index in range(place.reach_start[row], place.reach_start[row + 1]):
                cell = place.cell[group] + place.reach_domain[index]
                kept.have[cell] += sign * place.reach_weight[index]
        if user >= 0:
            kept.want[place.cell[user] + domain] += sign


@jit
def count_move(data: Data, state: State, service: int, sign: int) -> None:
    """Count one more (+1) or one less (−1) move of a service."""
    kept = state.place
    before = kept.moved[service]
    kept.moved[service] = before + sign
    kept.with_moves[before] -= 1
    kept.with_moves[before + sign] += 1
    most = max(kept.most[0], before + sign)
    while most > 0 and kept.with_moves[most] == 0:
        most -= 1
    kept.most[0] = most


@jit
def moves_price(data: Data, state: State) -> float:
    """What moves cost besides the workloads' own move costs."""
    return state.place.between[0] + data.place.service_price * state.place.most[0]


@jit
def host_move_change(data: Data, workload: int, source: int, target: int) -> float:
    """Change of what a workload's move costs by its hosts when it goes from one to another."""
    place, today = data.place, data.today[workload]
    if len(place.class_cost) == 0 or today < 0:
        return 0.0
    change = 0.0
    if target != today:
        change += place.class_cost[place.move_class[today], place.move_class[target]]
    if source >= 0 and source != today:
        change -= place.class_cost[place.move_class[today], place.move_class[source]]
    return change


@jit
def service_move_change(data: Data, state: State, workload: int, source: int, target: int) -> float:
    """Change of the price of the busiest service's moves when one workload changes its host."""
    place, kept, today = data.place, state.place, data.today[workload]
    if place.service_price == 0.0 or today < 0:
        return 0.0
    moved, most = kept.moved[place.service[workload]], kept.most[0]
    if source == today and target != today and moved == most:
        return place.service_price
    if source != today and target == today and moved == most and kept.with_moves[most] == 1:
        return -place.service_price
    return 0.0


@jit
def transit_fits(data: Data, state: State, workload: int, host: int) -> bool:
    """Whether a host has room for a workload while what has left it still counts."""
    if not data.place.has_transit or data.today[workload] == host:
        return True  # room at home is kept while it is away
    load, gone, room = state.load[host], state.place.gone[host], data.place.room[host]
    use = data.use[data.flavour[workload]]
    for column in range(len(use)):
        if load[column] + gone[column] + use[column] > room[column]:
            return False
    return True


@jit
def nearness_holds(data: Data, state: State, workload: int) -> bool:
    """Whether the groups of a workload, and those that need them, have near what they need."""
    place = data.place
    for rule in range(len(place.num_near)):
        user, group = place.user[rule, workload], place.member[rule, workload]
        if user >= 0:
            for entry in range(place.need_start[user], place.need_start[user + 1]):
                if not entry_holds(data, state, entry):
                    return False
        if group >= 0:
            for index in range(place.needed_start[group], place.needed_start[group + 1]):
                if not entry_holds(data, state, place.needed[index]):
                    return False
    return True


@jit
def stays_near(data: Data, state: State, rule: int, group: int, leaves: int, enters: int) -> bool:
    """Whether those who need a group keep it near when a member goes from one domain to another."""
    place, kept = data.place, state.place
    for side in range(2):
        # where members add to numbers, those near the domain left lose; where they take from them,
        # those far from the domain entered do
        mine, other = (leaves, enters) if side == 0 else (enters, leaves)
        sign = -1 if side == 0 else 1
        row = place.reach_first[rule] + mine
        for index in range(place.reach_start[row], place.reach_start[row + 1]):
            change = sign * place.reach_weight[index]
            domain = place.reach_domain[index]
            if change > 0 or reaches(data, rule, other, domain):
                continue
            if kept.have[place.cell[group] + domain] + change > 0:
                continue
            for position in range(place.needed_start[group], place.needed_start[group + 1]):
                need = place.needed[position]
                without = kept.want[place.cell[place.need_user[need]] + domain]
                if without > place.excuse[need, domain]:
                    return False
    return True


@jit
def reaches(data: Data, rule: int, source: int, domain: int) -> bool:
    """Whether a member in one domain changes the number of another."""
    place = data.place
    row = place.reach_first[rule] + source
    for index in range(place.reach_start[row], place.reach_start[row + 1]):
        if place.reach_domain[index] == domain:
            return True
    return False


@jit
def entry_holds(data: Data, state: State, entry: int) -> bool:
    """Whether one group has another near it in every domain, as far as it must."""
    place, kept = data.place, state.place
    user, on = place.need_user[entry], place.need_on[entry]
    for domain in range(place.num_near[place.rule_of[user]]):
        without = kept.have[place.cell[on] + domain] <= 0
        if without and kept.want[place.cell[user] + domain] > place.excuse[entry, domain]:
            return False
    return True


@jit
def num_without(data: Data, state: State) -> int:
    """How many workloads are without something that they need near them, beyond those excused."""
    place, kept, total = data.place, state.place, 0
    for entry in range(len(place.need_user)):
        user, on = place.need_user[entry], place.need_on[entry]
        for domain in range(place.num_near[place.rule_of[user]]):
            if kept.have[place.cell[on] + domain] <= 0:
                without = kept.want[place.cell[user] + domain] - place.excuse[entry, domain]
                total += max(0, without)
    return total


@jit
def change_as_member(data: Data, state: State, rule: int, group: int, domain: int) -> int:
    """Change of :func:`num_without` when one more member of a group is in a domain."""
    place, kept, total = data.place, state.place, 0
    row = place.reach_first[rule] + domain
    for index in range(place.reach_start[row], place.reach_start[row + 1]):
        there = place.reach_domain[index]
        have = kept.have[place.cell[group] + there]
        was, comes = have <= 0, have + place.reach_weight[index] <= 0
        if was == comes:
            continue
        for position in range(place.needed_start[group], place.needed_start[group + 1]):
            need = place.needed[position]
            want = kept.want[place.cell[place.need_user[need]] + there]
            total += (1 if comes else -1) * max(0, want - place.excuse[need, there])
    return total


@jit
def price_nearness(data: Data, state: State, workload: int, price: float, out: np.ndarray) -> None:
    """Add to ``out`` (host,) a price per workload that one there leaves without what it needs."""
    place, kept = data.place, state.place
    for rule in range(len(place.num_near)):
        user, group = place.user[rule, workload], place.member[rule, workload]
        if user < 0 and group < 0:
            continue
        change = np.zeros(place.num_near[rule])
        for domain in range(len(change)):
            if user >= 0:
                want = kept.want[place.cell[user] + domain] + 1
                for need in range(place.need_start[user], place.need_start[user + 1]):
                    have = kept.have[place.cell[place.need_on[need]] + domain]
                    if have <= 0 and want > place.excuse[need, domain]:
                        change[domain] += 1.0
            if group >= 0:
                change[domain] += change_as_member(data, state, rule, group, domain)
        for host in range(len(out)):
            if out[host] < np.inf:
                out[host] += price * change[place.near[rule, host]]


@jit
def price_places(data: Data, state: State, workload: int, out: np.ndarray) -> None:
    """Add to ``out`` (host,) what a workload costs there by load and move; bar hosts in transit."""
    place, today = data.place, data.today[workload]
    if not (place.is_active or place.has_transit):
        return
    use = data.use[data.flavour[workload]]
    for host in range(len(out)):
        if out[host] == np.inf:
            continue
        if not transit_fits(data, state, workload, host):
            out[host] = np.inf
            continue
        if not place.is_active:
            continue
        added = load_price(data, state, host, use, data.nothing)
        out[host] += added - state.place.by_load[host]
        if today >= 0 and today != host and len(place.class_cost) > 0:
            out[host] += place.class_cost[place.move_class[today], place.move_class[host]]
