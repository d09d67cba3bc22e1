"""Give every variable of a model the value that a placement implies."""

from __future__ import annotations

from typing import Any

import numpy as np

from optimiser.formulation.aggregate import Stage
from optimiser.formulation.availability import set_availability
from optimiser.formulation.availability_ways import set_ways
from optimiser.formulation.capacity import overfull_hosts
from optimiser.formulation.context import Context, context_of
from optimiser.formulation.facility import elements_of
from optimiser.formulation.flows import set_crossing
from optimiser.formulation.free_units import set_free_units
from optimiser.formulation.hosts import gpu_hosts
from optimiser.formulation.members import members_of, rules_of
from optimiser.formulation.modelling import pyo
from optimiser.formulation.routing import set_routed
from optimiser.formulation.service_latency import set_within_reach
from optimiser.formulation.serving import set_unserved
from optimiser.formulation.sharing import sharing_rules
from optimiser.formulation.values_of_prices import set_nearby, set_prices
from optimiser.schema.policy import Affinity, Spread


def set_today(model: pyo.ConcreteModel) -> np.ndarray:
    """Set all variables to today's placement; see :func:`set_placement`."""
    twin = context_of(model).instance.twin
    return set_placement(model, twin["workload_host"].values, twin["host_on"].values)


def set_placement(
    model: pyo.ConcreteModel, host_of_workload: np.ndarray, host_on: np.ndarray
) -> np.ndarray:
    """Set all variables to the values that a placement implies, epigraphs at their curves.

    ``host_of_workload`` (W,) and ``host_on`` (H,) bool are those of the whole site. Returns (W,)
    bool, the workloads of the model that it cannot represent: without a host although they must
    have one, or on one that they may not use. The values serve as a MIP start and tell what the
    model believes of the placement.
    """
    context = context_of(model)
    lost = set_unserved(context, _set_place(context, host_of_workload), host_of_workload)
    _set_hosts(context, host_on)
    energy = _set_racks(context)
    _set_facility(context, energy)
    _set_members(context)
    _set_stay(context, host_on)
    _set_overfull(context)
    set_nearby(context)
    set_within_reach(context)
    set_prices(context)
    set_free_units(context)
    set_availability(context)
    set_ways(context)
    set_crossing(context)
    set_routed(context)
    _set_slacks(context)
    return lost


def _set_slacks(context: Context) -> None:
    for slack in context.slacks.values():
        slack.variable.set_value(slack.needed(), skip_validation=True)
    for body, limit, slacks in context.sums:
        missing = body.value() - limit - sum(slack.variable.value for slack in slacks)
        last = slacks[-1].variable
        last.set_value(last.value + max(0.0, missing), skip_validation=True)


def _assign(variables: np.ndarray, values: np.ndarray) -> None:
    numbers = np.asarray(values, dtype=float).reshape(-1).tolist()
    for variable, number in zip(variables.reshape(-1), numbers, strict=True):
        variable.set_value(number, skip_validation=True)


def read_values(variables: np.ndarray) -> np.ndarray:
    """Return the values of an object array of variables, of the same shape."""
    found = [variable.value for variable in variables.reshape(-1)]
    return np.array(found, dtype=float).reshape(variables.shape)


def _set_place(context: Context, host_of_workload: np.ndarray) -> np.ndarray:
    grouping = context.instance.grouping
    group = grouping.workload_group
    k = np.where(host_of_workload >= 0, grouping.host_group[host_of_workload], -1)
    known = (group >= 0) & (k >= 0)
    keys = context.pair_host.astype(np.int64) * grouping.num_groups + context.pair_group
    wanted = k[known].astype(np.int64) * grouping.num_groups + group[known]
    pair = np.minimum(np.searchsorted(keys, wanted), max(len(keys) - 1, 0))
    found = keys[pair] == wanted if len(keys) else np.zeros(len(wanted), dtype=bool)
    count = np.bincount(pair[found], minlength=len(keys))
    _assign(context.arrays["place"], count)
    lost = group >= 0
    lost[np.flatnonzero(known)[found]] = False
    return lost


