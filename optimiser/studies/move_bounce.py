"""Break deadlocks: move a workload aside so that others can pass."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import islice

import numpy as np
from scipy import sparse

from optimiser.studies.move_state import Transit

# how many workloads, hosts and blocked moves are tried before a deadlock counts as unbreakable
MOST_VICTIMS = 24
MOST_HOSTS = 8
MOST_TESTED = 60
MOST_TOGETHER = 3
MOST_TRIES = 600


@dataclass
class Patience:
    """How many sets of workloads may still be tried as detours before moves count as stuck."""

    left: int = MOST_TRIES


Bounce = tuple[int, int]


def find_bounces(
    transit: Transit,
    pending: np.ndarray,
    final: np.ndarray,
    may_bounce: np.ndarray,
    patience: Patience,
) -> list[Bounce]:
    """Return detours (workload, host) that together let blocked moves start; none if hopeless.

    ``pending`` holds the workloads that cannot move, ``final`` (W,) where each workload ends,
    ``may_bounce`` (W,) who may be moved aside. Independent knots are broken side by side. First
    the cheapest workload that is on its way anyway is tried, then up to three of one host, then
    workloads that would have to come back.
    """
    knots = _knots(transit, pending, final)
    found: list[Bounce] = []
    for knot in knots:
        victims = _passing(transit, knot, final, may_bounce)
        found += _first_help(transit, victims, knot, final, patience)
    if not found:
        victims = _all_passing(transit, pending, may_bounce)
        found = _first_help(transit, victims, pending, final, patience)
    if not found:
        for knot in knots:
            victims = _residents(transit, knot, final, may_bounce)
            found += _first_help(transit, victims, knot, final, patience)
    return found


def _knots(transit: Transit, pending: np.ndarray, final: np.ndarray) -> list[np.ndarray]:
    """Split blocked moves into sets that share no host."""
    from scipy.sparse.csgraph import connected_components  # loads all of linear algebra

    source, target = transit.host[pending], final[pending]
    start = np.where(source >= 0, source, target)
    size = len(transit.on)
    graph = sparse.coo_array((np.ones(len(pending)), (start, target)), shape=(size, size))
    label = connected_components(graph, directed=False)[1][target]
    order = np.argsort(label, kind="stable")
    cuts = np.flatnonzero(np.diff(label[order])) + 1
    return np.split(pending[order], cuts)


def _by_size(transit: Transit, workloads: np.ndarray) -> np.ndarray:
    memory = transit.twin["workload_memory_gib"].values[workloads]
    power = transit.usage[transit.flavour[workloads]].sum(axis=(1, 2))
    return workloads[np.lexsort((power, memory))]


def _passing(
    transit: Transit, knot: np.ndarray, final: np.ndarray, may_bounce: np.ndarray
) -> list[list[int]]:
    """Return sets of workloads to try: blocked ones on a host that others wait for."""
    source = transit.host[knot]
    waited_for = np.isin(source, final[knot]) & (source >= 0) & may_bounce[knot]
    alone = _by_size(transit, knot[waited_for])
    return _sets(transit, alone)


def _sets(transit: Transit, alone: np.ndarray) -> list[list[int]]:
    """Return single workloads, then two and three of one host together."""
    chosen = [[int(w)] for w in alone[:MOST_VICTIMS]]
    by_host: dict[int, list[int]] = {}
    for workload in alone[:MOST_VICTIMS].tolist():
        by_host.setdefault(int(transit.host[workload]), []).append(workload)
    for count in range(2, MOST_TOGETHER + 1):
        chosen += [mates[-count:] for mates in by_host.values() if len(mates) >= count]
    return chosen


def _all_passing(transit: Transit, pending: np.ndarray, may_bounce: np.ndarray) -> list[list[int]]:
    running = pending[(transit.host[pending] >= 0) & may_bounce[pending]]
    return [[int(w)] for w in _by_size(transit, running)[:MOST_VICTIMS]]


def _residents(
    transit: Transit, knot: np.ndarray, final: np.ndarray, may_bounce: np.ndarray
) -> list[list[int]]:
    """Return sets of workloads that stay, on hosts that blocked moves wait for."""
    stays = (transit.host == final) & np.isin(transit.host, final[knot]) & may_bounce
    return _sets(transit, _by_size(transit, np.flatnonzero(stays)))


def _first_help(
    transit: Transit,
    victims: list[list[int]],
    knot: np.ndarray,
    final: np.ndarray,
    patience: Patience,
) -> list[Bounce]:
    """Return the detours of the first set of workloads that lets a blocked move start."""
    for workloads in victims:
        if patience.left <= 0:
            break
        patience.left -= 1
        found = _help_of(transit, workloads, knot, final)
        if found:
            return found
    return []


def _help_of(
    transit: Transit, workloads: list[int], knot: np.ndarray, final: np.ndarray
) -> list[Bounce]:
    home = {workload: int(transit.host[workload]) for workload in workloads}
    was_on, done = transit.on.copy(), list[Bounce]()
    for workload in workloads:
        options = _hosts_for(transit, workload, int(final[workload]))
        host = next((h for h in options if not transit.blocked_by(workload, h)), -1)
        if host < 0:
            break
        transit.start(workload, host)
        transit.settle(workload, host)
        done.append((workload, host))
    helps = len(done) == len(workloads) and _unblocks(transit, knot, final, home)
    for workload, host in reversed(done):
        transit.go_back(workload, home[workload])
        transit.switch(host, bool(was_on[host]) or transit.members[host] > 0)
    return done if helps else []


def _hosts_for(transit: Transit, workload: int, final: int) -> list[int]:
    """Return hosts that could take a workload for a while: on first, least awaited, roomiest."""
    demand = transit.demand(workload)
    fits = (transit.load + demand <= transit.room).all(axis=(1, 2))
    fits &= transit.allowed_hosts(workload) & transit.twin["host_usable"].values
    fits[[int(transit.host[workload]), final]] = False
    hosts = np.flatnonzero(fits)
    free = (transit.room - transit.load).min(axis=2)[hosts, 0]
    order = np.lexsort((-free, transit.arrivals[hosts], ~transit.on[hosts]))
    return [int(h) for h in hosts[order[:MOST_HOSTS]]]


def _unblocks(transit: Transit, knot: np.ndarray, final: np.ndarray, home: dict[int, int]) -> bool:
    """Whether some blocked move other than those of the moved workloads can start now."""
    freed = np.isin(final[knot], list(home.values()))
    others = [int(w) for w in knot[np.argsort(~freed, kind="stable")] if int(w) not in home]
    return any(not transit.blocked_by(w, int(final[w])) for w in islice(others, MOST_TESTED))
