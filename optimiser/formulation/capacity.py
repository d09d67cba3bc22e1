"""What hosts hold: every resource at every step, and whole devices."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np

from optimiser.formulation.context import Context
from optimiser.formulation.linear import Linear
from optimiser.formulation.modelling import pyo
from optimiser.formulation.rows import at_most, below, declare_rows
from optimiser.formulation.steps import covering_steps

PACKINGS = (1, 2, 3, 4, 5)
Weigh = Callable[[np.ndarray, int], np.ndarray]


def constrain_capacity(context: Context) -> None:
    r"""Keep the use of every resource on every host inside its capacity at all times.

    .. math:: \sum_g u_{g,r,t}\, x_{g,k} \le C_{k,r}\, z_k \qquad \forall k, r, t

    Recipe entry: ``capacity``. Dual: value of one more unit of the resource on the host. Steps at
    which no workload uses more than at another step need no row of their own. Where ``not_worse``
    covers capacity, a host that is overfull today may stay as full as it is.
    """
    declare_rows(context, "capacity")
    instance = context.instance
    plain = [covering_steps(instance.demand[:, r, :]) for r in range(instance.demand.shape[1])]
    every = np.arange(instance.num_steps)
    for k in range(instance.grouping.num_hosts):
        overfull = instance.excess[k].any(axis=1)
        uneven = np.ptp(instance.host_base[k], axis=1) > 0
        for r, steps in enumerate(plain):
            _host_rows(context, k, r, every if overfull[r] or uneven[r] else steps)


def _host_rows(context: Context, k: int, r: int, steps: np.ndarray) -> None:
    instance, pairs = context.instance, context.pairs_of_host(k)
    groups = context.pair_group[pairs]
    scale = instance.frame.scale[r]
    demand = instance.demand[groups, r, :] / scale
    place, awake = context.arrays["place"][pairs], context.arrays["awake"][k]
    name, resource = instance.host_names[k], str(instance.twin["resource"].values[r])
    is_single = instance.grouping.host_count[k] == 1
    capacity = float(instance.usable_capacity[k, r])
    for s in steps.tolist():
        used = np.flatnonzero(demand[:, s])
        if not len(used):
            continue
        excess = float(instance.excess[k, r, s])
        body = Linear(float(instance.host_base[k, r, s]) / scale)
        body.extend(demand[used, s], place[used]).add(-capacity / scale, awake)
        if is_single and excess > 0:
            body.add(-excess / scale, _excused(context, k, r))
        at_most(
            context,
            "capacity",
            (name, resource, s),
            body,
            0.0 if is_single else excess / scale,
            where=f"host {name} {resource}",
            scale=scale,
            size=max(capacity, 1.0),
        )


def _excused(context: Context, k: int, r: int) -> Any:
    """Return what switches the excess of a host on: for devices, that nothing new arrives."""
    if r == int(context.instance.twin.attrs["device_resource"]):
        return context.model.overfull[context.instance.host_names[k]]
    return context.arrays["awake"][k]


def overfull_hosts(context: Context) -> np.ndarray:
    """Return the single hosts whose devices are overfull today and may stay so."""
    instance = context.instance
    return np.flatnonzero(instance.overfull_devices & (instance.grouping.host_count == 1))


def declare_overfull(context: Context) -> None:
    """Declare whether a host whose devices are overfull today stays like that."""
    names = [context.instance.host_names[k] for k in overfull_hosts(context).tolist()]
    context.declare("overfull", names, domain=pyo.Binary)


def constrain_overfull_devices(context: Context) -> None:
    r"""Let devices that are overfull today stay so only while nothing new arrives on them.

    .. math:: x_{g,k} \le n_{g,k} + m_g (1 - o_k), \qquad o_k \le z_k
        \qquad \forall k,\ g \text{ with devices}

    Recipe entry: ``overfull_devices``. Dual: none worth reading.
    """
    declare_rows(context, "overfull_devices")
    instance = context.instance
    device = int(instance.twin.attrs["device_resource"])
    group, host, count = instance.today
    today = {
        (g, k): n for g, k, n in zip(group.tolist(), host.tolist(), count.tolist(), strict=True)
    }
    for k in overfull_hosts(context).tolist():
        name = instance.host_names[k]
        overfull = context.model.overfull[name]
        awake = Linear().add(1.0, overfull).add(-1.0, context.arrays["awake"][k])
        below(context, "overfull_devices", name, awake)
        for pair in range(context.pairs_of_host(k).start, context.pairs_of_host(k).stop):
            g = int(context.pair_group[pair])
            size = float(instance.grouping.workload_count[g])
            if instance.demand[g, device, 0] == 0:
                continue
            body = Linear().add(1.0, context.arrays["place"][pair]).add(size, overfull)
            limit = float(today.get((g, k), 0)) + size
            below(context, "overfull_devices", (name, instance.group_names[g]), body, limit)


def constrain_device_packing(context: Context) -> None:
    r"""Leave room on devices for shares that cannot be split between two of them.

    .. math:: \sum_g f_n(a_g)\, x_{g,k} \le D_k\, z_k \qquad \forall k,\ n \in \{1, \dots, 5\}

    f_n rounds the share of a device to multiples of 1/n without ever letting more fit into one
    device (a dual feasible function); a whole device counts as one. Recipe entry:
    ``device_packing``. Dual: value of one more device on the host.
    """
    declare_rows(context, "device_packing")
    for n in PACKINGS:
        packing_rows(context, n, partial(rounded_share, n=n))


def packing_rows(context: Context, key: object, weigh: Weigh) -> None:
    """Add a row of ``device_packing`` for each host, where some ask for a share of a device.

    ``weigh`` takes requests (k,) and the size of a device, and returns what each counts for in
    devices (k,), so that no device ever holds more than 1. Rows are named by host and ``key``.
    """
    instance = context.instance
    device, size = (int(instance.twin.attrs[f"device_{name}"]) for name in ("resource", "size"))
    if device < 0:
        return
    request = instance.demand[:, device, 0]
    if not ((request > 0) & (request < size)).any():
        return
    devices = instance.usable_capacity[:, device] // size
    weight, base = weigh(request, size), _fixed_shares(context, device, size, weigh)
    for k in range(instance.grouping.num_hosts):
        _packing_row(context, k, key, weight, float(base[k]), float(devices[k]))


def _packing_row(
    context: Context, k: int, key: object, weight: np.ndarray, base: float, devices: float
) -> None:
    instance, pairs = context.instance, context.pairs_of_host(k)
    coefs = weight[context.pair_group[pairs]]
    if not coefs.any():
        return
    name = instance.host_names[k]
    body = Linear(base).extend(coefs, context.arrays["place"][pairs])
    body.add(-devices, context.arrays["awake"][k])
    if instance.overfull_devices[k]:
        if instance.grouping.host_count[k] > 1:
            return
        count = instance.grouping.workload_count[context.pair_group[pairs]]
        body.add(-float(coefs @ count), context.model.overfull[name])
    where = f"host {name} devices"
    at_most(context, "device_packing", (name, key), body, 0.0, where=where, size=max(devices, 1.0))


def rounded_share(request: np.ndarray, size: int, n: int) -> np.ndarray:
    """Return the dual feasible function f_n of requests (k,) over the size of a device.

    ``f_n(x) = x`` where (n+1)·x is whole, else ``floor((n+1)·x)/n`` (Fekete and Schepers 2001,
    doi:10.1007/s101070100243). Whole devices keep their number.
    """
    product = (n + 1) * np.asarray(request, dtype=np.int64)
    exact = product % size == 0
    share = np.asarray(request) / size
    rounded = (product // size) / n
    is_share = np.asarray(request) < size
    return np.where(is_share & ~exact, rounded, share)


def _fixed_shares(context: Context, device: int, size: int, weigh: Weigh) -> np.ndarray:
    """Return what fixed workloads count for on the hosts of the model (host group,)."""
    instance = context.instance
    host = instance.fixed.host_of_workload
    flavour = instance.twin["workload_flavour"].values
    request = instance.twin["flavour_usage"].values[:, device, 0]
    placed = np.flatnonzero(host >= 0)
    total = np.zeros(instance.grouping.num_hosts)
    group = instance.grouping.host_group[host[placed]]
    inside = group >= 0
    share = weigh(request, size)[flavour[placed[inside]]]
    np.add.at(total, group[inside], share)
    return total