def _set_hosts(context: Context, host_on: np.ndarray) -> None:
    instance = context.instance
    grouping = instance.grouping
    inside = (grouping.host_group >= 0) & host_on
    awake = np.bincount(grouping.host_group[inside], minlength=grouping.num_hosts)
    _assign(context.arrays["awake"], awake)
    power = int(instance.twin.attrs["power_resource"])
    load = _load(context, power)
    _assign(context.arrays["host_load_percent"], load)
    kind, envelope = instance.kind, instance.frame.envelope
    standby = instance.twin["kind_standby_w"].values[kind]
    watts = np.full(load.shape, -np.inf)
    for piece in range(envelope.slope_w.shape[1]):
        line = envelope.slope_w[kind, piece][:, None] * load / 100.0
        line += (envelope.intercept_w[kind, piece] * awake)[:, None]
        watts = np.maximum(watts, line)
    watts += (standby * (grouping.host_count - awake))[:, None]
    gpus = gpu_hosts(context)
    if len(gpus):
        share = _load(context, int(instance.twin.attrs["device_resource"]))[gpus, 0]
        _assign(context.arrays["device_load_percent"], share)
        span = instance.twin["kind_gpu_span_w"].values[kind[gpus]]
        watts[gpus] += (span * share / 100.0)[:, None]
    _assign(context.arrays["host_power_kw"], watts / 1e3)


def _load(context: Context, resource: int) -> np.ndarray:
    """Return the load of host groups in percent (host group, step), from the placed counts."""
    instance = context.instance
    count = read_values(context.arrays["place"])
    used = instance.host_base[:, resource, :].astype(float)
    np.add.at(
        used, context.pair_host,
        count[:, None] * instance.demand[context.pair_group, resource, :],
    )  # fmt: skip
    return 100.0 * used / np.maximum(instance.capacity[:, resource], 1)[:, None]


def _set_racks(context: Context) -> np.ndarray:
    """Set racks; return the energy power of the cells (cell, step) [kW]."""
    instance = context.instance
    cell, rack_cell = instance.grouping.host_cell, instance.grouping.rack_cell
    inside = rack_cell >= 0
    reserve = np.zeros(instance.grouping.num_cells)
    gap = instance.frame.envelope.gap_w[instance.kind] / 1e3
    np.add.at(reserve, cell, gap * read_values(context.arrays["awake"]))
    np.add.at(reserve, rack_cell[inside], instance.fixed.rack_reserve_kw[inside])
    energy = np.zeros((instance.grouping.num_cells, instance.num_steps))
    np.add.at(energy, cell, read_values(context.arrays["host_power_kw"]))
    outside = instance.fixed.rack_power_kw - instance.fixed.rack_reserve_kw[:, None]
    np.add.at(energy, rack_cell[inside], outside[inside])
    _assign(context.arrays["rack_reserve_kw"], reserve)
    _assign(context.arrays["rack_power_kw"], energy + reserve[:, None])
    return energy


def _set_facility(context: Context, energy: np.ndarray) -> None:
    facility = elements_of(context)
    zones, arrays = facility.zones, context.arrays
    inputs, losses, source = {}, {}, energy
    for name, stage in (("pdu", facility.pdu), ("ups", facility.ups), ("feed", facility.feed)):
        output = stage.coefficient @ source + stage.constant_kw
        source = _upper(stage.lines, output)
        inputs[name], losses[name] = source, source - output
        _assign(arrays[f"{name}_input_kw"], source)
    heat = zones.rack @ energy + zones.pdu @ losses["pdu"] + zones.ups @ losses["ups"]
    heat = heat + zones.constant_kw
    fan = _upper(zones.lines, heat)
    _assign(arrays["room_heat_kw"], heat)
    _assign(arrays["zone_fan_kw"], fan)
    drawn = facility.direct @ energy + facility.direct_kw + inputs["feed"].sum(axis=0)
    drawn = drawn + fan.sum(axis=0) + zones.fixed_fan_kw + _fixed_feed(facility.feed)
    coil = (heat + fan).sum(axis=0) + zones.fixed_coil_kw
    _set_meter(context, drawn, coil)


def _fixed_feed(feed: Stage) -> Any:
    return feed.fixed_input_kw.sum(axis=0)


def _upper(lines: tuple[tuple[np.ndarray, np.ndarray], ...], x: np.ndarray) -> np.ndarray:
    """Return each row's curve (row, step): the largest of its lines."""
    value = np.empty_like(x)
    for row, (slope, intercept) in enumerate(lines):
        value[row] = (slope[:, None] * x[row] + intercept[:, None]).max(axis=0)
    return np.maximum(value, 0.0)


