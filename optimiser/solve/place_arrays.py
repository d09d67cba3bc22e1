"""Arrays for what placements cost by load and moves, for room in transit and for nearness."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from optimiser.schema.policy import Dependency, TransientCapacity
from optimiser.twin.nearness import asks_for_all, is_nearness, lacking, near_domains
from optimiser.twin.rules import Rule

if TYPE_CHECKING:
    from optimiser.solve.problem import Problem

NO_ROOM_LIMIT = 2**62


class PlaceData(NamedTuple):
    """What never changes during a search; prices as in :class:`PlacementCost`.

    Groups of all rules about nearness are numbered through: ``member`` and ``user`` (rule,
    workload) are the group as one that is needed and as one that needs, −1 none. Needs are entries,
    sorted by the group that needs: those of a group start at ``need_start[g]``, those on a group at
    ``needed_start[g]`` of ``needed``.

    Group g is near domain d where its number in ``cell[g] + d`` is above zero. A member in domain
    e changes the number of ``reach_domain`` by ``reach_weight`` for all entries from
    ``reach_start[reach_first[rule] + e]`` on: where one member is enough, it adds one to each
    domain that is near e, and where all must be near, it takes one from each that is far, of the
    ``reach_base`` of one. ``is_local`` says that each domain is near itself only.
    """

    is_active: bool
    has_transit: bool
    safety_limit: np.ndarray
    safety_column: np.ndarray
    safety_price: np.ndarray
    balance_column: np.ndarray
    balance_per: np.ndarray
    balance_ratio: np.ndarray
    balance_price: np.ndarray
    service: np.ndarray
    service_price: float
    move_class: np.ndarray
    class_cost: np.ndarray
    room: np.ndarray  # (host, column) use of what is there and what has left may reach this
    member: np.ndarray
    user: np.ndarray
    near: np.ndarray  # (rule, host) domain
    num_near: np.ndarray  # (rule,)
    rule_of: np.ndarray  # (group,)
    cell: np.ndarray
    need_start: np.ndarray
    need_user: np.ndarray  # (entry,)
    need_on: np.ndarray  # (entry,)
    excuse: np.ndarray  # (entry, domain) workloads that may be without today
    needed_start: np.ndarray
    needed: np.ndarray
    is_local: bool
    reach_first: np.ndarray  # (rule,)
    reach_start: np.ndarray
    reach_domain: np.ndarray
    reach_weight: np.ndarray
    reach_base: np.ndarray  # by cell


class PlaceState(NamedTuple):
    """What is kept up to date move by move."""

    by_load: np.ndarray  # (host,) money
    gone: np.ndarray  # (host, column) use of workloads that run here today and are not here
    moved: np.ndarray  # (service,) moves
    with_moves: np.ndarray  # (moves + 1,) services that move so many
    most: np.ndarray  # (1,) moves of the service that moves most
    between: np.ndarray  # (1,) money of moves between hosts
    have: np.ndarray  # by cell, above zero where a group is near a domain
    want: np.ndarray  # members that need others, by cell


def place_data(problem: Problem) -> PlaceData:
    """Return the arrays of a problem."""
    cost = problem.place
    room = transit_room(problem)
    return PlaceData(
        is_active=cost.is_active,
        has_transit=bool((room < NO_ROOM_LIMIT).any()),
        safety_limit=cost.safety_limit,
        safety_column=cost.safety_column,
        safety_price=cost.safety_price,
        balance_column=cost.balance_column,
        balance_per=cost.balance_per,
        balance_ratio=cost.balance_ratio,
        balance_price=cost.balance_price,
        service=cost.service,
        service_price=cost.service_price,
        move_class=cost.move_class,
        class_cost=np.ascontiguousarray(cost.class_cost),
        room=room,
        **_needs(problem),
    )


def transit_room(problem: Problem) -> np.ndarray:
    """Return what use may reach while everything moves (host, column) int64.

    ``NO_ROOM_LIMIT`` where no hard rule counts what has left.
    """
    rules = [r for r in problem.rules if r.is_hard and isinstance(r.policy, TransientCapacity)]
    room = np.full(problem.capacity.shape, NO_ROOM_LIMIT, dtype=np.int64)
    names = problem.twin["resource"].values.astype(str).tolist()
    today = _load_today(problem)
    for rule in rules:
        assert isinstance(rule.policy, TransientCapacity)
        wanted = [names.index(name) for name in rule.policy.resources] or range(len(names))
        limit = np.maximum(problem.rated, today) if rule.not_worse else problem.rated
        counted = rule.hosts[:, None] & np.isin(problem.column_resource, list(wanted))[None, :]
        room = np.where(counted, np.minimum(room, limit), room)
    return np.ascontiguousarray(room)


def _load_today(problem: Problem) -> np.ndarray:
    load, known = np.zeros_like(problem.rated), problem.today >= 0
    np.add.at(load, problem.today[known], problem.use[problem.flavour[known]])
    return load


def _needs(problem: Problem) -> dict[str, Any]:
    """Return the tables of all hard rules about nearness; see :class:`PlaceData`."""
    rules = [r for r in problem.rules if r.is_hard and is_nearness(r)]
    shape = (len(rules), problem.num_workloads)
    member, user = np.full(shape, -1, dtype=np.int64), np.full(shape, -1, dtype=np.int64)
    near = np.zeros((len(rules), problem.num_hosts), dtype=np.int64)
    num_near = np.array([len(r.domain_names) for r in rules], dtype=np.int64)
    num_groups = [len(r.group_names) for r in rules]
    first = np.concatenate([[0], np.cumsum(num_groups)]).astype(np.int64)
    rule_of = np.repeat(np.arange(len(rules)), num_groups).astype(np.int64)
    pairs = [np.empty((0, 2), dtype=np.int64)]
    for index, rule in enumerate(rules):
        inside = rule.group >= 0
        member[index, inside] = first[index] + rule.group[inside]
        user[index] = np.where(rule.workloads, member[index], -1)
        near[index] = rule.domain
        pairs.append(first[index] + rule.needs.astype(np.int64))
    width = num_near[rule_of]
    pair = np.concatenate(pairs)
    pair = pair[np.argsort(pair[:, 0], kind="stable")]
    order = np.argsort(pair[:, 1], kind="stable")
    groups = np.arange(len(rule_of) + 1)
    cell = np.concatenate([[0], np.cumsum(width)]).astype(np.int64)
    tables: dict[str, Any] = {
        "member": member,
        "user": user,
        "near": near,
        "num_near": num_near,
        "rule_of": rule_of,
        "cell": cell,
        "need_start": np.searchsorted(pair[:, 0], groups),
        "need_user": np.ascontiguousarray(pair[:, 0]),
        "need_on": np.ascontiguousarray(pair[:, 1]),
        "needed_start": np.searchsorted(pair[order, 1], groups),
        "needed": order,
    }
    tables |= _reaches(rules, num_near, rule_of)
    return tables | {"excuse": _excuses(problem, rules, tables)}


def _reaches(rules: list[Rule], num_near: np.ndarray, rule_of: np.ndarray) -> dict[str, Any]:
    """Return which domains a member in each domain is near, or far from; see :class:`PlaceData`."""
    starts, targets, weights = [np.zeros(1, dtype=np.int64)], [], []
    for rule, count in zip(rules, num_near.tolist(), strict=True):
        if isinstance(rule.policy, Dependency):
            source = target = np.arange(count)
        else:
            near = near_domains(rule)
            source, target = np.nonzero(~near if asks_for_all(rule) else near)
        ends = np.cumsum(np.bincount(source, minlength=count))
        starts.append(starts[-1][-1] + ends)
        targets.append(target)
        weights.append(np.full(len(target), -1 if asks_for_all(rule) else 1))
    base = np.array([asks_for_all(rule) for rule in rules], dtype=np.int64)
    return {
        "is_local": all(isinstance(rule.policy, Dependency) for rule in rules),
        "reach_first": np.concatenate([[0], np.cumsum(num_near)])[:-1].astype(np.int64),
        "reach_start": np.concatenate(starts).astype(np.int64),
        "reach_domain": np.concatenate([*targets, np.empty(0)]).astype(np.int64),
        "reach_weight": np.concatenate([*weights, np.empty(0)]).astype(np.int64),
        "reach_base": np.repeat(base[rule_of], num_near[rule_of]).astype(np.int64),
    }


def _excuses(problem: Problem, rules: list[Rule], tables: dict[str, Any]) -> np.ndarray:
    """Return how many workloads may be without what they need (entry, domain): today's number."""
    user, on, rule_of = tables["need_user"], tables["need_on"], tables["rule_of"]
    widest = int(tables["num_near"].max(initial=1))
    found = np.zeros((len(user), widest), dtype=np.int64)
    lenient = np.array([rule.not_worse for rule in rules], dtype=bool)
    if not lenient.any():
        return found
    present, want = (_count(problem, tables, tables[name]) for name in ("member", "user"))
    for entry in np.flatnonzero(lenient[rule_of[user]]).tolist():
        width = int(tables["num_near"][rule_of[user[entry]]])
        there = slice(tables["cell"][on[entry]], tables["cell"][on[entry]] + width)
        here = slice(tables["cell"][user[entry]], tables["cell"][user[entry]] + width)
        lacks = lacking(rules[rule_of[user[entry]]], present[None, there])[0]
        found[entry, :width] = np.where(lacks, want[here], 0)
    return found


