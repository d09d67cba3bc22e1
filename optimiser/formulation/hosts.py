"""Hosts: how many are awake, how loaded they are and what they draw."""

from __future__ import annotations

import numpy as np

from optimiser.formulation.context import Context
from optimiser.formulation.linear import Linear
from optimiser.formulation.modelling import pyo
from optimiser.formulation.rows import below, declare_rows, equal


def declare_hosts(context: Context) -> None:
    """Declare hosts awake, their load in percent and their power in kW."""
    instance = context.instance
    names, count = instance.host_names, instance.grouping.host_count
    awake = context.declare("awake", names, domain=pyo.NonNegativeIntegers, upper=count.tolist())
    forced = np.bincount(
        instance.grouping.host_group[instance.fixed.must_be_on], minlength=len(names)
    )
    if not context.elastic:
        forced = np.maximum(forced, _needed_hosts(context))
    for k in np.flatnonzero(forced).tolist():
        awake[k].setlb(int(min(forced[k], count[k])))
    steps = range(instance.num_steps)
    index = [(name, s) for name in names for s in steps]
    shape = (len(names), instance.num_steps)
    context.declare("host_load_percent", index, shape=shape)
    context.declare("host_power_kw", index, shape=shape)
    gpus = gpu_hosts(context)
    context.declare("device_load_percent", [names[k] for k in gpus.tolist()])


def _needed_hosts(context: Context) -> np.ndarray:
    """Return how many hosts of each host group are on in every plan (host group,).

    Those that some workload cannot do without, and one where a workload has no other group.
    Capacity rows alone would let a relaxation pay for the thousandth part of such a host.
    """
    instance, grouping = context.instance, context.instance.grouping
    elig = context.instance.frame.eligibility
    must = ~context.instance.frame.serving.is_optional
    number = (grouping.workload_group >= 0) & must
    classes = np.unique(elig.of_workload[number])
    single = classes[elig.allowed[classes].sum(axis=1) == 1]
    host = np.unique(elig.allowed[single].argmax(axis=1))
    group = grouping.host_group[host]
    needed = np.bincount(group[group >= 0], minlength=grouping.num_hosts)
    tied = (instance.allowed.sum(axis=1) == 1) & must[grouping.first_workload]
    only = instance.allowed[tied].any(axis=0)
    return np.maximum(needed, only)


def gpu_hosts(context: Context) -> np.ndarray:
    """Return the host groups whose devices draw power."""
    instance = context.instance
    if int(instance.twin.attrs["device_resource"]) < 0:
        return np.empty(0, dtype=np.int64)
    return np.flatnonzero(instance.twin["kind_gpu_span_w"].values[instance.kind] > 0)


def constrain_host_load(context: Context) -> None:
    r"""Define the load of a host: use of the resource that drives power over capacity.

    .. math:: u_{k,t} = \frac{100}{C_{k,p}} \sum_g u_{g,p,t}\, x_{g,k} \qquad \forall k, t

    Recipe entry: ``host_load``. Dual: cost of one more percent of load on the host.
    """
    declare_rows(context, "host_load")
    instance = context.instance
    power = int(instance.twin.attrs["power_resource"])
    load = context.arrays["host_load_percent"]
    for k, name in enumerate(instance.host_names):
        pairs = context.pairs_of_host(k)
        place = context.arrays["place"][pairs]
        percent = 100.0 / max(int(instance.capacity[k, power]), 1)
        demand = instance.demand[context.pair_group[pairs], power, :] * percent
        base = instance.host_base[k, power, :] * percent
        for s in range(instance.num_steps):
            body = Linear(float(base[s])).extend(demand[:, s], place).add(-1.0, load[k, s])
            equal(context, "host_load", (name, s), body)


def constrain_device_load(context: Context) -> None:
    r"""Define the load of a host's devices: requested over installed amount.

    .. math:: v_k = \frac{100}{C_{k,d}} \sum_g a_g\, x_{g,k} \qquad \forall k

    Recipe entry: ``device_load``. Dual: cost of one more percent of device load.
    """
    declare_rows(context, "device_load")
    instance = context.instance
    device = int(instance.twin.attrs["device_resource"])
    for position, k in enumerate(gpu_hosts(context).tolist()):
        pairs = context.pairs_of_host(k)
        percent = 100.0 / max(int(instance.capacity[k, device]), 1)
        demand = instance.demand[context.pair_group[pairs], device, 0] * percent
        body = Linear(float(instance.host_base[k, device, 0]) * percent)
        body.extend(demand, context.arrays["place"][pairs])
        body.add(-1.0, context.arrays["device_load_percent"][position])
        equal(context, "device_load", instance.host_names[k], body)


def constrain_host_power(context: Context) -> None:
    r"""Let a host draw at least what each piece of its convex power curve says.

    .. math:: p_{k,t} \ge \alpha_{k,i}\, u_{k,t} + \beta_{k,i}\, z_k + \gamma_k\, v_k
        + \sigma_k (M_k - z_k) \qquad \forall k, t, i

    Minimising makes one piece bind, so the power is that of the curve. Recipe entry:
    ``host_power``. Dual: price of a kilowatt-hour at the host, losses and cooling included.
    """
    declare_rows(context, "host_power")
    instance = context.instance
    gpu = {k: i for i, k in enumerate(gpu_hosts(context).tolist())}
    span = instance.twin["kind_gpu_span_w"].values[instance.kind] / 1e5
    for k in range(instance.grouping.num_hosts):
        share = Linear()
        if k in gpu:
            share.add(float(span[k]), context.arrays["device_load_percent"][gpu[k]])
        _power_rows(context, k, share)


def _power_rows(context: Context, k: int, share: Linear) -> None:
    instance = context.instance
    standby = float(instance.twin["kind_standby_w"].values[instance.kind[k]]) / 1e3
    name, awake = instance.host_names[k], context.arrays["awake"][k]
    asleep = standby * float(instance.grouping.host_count[k])
    load, power = context.arrays["host_load_percent"][k], context.arrays["host_power_kw"][k]
    pieces = instance.frame.envelope.segments(int(instance.kind[k]))
    for i, (slope_w, intercept_w) in enumerate(pieces):
        for s in range(instance.num_steps):
            body = Linear().add(slope_w / 1e5, load[s]).add(intercept_w / 1e3 - standby, awake)
            body.plus(share).add(-1.0, power[s])
            below(context, "host_power", (name, s, i), body, -asleep)


def constrain_asleep_is_empty(context: Context) -> None:
    r"""Keep hosts that are asleep empty where their capacity rows do not.

    .. math:: x_{g,k} \le m_g\, z_k \qquad \forall g, k \text{ without demand}

    Recipe entry: ``asleep_is_empty``. Dual: none worth reading.
    """
    declare_rows(context, "asleep_is_empty")
    instance, place, awake = context.instance, context.arrays["place"], context.arrays["awake"]
    overfull: np.ndarray = (instance.excess > 0).max(axis=(1, 2), initial=False)
    idle: np.ndarray = instance.demand.max(axis=(1, 2), initial=0) == 0
    needed = idle[context.pair_group] | overfull[context.pair_host] | context.elastic
    for pair in np.flatnonzero(needed).tolist():
        g, k = int(context.pair_group[pair]), int(context.pair_host[pair])
        count = float(instance.grouping.workload_count[g])
        body = Linear().add(1.0, place[pair]).add(-count, awake[k])
        index = (instance.group_names[g], instance.host_names[k])
        below(context, "asleep_is_empty", index, body)
