"""Compiled ejection moves over flat arrays: a workload comes, others make room, the cost decides.

Where hosts are full, and what has left keeps its room, single shifts and exchanges freeze long
before large workloads are where they should be. Such a move puts one onto a host however full,
sends others from there where they cost least until all limits hold, lets some come onto the host
that it left, and is taken as a whole or not at all. The idea is the rearrangement of big processes
by Gavranović and Buljubašić, winners of the ROADEF/EURO challenge 2012.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from optimiser.solve.flat import Flat, Kept
from optimiser.solve.jit import entry, jit
from optimiser.solve.walk import (
    SURE,
    balance_after,
    below,
    counts_allow,
    draw,
    enters,
    move_change,
    near_allow,
    price_after,
    put,
    reprice,
    service_change,
)

MOST_EJECTED = 6
MOST_COMING = 20  # shifts onto the host that was left
CALLERS = 30  # workloads that are asked whether they would come
NOBODY = -1


class Site(NamedTuple):
    """What the moves read and keep.

    ``today`` (workload + 1,) ends with −1 for "nothing"; ``size`` (workload,) is what a load is
    worth; ``head`` (host,), ``after`` and ``before`` (workload,) chain the workloads of each host.
    """

    flat: Flat
    kept: Kept
    today: np.ndarray
    size: np.ndarray
    service_worth: float
    head: np.ndarray
    after: np.ndarray
    before: np.ndarray


class Trail(NamedTuple):
    """Shifts made so far, to be taken back: who, from where, and how many (1,)."""

    who: np.ndarray
    source: np.ndarray
    length: np.ndarray


@jit
def throw(dice: np.ndarray) -> Any:
    """Return 64 random bits."""
    dice[0] = draw(dice[0])
    return dice[0] * np.uint64(0x2545F4914F6CDD1D)


@jit
def number_below(dice: np.ndarray, count: int) -> int:
    """Return a random number from 0 to ``count`` − 1."""
    return below(throw(dice) >> np.uint64(32), count)


@jit
def chance(dice: np.ndarray) -> float:
    """Return a random number from 0 to 1."""
    return (throw(dice) >> np.uint64(32)) * (1.0 / 2.0**32)


@jit
def chain(site: Site) -> None:
    """Chain the workloads of each host."""
    site.head[:] = NOBODY
    for workload in range(len(site.kept.host)):
        _link(site, workload, site.kept.host[workload])


@jit
def _link(site: Site, workload: int, host: int) -> None:
    first = site.head[host]
    site.after[workload], site.before[workload] = first, NOBODY
    if first != NOBODY:
        site.before[first] = workload
    site.head[host] = workload


@jit
def _shift(site: Site, workload: int, there: int) -> None:
    """Move a workload, whatever the limits say."""
    here, after, before = site.kept.host[workload], site.after[workload], site.before[workload]
    if after != NOBODY:
        site.before[after] = before
    if before == NOBODY:
        site.head[here] = after
    else:
        site.after[before] = after
    _link(site, workload, there)
    put(site.flat, site.kept, workload, there)
    reprice(site.flat, site.kept, here)
    reprice(site.flat, site.kept, there)


@jit
def _follow(site: Site, trail: Trail, workload: int, there: int) -> None:
    """Move a workload and note where it came from."""
    length = trail.length[0]
    trail.who[length], trail.source[length] = workload, site.kept.host[workload]
    trail.length[0] = length + 1
    _shift(site, workload, there)


@jit
def _take_back(site: Site, trail: Trail) -> None:
    for index in range(trail.length[0] - 1, -1, -1):
        _shift(site, trail.who[index], trail.source[index])


@jit
def shift_change(site: Site, workload: int, there: int) -> float:
    """Change of cost when one workload goes to another host [money]."""
    flat, kept = site.flat, site.kept
    here, nothing, load = kept.host[workload], len(flat.use) - 1, kept.load
    change = price_after(load, flat.limit, flat.price, flat.use, there, workload, nothing)
    change += price_after(load, flat.limit, flat.price, flat.use, here, nothing, workload)
    if len(flat.worth) > 0:
        rated, have, per = flat.rated, flat.have, flat.per
        ratio, worth, use = flat.ratio, flat.worth, flat.use
        change += balance_after(load, rated, have, per, ratio, worth, use, there, workload, nothing)
        change += balance_after(load, rated, have, per, ratio, worth, use, here, nothing, workload)
    change -= kept.by_load[here] + kept.by_load[there]
    change += move_change(
        flat.today, flat.move_cost, flat.move_class, flat.class_cost, workload, here, there
    )
    return change + service_change(flat, kept, site.service_worth, workload, here, there)


@jit
def _rules_allow(site: Site, workload: int, there: int) -> bool:
    flat, kept, here = site.flat, site.kept, site.kept.host[workload]
    if not flat.allowed[flat.elig[workload], there]:
        return False
    if not counts_allow(flat, kept, workload, here, there, -1):
        return False
    return near_allow(flat, kept, workload, here, there)


@jit
def _has_room(site: Site, workload: int, there: int) -> bool:
    flat, kept = site.flat, site.kept
    nothing = len(flat.use) - 1
    return enters(kept.free, kept.slack, flat.use, site.today, there, workload, nothing)


@jit
def _relief(site: Site, workload: int, host: int) -> float:
    """How much of what a host lacks a workload gives back by leaving, summed over the limits."""
    kept, use, total = site.kept, site.flat.use, 0.0
    returns = site.today[workload] != host  # else its room is kept while it is away
    for column in range(use.shape[1]):
        amount, free, slack = (
            use[workload, column], kept.free[host, column], kept.slack[host, column],
        )  # fmt: skip
        if free < 0.0:
            total += min(amount, -free) / -free
        if returns and slack < 0.0:
            total += min(amount, -slack) / -slack
    return total


@jit
def _is_overfull(kept: Kept, host: int) -> bool:
    for column in range(kept.free.shape[1]):
        if kept.free[host, column] < 0.0 or kept.slack[host, column] < 0.0:
            return True
    return False


@jit
def _who_leaves(site: Site, trail: Trail, host: int, dice: np.ndarray) -> int:
    """Return a workload that makes room, small ones rather than large ones, by chance."""
    best, found, guest = 0.0, NOBODY, trail.who[0]
    workload = site.head[host]
    while workload != NOBODY:
        if workload != guest:
            relief = _relief(site, workload, host)
            if relief > 0.0:
                weight = 1.0 + site.size[workload] / (site.size[guest] + 1e-9)
                score = chance(dice) * relief / weight
                if score > best:
                    best, found = score, workload
        workload = site.after[workload]
    return found


@jit
def _cheapest(site: Site, workload: int, avoid: int) -> tuple[int, float]:
    """Return the host where a workload costs least, and what changes; −1 where it fits nowhere."""
    cheapest, found = np.inf, NOBODY
    for host in range(len(site.kept.by_load)):
        if host == avoid or not _has_room(site, workload, host):
            continue
        change = shift_change(site, workload, host)
        if change < cheapest and _rules_allow(site, workload, host):
            cheapest, found = change, host
    return found, cheapest


@jit
def _make_room(site: Site, trail: Trail, host: int, dice: np.ndarray) -> float:
    """Send workloads away until all limits of a host hold; return what changes, or infinity."""
    total = 0.0
    while _is_overfull(site.kept, host):
        if trail.length[0] > MOST_EJECTED:
            return np.inf
        workload = _who_leaves(site, trail, host, dice)
        if workload == NOBODY:
            return np.inf
        there, change = _cheapest(site, workload, host)
        if there == NOBODY:
            return np.inf
        total += change
        _follow(site, trail, workload, there)
    return total


@jit
def _fill(site: Site, trail: Trail, host: int, dice: np.ndarray) -> float:
    """Let some workloads come onto a host where that saves; return what changes."""
    total, guest = 0.0, trail.who[0]
    for _ in range(CALLERS):
        workload = number_below(dice, len(site.kept.host))
        if site.kept.host[workload] == host or workload == guest:
            continue
        if not _has_room(site, workload, host):
            continue
        change = shift_change(site, workload, host)
        if change < 0.0 and _rules_allow(site, workload, host):
            total += change
            _follow(site, trail, workload, host)
            if trail.length[0] == len(trail.who):
                break
    return total


@jit
def _is_taken(change: float, temperature: float, dice: np.ndarray) -> bool:
    if change <= 0.0:
        return True
    return change <= SURE * temperature and chance(dice) <= np.exp(-change / temperature)


@entry
def eject(
    flat: Flat, kept: Kept, today: np.ndarray, by_size: np.ndarray, size: np.ndarray,
    service_worth: float, trials: int, temperature: float, seed: int,
) -> int:  # fmt: skip
    """Try ejection moves at a temperature [money]; return how many were made.

    ``by_size`` (workload,) are workloads by ``size`` (workload,), what their load is worth; large
    ones are tried more often. Every placement between two moves keeps all hard rules.
    """
    workloads, hosts, made = len(kept.host), len(kept.by_load), 0
    links = np.empty((2, workloads), dtype=np.int64)
    head = np.empty(hosts, dtype=np.int64)
    site = Site(flat, kept, today, size, service_worth, head, links[0], links[1])
    chain(site)
    longest = 1 + MOST_EJECTED + MOST_COMING
    trail = Trail(
        np.empty(longest, dtype=np.int64), np.empty(longest, dtype=np.int64),
        np.zeros(1, dtype=np.int64),
    )  # fmt: skip
    dice = np.empty(1, dtype=np.uint64)
    dice[0] = (np.uint64(seed) * np.uint64(0x9E3779B97F4A7C15) + np.uint64(0x7654321)) | np.uint64(
        1
    )
    for _ in range(trials):
        rank = max(number_below(dice, workloads), number_below(dice, workloads))
        guest, there = by_size[rank], number_below(dice, hosts)
        here = kept.host[guest]
        if here == there or not _rules_allow(site, guest, there):
            continue
        trail.length[0] = 0
        change = shift_change(site, guest, there)
        _follow(site, trail, guest, there)
        change += _make_room(site, trail, there, dice)
        if change < np.inf:
            change += _fill(site, trail, here, dice)
        if change < np.inf and _is_taken(change, temperature, dice):
            made += 1
        else:
            _take_back(site, trail)
    return made
