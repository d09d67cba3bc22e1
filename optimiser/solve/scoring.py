"""Compiled scoring: what putting a workload on each host costs, and where it may go at all."""

from __future__ import annotations

import numpy as np

from optimiser.solve.arrays import Data, State
from optimiser.solve.cells import count_in, may_hold
from optimiser.solve.counts import NO_LIMIT
from optimiser.solve.kernel import devices_fit, jit, may_open, rows_hold, sums_allow
from optimiser.solve.place_kernel import price_nearness, price_places

NEEDED = 1e7  # price of a need that is not met, in costs of a typical host: it comes first
SHAKE = 0.15  # relative noise on insertion costs, so that equal rounds differ


@jit
def strike_by_counts(data: Data, state: State, workload: int, out: np.ndarray) -> None:
    """Set ``out`` (host,) to infinity where a counting rule leaves no room for a workload."""
    for rule in range(len(data.num_domains)):
        group = data.group[rule, workload]
        if group < 0:
            continue
        if data.offset[rule] < 0:
            strike_sparse(data, state, rule, group, out)
            continue
        start = data.offset[rule] + group * data.num_domains[rule]
        cells = state.count[start : start + data.num_domains[rule]]
        limits = data.limit[start : start + data.num_domains[rule]]
        used, domain_of = state.used[rule, group], data.domain[rule]
        # the members still to come must suffice for the domains still to open
        missing = data.least[rule, group] - used
        to_come = data.group_size[rule, group] - state.size[rule, group] - 1
        closed_to_old = missing > 0 and to_come < missing
        highest = NO_LIMIT
        if data.skew[rule, group] < NO_LIMIT:
            highest = cells.min() + max(1, data.skew[rule, group])
        for host in range(len(out)):
            domain = domain_of[host]
            if domain < 0 or out[host] == np.inf:
                continue
            count = cells[domain]
            if (
                count >= limits[domain]
                or count >= highest
                or (count == 0 and not may_open(data, state, rule, group, domain))
                or (count > 0 and closed_to_old)
            ):
                out[host] = np.inf


@jit
def strike_sparse(data: Data, state: State, rule: int, group: int, out: np.ndarray) -> None:
    """Strike hosts as :func:`strike_by_counts` does, by a rule whose cells are sparse."""
    domain_of = data.domain[rule]
    missing = data.least[rule, group] - state.used[rule, group]
    to_come = data.group_size[rule, group] - state.size[rule, group] - 1
    closed_to_old = missing > 0 and to_come < missing
    for host in range(len(out)):
        domain = domain_of[host]
        if domain < 0 or out[host] == np.inf:
            continue
        count = count_in(data, state, rule, group, domain)
        if (
            not may_hold(data, rule, group, domain, count)
            or (count == 0 and not may_open(data, state, rule, group, domain))
            or (count > 0 and closed_to_old)
        ):
            out[host] = np.inf


@jit
def fill_shares(
    data: Data, state: State, workload: int, stamp: np.ndarray, mark: int, out: np.ndarray
) -> None:
    """Fill ``out`` (host,) with the share of the fullest column after adding a workload.

    Infinity where a host is barred or too small. Of the sleeping hosts of a class only the first
    is looked at: they are alike. Arrays are read into locals once because every access through the
    reference counts as a use of it.
    """
    use, capacity, load = data.use[data.flavour[workload]], data.capacity, state.load
    inverse, allowed = data.inverse_capacity, data.allowed[data.elig[workload]]
    members, forced, host_class = state.members, state.forced_on, data.host_class
    for host in range(len(out)):
        out[host] = np.inf
        if not allowed[host]:
            continue
        if members[host] == 0 and not forced[host]:
            if stamp[host_class[host]] == mark:
                continue
            stamp[host_class[host]] = mark
        highest = 0.0
        for column in range(len(use)):
            filled = load[host, column] + use[column]
            if filled > capacity[host, column]:
                highest = np.inf
                break
            highest = max(highest, filled * inverse[host, column])
        out[host] = highest


@jit
def scores(
    data: Data,
    state: State,
    workload: int,
    tightness: float,
    scale: float,
    stamp: np.ndarray,
    mark: int,
    out: np.ndarray,
) -> None:
    """Fill ``out`` (host,) with the cost of putting a workload there, infinity where it cannot go.

    Full hosts are preferred by ``tightness``. An empty host counts only the share of it that is
    taken, behind all hosts that are on.
    """
    fill_shares(data, state, workload, stamp, mark, out)
    strike_by_counts(data, state, workload, out)
    flavour, today = data.flavour[workload], data.today[workload]
    move_cost = data.move_cost[workload]
    members, forced, host_class = state.members, state.forced_on, data.host_class
    running, opening = state.running[flavour], state.opening
    needs_device = data.device_request[flavour] > 0
    has_sums = len(data.sum_domain) > 0 or data.overhead.sum() > 0
    for host in range(len(out)):
        share = out[host]
        if share == np.inf:
            continue
        if needs_device and not devices_fit(data, state, workload, host):
            out[host] = np.inf
            continue
        if has_sums and not sums_allow(data, state, workload, host):
            out[host] = np.inf
            continue
        kind = host_class[host]
        if members[host] > 0 or forced[host]:
            out[host] = running[kind] - tightness * scale * share
        else:
            out[host] = running[kind] + opening[kind] * share + 2e3 * scale
        if today >= 0 and today != host:
            out[host] += move_cost
    price_places(data, state, workload, out)
    if not data.place.is_local:
        price_nearness(data, state, workload, NEEDED * scale, out)


@jit
def best_host(
    data: Data,
    state: State,
    workload: int,
    tightness: float,
    scale: float,
    stamp: np.ndarray,
    mark: int,
    value: np.ndarray,
) -> int:
    """Return the cheapest legal host, −1 when there is none; ``value`` (host,) is scratch."""
    scores(data, state, workload, tightness, scale, stamp, mark, value)
    asleep = 1e3 * scale
    for host in range(len(value)):
        if value[host] < asleep:
            value[host] += SHAKE * scale * np.random.random() * tightness
    return cheapest(data, state, workload, value)


@jit
def cheapest(data: Data, state: State, workload: int, value: np.ndarray) -> int:
    """Return the host of least value on which all rack rows hold, −1 when there is none."""
    while True:
        best = int(np.argmin(value))
        if value[best] == np.inf:
            return -1
        if rows_hold(data, state, workload, best):
            return best
        rack = data.rack[best]
        for host in range(len(value)):  # a rack without room has none on its other hosts
            if data.rack[host] == rack:
                value[host] = np.inf