def _count(problem: Problem, tables: dict[str, Any], group: np.ndarray) -> np.ndarray:
    """Return today's members by cell."""
    count = np.zeros(int(tables["cell"][-1]), dtype=np.int64)
    for index, of_workload in enumerate(group):
        placed = np.flatnonzero((of_workload >= 0) & (problem.today >= 0))
        domain = tables["near"][index][problem.today[placed]]
        np.add.at(count, tables["cell"][of_workload[placed]] + domain, 1)
    return count


def empty_place_state(problem: Problem, data: PlaceData) -> PlaceState:
    """Return the state in which nothing is placed."""
    nothing = np.zeros_like(problem.rated)
    safety, balance = problem.place.by_load(nothing, problem.rated)
    services = int(data.service.max(initial=-1)) + 1
    with_moves = np.zeros(problem.num_workloads + 2, dtype=np.int64)
    with_moves[0] = services
    cells = int(data.cell[-1])
    return PlaceState(
        by_load=safety + balance,
        gone=_load_today(problem) if data.has_transit else nothing,
        moved=np.zeros(services, dtype=np.int64),
        with_moves=with_moves,
        most=np.zeros(1, dtype=np.int64),
        between=np.zeros(1),
        have=data.reach_base.copy(),
        want=np.zeros(cells, dtype=np.int64),
    )
