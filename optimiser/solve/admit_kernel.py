"""Compiled admission: one workload onto the host where it costs and strands least, or nowhere."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from optimiser.solve.arrays import Data, State
from optimiser.solve.kernel import (
    add,
    devices_fit,
    entry,
    fits,
    group_holds,
    has_room,
    is_on,
    jit,
    remove,
    rows_hold,
    shortfall,
    sums_allow,
)
from optimiser.solve.place_kernel import nearness_holds, price_places, transit_fits
from optimiser.solve.scoring import strike_by_counts
from optimiser.solve.stranded import Mix, rise, stranded_now

NOT_ALLOWED, CAPACITY, COUNTS, SUMS, TRANSIT, DEVICES, ROWS, BUDGETS, GROUPS, NEARNESS = range(
    1, 11
)
"""What keeps a workload off a host, in the order in which it is asked."""
ASLEEP = 2e3  # typical hosts' cost: a sleeping host is taken when no other can


class Memory(NamedTuple):
    """Growth of what is stranded, kept while a host does not change.

    ``stamp``, ``growth`` and ``device`` (slot, host) belong to the flavour and the ``version``
    (host,) of the host that the stamp names; ``before`` (host,), what is stranded on a host, to the
    version ``seen`` (host,).
    """

    stamp: np.ndarray
    growth: np.ndarray
    device: np.ndarray
    version: np.ndarray
    before: np.ndarray
    seen: np.ndarray


@jit
def recall(
    data: Data, state: State, mix: Mix, memory: Memory, flavour: int, out: np.ndarray
) -> int:
    """Bring the growths of a flavour up to date where ``out`` is finite; return their slot.

    Empty hosts of a class are alike, so one of them tells for all.
    """
    slot, flavours = flavour % len(memory.stamp), len(data.use)
    free = np.empty(mix.flavour_need.shape[1], dtype=np.int64)
    devices = np.empty(state.device_free.shape[1], dtype=np.int64)
    first = np.full(len(state.opening), -1)
    for host in range(len(out)):
        stamp = memory.version[host] * flavours + flavour
        if out[host] == np.inf or memory.stamp[slot, host] == stamp:
            continue
        memory.stamp[slot, host] = stamp
        kind = data.host_class[host]
        if state.members[host] == 0 and first[kind] >= 0:
            memory.growth[slot, host] = memory.growth[slot, first[kind]]
            memory.device[slot, host] = memory.device[slot, first[kind]]
            continue
        if memory.seen[host] != memory.version[host]:
            memory.before[host] = stranded_now(data, state, mix, host, free, devices)
            memory.seen[host] = memory.version[host]
        before = memory.before[host]
        growth, device = rise(data, state, mix, flavour, host, before, free, devices)
        memory.growth[slot, host], memory.device[slot, host] = growth, device
        if state.members[host] == 0:
            first[kind] = host
    return slot


@jit
def price_hosts(
    data: Data,
    state: State,
    mix: Mix,
    memory: Memory,
    workload: int,
    price: float,
    scale: float,
    out: np.ndarray,
) -> None:
    """Fill ``out`` (host,) with money plus ``price`` times what is stranded; infinity if illegal.

    Rack rows, reserves and rules about whole groups are asked later, of the chosen host.
    """
    flavour = data.flavour[workload]
    for host in range(len(out)):
        out[host] = 0.0 if fits(data, state, workload, host) else np.inf
    strike_by_counts(data, state, workload, out)
    slot = recall(data, state, mix, memory, flavour, out)
    for host in range(len(out)):
        if out[host] == np.inf:
            continue
        kind = data.host_class[host]
        out[host] = state.running[flavour, kind] + price * memory.growth[slot, host]
        if not is_on(state, host):
            out[host] += state.opening[kind] + ASLEEP * scale
    price_places(data, state, workload, out)


@jit
def whole_groups_hold(data: Data, state: State, workload: int) -> bool:
    """Whether those groups of a workload that are placed completely keep their bounds."""
    for rule in range(len(data.num_domains)):
        group = data.group[rule, workload]
        if group < 0 or state.size[rule, group] < data.group_size[rule, group]:
            continue  # more is to come
        if not group_holds(data, state, rule, group):
            return False
    return True


@jit
def after_arrival(data: Data, state: State, workload: int, short: float) -> int:
    """Return what is wrong after a workload has come, 0 for nothing; ``short`` was missing before.

    Bounds on whole groups wait for their last member; what a group needs near it does not.
    """
    if shortfall(data, state) > short:
        return BUDGETS
    if not nearness_holds(data, state, workload):
        return NEARNESS
    return 0 if whole_groups_hold(data, state, workload) else GROUPS


@entry
def admit_one(
    data: Data,
    state: State,
    mix: Mix,
    memory: Memory,
    workload: int,
    price: float,
    scale: float,
    out: np.ndarray,
) -> int:
    """Put a workload on its best legal host and return it, −1 when there is none.

    ``out`` (host,) is scratch; of equal hosts the first is taken.
    """
    price_hosts(data, state, mix, memory, workload, price, scale, out)
    short = shortfall(data, state)
    slot = data.flavour[workload] % len(memory.stamp)
    while True:
        host = int(np.argmin(out))
        if out[host] == np.inf:
            return -1
        if rows_hold(data, state, workload, host):
            device, mask = memory.device[slot, host], np.uint64(0)
            if device >= 0:
                mask = np.uint64(1) << np.uint64(device)
            add(data, state, workload, host, mask)
            if after_arrival(data, state, workload, short) == 0:
                memory.version[host] += 1
                return host
            remove(data, state, workload)
        out[host] = np.inf


@entry
def release_one(data: Data, state: State, memory: Memory, workload: int) -> None:
    """Take a workload off its host."""
    memory.version[state.host[workload]] += 1
    remove(data, state, workload)


@jit
def barrier(data: Data, state: State, workload: int, host: int, struck: bool, short: float) -> int:
    """Return the first thing that keeps a workload off a host, 0 for none."""
    if not data.allowed[data.elig[workload], host]:
        return NOT_ALLOWED
    if not has_room(data, state, workload, host):
        return CAPACITY
    if data.device_size > 0 and not devices_fit(data, state, workload, host):
        return DEVICES
    if not sums_allow(data, state, workload, host):
        return SUMS
    if not transit_fits(data, state, workload, host):
        return TRANSIT
    if struck or not fits(data, state, workload, host):
        return COUNTS
    if not rows_hold(data, state, workload, host):
        return ROWS
    add(data, state, workload, host, np.uint64(0))
    code = after_arrival(data, state, workload, short)
    remove(data, state, workload)
    return code


@entry
def barriers(data: Data, state: State, workload: int, out: np.ndarray) -> None:
    """Fill ``out`` (host,) with what keeps a workload off each host, 0 where nothing does."""
    struck = np.zeros(len(out))
    strike_by_counts(data, state, workload, struck)
    short = shortfall(data, state)
    for host in range(len(out)):
        out[host] = barrier(data, state, workload, host, struck[host] == np.inf, short)
