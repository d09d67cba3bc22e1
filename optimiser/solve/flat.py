"""A placement problem without racks, sums or devices as flat arrays, one look-up per number.

The kernels of :mod:`optimiser.solve.walk` read these. Amounts are whole numbers in float64, exact
up to 2**53, which saves converting them wherever they meet a price.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from optimiser.solve.arrays import Data
from optimiser.solve.place_arrays import NO_ROOM_LIMIT

EXACT = 2.0**52  # amounts below this are exact in float64, and so are their differences


class Flat(NamedTuple):
    """What never changes during a search; ``use`` has a last row of zeros for "nothing".

    ``limit`` (host, column) is the safety amount and ``price`` (column,) the money per unit above
    it; ``have``, ``per``, ``ratio`` and ``worth`` (balance,) are the balance prices. Workload w has
    the counting rules ``rule[k]`` with group ``group[k]`` for k from ``start[w]`` to
    ``start[w + 1]``. Needs are those of :class:`PlaceData`.
    """

    use: np.ndarray  # (workload + 1, column)
    capacity: np.ndarray  # (host, column)
    room: np.ndarray  # (host, column) with what has left
    rated: np.ndarray
    limit: np.ndarray
    price: np.ndarray
    have: np.ndarray
    per: np.ndarray
    ratio: np.ndarray
    worth: np.ndarray
    today: np.ndarray
    move_cost: np.ndarray
    move_class: np.ndarray  # (host,)
    class_cost: np.ndarray
    service: np.ndarray
    allowed: np.ndarray
    elig: np.ndarray
    start: np.ndarray
    rule: np.ndarray
    group: np.ndarray
    domain: np.ndarray  # (rule, host)
    num_domains: np.ndarray
    offset: np.ndarray
    most_in: np.ndarray  # by cell
    least: np.ndarray
    most: np.ndarray
    member: np.ndarray
    user: np.ndarray
    near: np.ndarray
    cell: np.ndarray
    need_start: np.ndarray
    need_user: np.ndarray
    need_on: np.ndarray
    excuse: np.ndarray
    needed_start: np.ndarray
    needed: np.ndarray


class Kept(NamedTuple):
    """What is kept up to date move by move."""

    host: np.ndarray  # (workload,)
    load: np.ndarray  # (host, column)
    free: np.ndarray  # (host, column) capacity left
    slack: np.ndarray  # (host, column) room left while what has left still counts
    by_load: np.ndarray  # (host,) money
    count: np.ndarray  # type: ignore[assignment]  # by cell
    used: np.ndarray  # (rule, group)
    have: np.ndarray
    want: np.ndarray
    moved: np.ndarray  # (service,)
    with_moves: np.ndarray
    most: np.ndarray  # (1,)
    version: np.ndarray  # (host,) accepted moves that touched it
    leave: np.ndarray  # (workload,) money saved on its host by leaving, at ``leave_at``
    leave_at: np.ndarray


def is_flat(data: Data) -> bool:
    """Whether no rule asks about racks, sums, devices, reserves, skew, budgets, ways or steps.

    Amounts must be small enough to be exact, all power free, and all cells of counts dense.
    """
    few = len(data.reserve_fraction) + len(data.sum_domain) + len(data.on_limit)
    few += len(data.move_limit) + len(data.row_index) + data.device_size
    skewed = any((data.skew[rule] < 2**30).any() for rule in range(len(data.num_domains)))
    widest = data.place.balance_ratio.max(initial=1)
    total = data.use[data.flavour].sum(axis=0).max(initial=0) + data.rated.max(initial=0)
    if not data.place.is_local or (data.offset < 0).any():
        return False
    return few == 0 and not skewed and len(data.power_column) == 1 and total * widest < EXACT


def flatten(data: Data) -> Flat:
    """Return the arrays of a problem for which :func:`is_flat` holds."""
    place, columns = data.place, data.use.shape[1]
    use = np.vstack([data.use[data.flavour], np.zeros((1, columns), np.int64)])
    price, limit = np.zeros(columns), np.zeros(data.rated.shape)
    for rule, column in enumerate(place.safety_column[:, 0]):
        price[column] += place.safety_price[rule]  # a resource has one safety amount
        limit[:, column] = place.safety_limit[rule]
    room = np.where(place.room >= NO_ROOM_LIMIT, np.inf, place.room.astype(float))
    inside = data.group >= 0
    rule_of = np.nonzero(inside.T)
    return Flat(
        use=use.astype(float),
        capacity=data.capacity.astype(float),
        room=room,
        rated=data.rated.astype(float),
        limit=limit,
        price=price,
        have=np.ascontiguousarray(place.balance_column[:, 0]),
        per=np.ascontiguousarray(place.balance_per[:, 0]),
        ratio=place.balance_ratio.astype(float),
        worth=place.balance_price,
        today=data.today.astype(np.int64),
        move_cost=data.move_cost,
        move_class=place.move_class if len(place.class_cost) else np.zeros_like(place.move_class),
        class_cost=place.class_cost if len(place.class_cost) else np.zeros((1, 1)),
        service=place.service,
        allowed=data.allowed,
        elig=data.elig.astype(np.int64),
        start=np.concatenate([[0], np.cumsum(inside.sum(axis=0))]).astype(np.int64),
        rule=np.ascontiguousarray(rule_of[1]).astype(np.int64),
        group=np.ascontiguousarray(data.group.T[rule_of]).astype(np.int64),
        domain=data.domain.astype(np.int64),
        num_domains=data.num_domains,
        offset=data.offset,
        most_in=data.limit.astype(np.int64),
        least=data.least.astype(np.int64),
        most=data.most.astype(np.int64),
        **{name: getattr(place, name) for name in _NEEDS},
    )


_NEEDS = (
    "member", "user", "near", "cell", "need_start", "need_user", "need_on", "excuse",
    "needed_start", "needed",
)  # fmt: skip


def load_worth(flat: Flat) -> np.ndarray:
    """Return what the load of each workload can cost at most (workload,) [money]."""
    use = flat.use[:-1]
    worth = use @ flat.price
    for have, per, ratio, price in zip(flat.have, flat.per, flat.ratio, flat.worth, strict=True):
        worth += price * np.abs(ratio * use[:, per] - use[:, have])
    return worth


def keep(flat: Flat, host: np.ndarray) -> Kept:
    """Return what is kept for a placement (workload,) in which everything has a host."""
    hosts, columns = flat.capacity.shape
    load, held = np.zeros((hosts, columns)), np.zeros((hosts, columns))
    use, today, workloads = flat.use[:-1], flat.today, len(host)
    np.add.at(load, host, use)
    away = (today >= 0) & (today != host)
    np.add.at(held, today[away], use[away])
    moved = np.bincount(flat.service[away], minlength=int(flat.service.max(initial=-1)) + 1)
    with_moves = np.bincount(moved, minlength=workloads + 2)
    count = np.zeros(len(flat.most_in), dtype=np.int64)
    of = np.repeat(np.arange(workloads), np.diff(flat.start))
    domain = flat.domain[flat.rule, host[of]]
    counted = domain >= 0
    cell = flat.offset[flat.rule] + flat.group * flat.num_domains[flat.rule] + domain
    np.add.at(count, cell[counted], 1)
    used = np.zeros(flat.least.shape, dtype=np.int64)
    first = np.unique(cell[counted], return_index=True)[1]
    np.add.at(used, (flat.rule[counted][first], flat.group[counted][first]), 1)
    return Kept(
        host=host.astype(np.int64),
        load=load,
        free=flat.capacity - load,
        slack=flat.room - load - held,
        by_load=_by_load(flat, load),
        count=count,
        used=used,
        have=_near_count(flat, flat.member, host),
        want=_near_count(flat, flat.user, host),
        moved=moved.astype(np.int64),
        with_moves=with_moves.astype(np.int64),
        most=np.array([moved.max(initial=0)], dtype=np.int64),
        version=np.ones(hosts, dtype=np.int64),
        leave=np.zeros(workloads),
        leave_at=np.zeros(workloads, dtype=np.int64),
    )


def _by_load(flat: Flat, load: np.ndarray) -> np.ndarray:
    """Return what the load of each host costs (host,)."""
    cost = np.maximum(load - flat.limit, 0.0) @ flat.price
    free = flat.rated - load
    for have, per, ratio, worth in zip(flat.have, flat.per, flat.ratio, flat.worth, strict=True):
        cost += worth * np.maximum(ratio * free[:, per] - free[:, have], 0.0)
    return cost


def _near_count(flat: Flat, group: np.ndarray, host: np.ndarray) -> np.ndarray:
    count = np.zeros(int(flat.cell[-1]), dtype=np.int64)
    for rule, of_workload in enumerate(group):
        inside = np.flatnonzero(of_workload >= 0)
        cell = flat.cell[of_workload[inside]] + flat.near[rule, host[inside]]
        np.add.at(count, cell, 1)
    return count
