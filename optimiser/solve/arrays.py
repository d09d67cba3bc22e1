"""Array bundles that the compiled kernels read (``Data``) and change (``State``)."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from optimiser.solve.budgets import move_budgets, on_budgets
from optimiser.solve.counts import NO_LIMIT
from optimiser.solve.overheads import overheads
from optimiser.solve.place_arrays import PlaceData, PlaceState, empty_place_state, place_data
from optimiser.solve.problem import Problem
from optimiser.solve.reserves import reserves
from optimiser.solve.sums import sum_table
from optimiser.solve.units import unit_table


class Data(NamedTuple):
    """What never changes during a search (shapes as in :class:`Problem`)."""

    flavour: np.ndarray
    use: np.ndarray
    nothing: np.ndarray  # (column,) zeros: no additional use
    capacity: np.ndarray
    rated: np.ndarray
    inverse_capacity: np.ndarray
    column_weight: np.ndarray  # (column,) one over the number of columns of its resource
    power_column: np.ndarray
    rack: np.ndarray
    host_class: np.ndarray
    host_size: np.ndarray  # (host,) capacity relative to the mean host
    usable: np.ndarray  # (host,) bool: some workload may use it
    allowed: np.ndarray
    elig: np.ndarray
    slope: np.ndarray  # (host kind, 10) W per unit of load fraction, by tenth of load
    intercept: np.ndarray
    kind: np.ndarray
    gap: np.ndarray  # (kind,) W
    standby: np.ndarray  # (kind,) W
    gpu_w: np.ndarray  # (host,) W per unit of the device resource
    device_request: np.ndarray
    device_size: int
    today: np.ndarray
    move_cost: np.ndarray
    on_cost: np.ndarray  # (host,) money over the horizon
    wait_price: np.ndarray  # (workload,) money for no host, infinite where it must have one,
    # below zero where it is not to be served for the time being
    gang: np.ndarray  # (workload,) set that comes as a whole, −1 none
    group: np.ndarray
    domain: np.ndarray
    num_domains: np.ndarray
    offset: np.ndarray
    limit: np.ndarray
    cap: np.ndarray  # (rule, group), where cells are sparse; see CountTable
    first_cell: np.ndarray
    excused: np.ndarray
    excused_limit: np.ndarray
    slot_start: np.ndarray
    slot_mask: np.ndarray
    least: np.ndarray
    most: np.ndarray
    skew: np.ndarray
    group_size: np.ndarray
    crowd: np.ndarray  # see CountTable
    takes: np.ndarray
    overhead: np.ndarray  # see Overheads
    overhead_column: np.ndarray
    overhead_limit: np.ndarray
    row_room: np.ndarray
    row_start: np.ndarray
    row_index: np.ndarray
    row_value: np.ndarray
    reserve_domain: np.ndarray  # (headroom rule, host), −1 not counted
    reserve_column: np.ndarray  # (headroom rule, step) demand column
    reserve_fraction: np.ndarray
    reserve_amount: np.ndarray
    reserve_excess: np.ndarray  # (headroom rule, domain, step) what may be missing
    reserve_num_domains: np.ndarray
    reserve_survives: np.ndarray  # (reserve,) bool: what is left when a domain is lost suffices
    sum_domain: np.ndarray  # see SumTable
    sum_group: np.ndarray
    sum_width: np.ndarray
    sum_column: np.ndarray
    sum_units: np.ndarray
    sum_limit: np.ndarray
    on_weight: np.ndarray  # see OnBudgets
    on_limit: np.ndarray
    move_group: np.ndarray  # see MoveBudgets
    move_weight: np.ndarray
    move_limit: np.ndarray
    move_num_groups: np.ndarray
    unit_domain: np.ndarray  # see UnitTable
    unit_size: np.ndarray
    unit_need: np.ndarray
    unit_room: np.ndarray
    unit_total: np.ndarray
    place: PlaceData  # last, see references


class State(NamedTuple):
    """A placement with everything that is kept up to date incrementally."""

    host: np.ndarray  # (workload,) −1 unplaced
    head: np.ndarray  # (host,) first workload of a linked list
    following: np.ndarray  # (workload,)
    previous: np.ndarray
    members: np.ndarray  # (host,)
    load: np.ndarray  # (host, column)
    cost: np.ndarray  # (host,) money over the horizon
    fullness: np.ndarray  # (host,) square of the fullest column's share
    planning: np.ndarray  # (host, step) W
    count: np.ndarray  # type: ignore[assignment]  # dense cells of the count table
    slot_domain: np.ndarray  # (slot,) domain of a sparse cell, −1 free
    slot_count: np.ndarray  # (slot,)
    used: np.ndarray  # (rule, group) domains in use, by what each takes
    present: np.ndarray  # (rule, domain) groups there
    size: np.ndarray  # (rule, group) placed members
    row_load: np.ndarray  # (row, step)
    device_free: np.ndarray  # (host, device)
    device_mask: np.ndarray  # (workload,) uint64
    reserve_capacity: np.ndarray  # (headroom rule, domain)
    reserve_use: np.ndarray  # (headroom rule, domain, step)
    sum_use: np.ndarray  # (sum rule, cell, step)
    on_count: np.ndarray
    moved: np.ndarray  # (move budget, group)
    moved_beyond: np.ndarray  # (move budget,) sum over its groups above the limit
    price: np.ndarray  # (rack, step) money per W
    running: np.ndarray  # (flavour, host class) money one workload adds to a host that is on
    opening: np.ndarray  # (host class,) money that waking an empty host costs
    forced_on: np.ndarray  # (host,) bool: stays on even when empty
    overload_price: np.ndarray  # (1,) money per host's worth of overload; 0 keeps capacity hard
    unit_room: np.ndarray  # (free units rule, host)
    unit_total: np.ndarray  # (free units rule, domain)
    place: PlaceState  # last, see references


def bundle(problem: Problem) -> Data:
    """Return the arrays of a problem in the form the kernels take."""
    twin, counts, rows = problem.twin, problem.counts, problem.rows
    reserve = reserves(problem)
    sums, over, units = sum_table(problem), overheads(problem), unit_table(problem)
    masks = _budgets(problem)
    return Data(
        flavour=problem.flavour,
        use=problem.use,
        nothing=np.zeros(problem.use.shape[1], dtype=np.int64),
        capacity=problem.capacity,
        rated=problem.rated,
        inverse_capacity=1.0 / np.maximum(problem.rated, 1),
        column_weight=1.0 / np.bincount(problem.column_resource)[problem.column_resource],
        power_column=problem.power_column,
        rack=twin["host_rack"].values.astype(np.int64),
        host_class=problem.host_class,
        host_size=(problem.capacity / np.maximum(problem.capacity.mean(axis=0), 1)).mean(axis=1),
        usable=np.asarray(problem.eligibility.allowed.any(axis=0)),
        allowed=np.ascontiguousarray(problem.eligibility.allowed),
        elig=problem.eligibility.of_workload,
        slope=np.ascontiguousarray(problem.envelope.slope_w),
        intercept=np.ascontiguousarray(problem.envelope.intercept_w),
        kind=twin["host_kind"].values.astype(np.int64),
        gap=problem.envelope.gap_w,
        standby=twin["kind_standby_w"].values.astype(float),
        gpu_w=problem.gpu_w_per_unit,
        device_request=problem.device_request,
        device_size=problem.device_size,
        today=problem.today,
        move_cost=problem.move_cost,
        on_cost=problem.host_on_cost,
        wait_price=problem.frame.serving.price,
        gang=problem.frame.serving.gang,
        group=counts.group,
        domain=counts.domain,
        num_domains=counts.num_domains,
        offset=counts.offset,
        limit=counts.limit,
        cap=counts.cap,
        first_cell=counts.first_cell,
        excused=counts.excused,
        excused_limit=counts.excused_limit,
        slot_start=counts.slot_start,
        slot_mask=counts.slot_mask,
        least=counts.least,
        most=counts.most,
        skew=counts.skew,
        group_size=counts.size,
        crowd=counts.crowd,
        takes=counts.takes,
        overhead=over.amount,
        overhead_column=over.column,
        overhead_limit=over.limit,
        row_room=rows.room,
        row_start=rows.start,
        row_index=rows.index,
        row_value=rows.value,
        sum_domain=sums.domain,
        sum_group=sums.group,
        sum_width=sums.width,
        sum_column=sums.column,
        sum_units=sums.units,
        sum_limit=sums.limit,
        unit_domain=units.domain,
        unit_size=units.size,
        unit_need=units.need,
        unit_room=units.room,
        unit_total=units.total,
        place=place_data(problem),
        **reserve,
        **masks,
    )


def _budgets(problem: Problem) -> dict[str, np.ndarray]:
    on, moves = on_budgets(problem), move_budgets(problem)
    return {
        "on_weight": on.weight,
        "on_limit": on.limit,
        "move_group": moves.group,
        "move_weight": moves.weight,
        "move_limit": moves.limit,
        "move_num_groups": moves.num_groups,
    }


def empty_state(problem: Problem, data: Data, price: np.ndarray) -> State:
    """Return the state in which nothing is placed and every host sleeps.

    ``price`` (rack, step) is the worth of one watt of rack power over the step, in money.
    """
    num_hosts, num_workloads = problem.num_hosts, problem.num_workloads
    num_steps = len(problem.power_column)
    counts = problem.counts
    standby = data.standby[data.kind]
    planning = np.repeat(standby[:, None], num_steps, axis=1)
    rack_power = np.zeros((len(price), num_steps))
    np.add.at(rack_power, data.rack, planning)
    domains = int(data.reserve_domain.max(initial=0)) + 1
    place = empty_place_state(problem, data.place)
    return State(
        host=np.full(num_workloads, -1, dtype=np.int32),
        head=np.full(num_hosts, -1, dtype=np.int32),
        following=np.full(num_workloads, -1, dtype=np.int32),
        previous=np.full(num_workloads, -1, dtype=np.int32),
        members=np.zeros(num_hosts, dtype=np.int32),
        load=np.zeros_like(problem.capacity),
        cost=standby * price.sum(axis=1)[data.rack] + place.by_load,
        fullness=np.zeros(num_hosts),
        planning=planning,
        count=np.zeros(len(counts.limit), dtype=np.int32),
        slot_domain=np.full(counts.num_slots, -1, dtype=np.int32),
        slot_count=np.zeros(counts.num_slots, dtype=np.int32),
        used=np.zeros(counts.least.shape, dtype=np.int32),
        present=np.zeros(counts.crowd.shape, dtype=np.int32),
        size=np.zeros(counts.least.shape, dtype=np.int32),
        row_load=problem.rows.coefficient @ rack_power,
        device_free=_free_devices(problem),
        device_mask=np.zeros(num_workloads, dtype=np.uint64),
        reserve_capacity=np.zeros((len(data.reserve_fraction), domains)),
        reserve_use=np.zeros((len(data.reserve_fraction), domains, num_steps)),
        sum_use=np.zeros(data.sum_limit.shape),
        on_count=np.zeros(len(data.on_limit), dtype=np.int64),
        moved=np.zeros(
            (len(data.move_limit), int(data.move_num_groups.max(initial=0))), dtype=np.int64
        ),
        moved_beyond=np.zeros(len(data.move_limit), dtype=np.int64),
        price=np.ascontiguousarray(price),
        running=_running_cost(problem, data, price),
        opening=_opening_cost(problem, data, price),
        forced_on=np.zeros(num_hosts, dtype=np.bool_),
        overload_price=np.zeros(1),
        unit_room=data.unit_room.copy(),
        unit_total=data.unit_total.copy(),
        place=place,
    )


def _running_cost(problem: Problem, data: Data, price: np.ndarray) -> np.ndarray:
    """Return what a workload adds to a host in its working range (flavour, host class) [money].

    The mean slope of the curve from 30 % to 90 % load stands for all of it: good enough to choose
    among hosts, while accepted rounds are judged by the whole curve.
    """
    first = _first_of_class(data)
    kind, rack = data.kind[first], data.rack[first]
    capacity = problem.capacity[first, problem.power_column[0]]
    slope = data.slope[kind, 3:9].mean(axis=1) / np.maximum(capacity, 1)
    watts = problem.use[:, problem.power_column] @ price[rack].T * slope
    gpu = problem.device_request[:, None] * data.gpu_w[first] * price[rack].sum(axis=1)
    return np.ascontiguousarray(watts + gpu)


def _opening_cost(problem: Problem, data: Data, price: np.ndarray) -> np.ndarray:
    """Return what waking an empty host costs (host class,) [money]."""
    first = _first_of_class(data)
    kind, rack = data.kind[first], data.rack[first]
    watts = data.intercept[kind, 0] - data.standby[kind]
    return data.on_cost[first] + watts * price[rack].sum(axis=1)


def _first_of_class(data: Data) -> np.ndarray:
    return np.unique(data.host_class, return_index=True)[1]


def _free_devices(problem: Problem) -> np.ndarray:
    most = max(1, int(problem.host_devices.max(initial=0)))
    exists = np.arange(most)[None, :] < problem.host_devices[:, None]
    # a device that is not there is smaller than any request
    return np.where(exists, problem.device_size, -1).astype(np.int64)


__all__ = ["NO_LIMIT", "Data", "State", "bundle", "empty_state"]