def _set_meter(context: Context, drawn: np.ndarray, coil: np.ndarray) -> None:
    frame = context.instance.frame
    step = frame.twin["step_of_time"].values
    power = drawn[step]
    if frame.surrogate.has_plant:
        heat = coil[step] * 1e3
        plant = _at_times(frame.surrogate.plant.slope, frame.surrogate.plant.intercept, heat) / 1e3
        water = _at_times(frame.surrogate.water.slope, frame.surrogate.water.intercept, heat)
        _assign(context.arrays["plant_power_kw"], plant)
        _assign(context.arrays["water_l_per_h"], np.maximum(water, 0.0))
        power = power + plant
    _assign(context.arrays["import_kw"], power[frame.is_metered])


def _at_times(slope: np.ndarray, intercept: np.ndarray, x: np.ndarray) -> np.ndarray:
    return (slope * x[:, None] + intercept).max(axis=1)


def _set_members(context: Context) -> None:
    model = context.model
    for rule in rules_of(context, Affinity):
        members = members_of(context, rule)
        for q in members.groups.tolist():
            for d, name in enumerate(members.domains.names):
                used = members.count(context, q, d).value() > 0.5
                model.chosen[rule.name, rule.group_names[q], name].set_value(int(used))
    for rule in sharing_rules(context):
        members = members_of(context, rule)
        for q in members.groups.tolist():
            for d, name in enumerate(members.domains.names):
                used = members.count(context, q, d).value() > 0.5
                model.hosting[rule.name, rule.group_names[q], name].set_value(int(used))
    for rule in rules_of(context, Spread):
        members = members_of(context, rule)
        for q in members.groups.tolist():
            counts = [members.count(context, q, d).value() for d in range(members.domains.count)]
            _set_spread(context, rule.name, rule.group_names[q], rule.policy, members, q, counts)


def _set_spread(
    context: Context, name: str, group: str, policy: Any, members: Any, q: int, counts: list[float]
) -> None:
    model, size = context.model, members.domains.size
    if policy.min_domains is not None:
        for d, domain in enumerate(members.domains.names):
            model.presence[name, group, domain].set_value(min(counts[d], float(size[d])))
    if policy.max_skew is not None:
        average = [count / float(n) for count, n in zip(counts, size, strict=True)]
        outside = members.outside[q].tolist()
        model.fullest[name, group].set_value(max([*average, *outside]))
        model.emptiest[name, group].set_value(min([*average, *outside]))


def _set_stay(context: Context, host_on: np.ndarray) -> None:
    pairs, stay, count = context.shared["stay_pairs"]
    placed = read_values(context.arrays["place"])
    _assign(context.arrays["keeping"], host_on[context.shared["hosts_kept"]])
    _assign(stay, np.minimum(np.minimum(placed[pairs], count), _on_kept_hosts(context, host_on)))


def _on_kept_hosts(context: Context, host_on: np.ndarray) -> np.ndarray:
    """Return how many of each staying pair (pair,) run on hosts that are still on."""
    instance, pairs = context.instance, context.shared["stay_pairs"][0]
    today, group = instance.twin["workload_host"].values, instance.grouping.workload_group
    host_group = instance.grouping.host_group
    known = (today >= 0) & (group >= 0)
    known &= host_on[np.maximum(today, 0)] & (host_group[np.maximum(today, 0)] >= 0)
    shape = (instance.grouping.num_groups, instance.grouping.num_hosts)
    held = np.zeros(shape, dtype=np.int64)
    np.add.at(held, (group[known], host_group[today[known]]), 1)
    return held[context.pair_group[pairs], context.pair_host[pairs]]


def _set_overfull(context: Context) -> None:
    """Call a host overfull when its devices hold more than they can and nothing new."""
    instance = context.instance
    device = int(instance.twin.attrs["device_resource"])
    group, host, count = instance.today
    for k in overfull_hosts(context).tolist():
        pairs = context.pairs_of_host(k)
        groups = context.pair_group[pairs]
        here = host == k
        today = np.zeros(instance.grouping.num_groups)
        today[group[here]] = count[here]
        placed = read_values(context.arrays["place"][pairs])
        arrives = placed > today[groups]
        stays = not (arrives & (instance.demand[groups, device, 0] > 0)).any()
        awake = context.arrays["awake"][k].value > 0
        context.model.overfull[instance.host_names[k]].set_value(int(stays and awake))
