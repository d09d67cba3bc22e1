"""What hosts hold: every resource at every step, and whole devices."""

from __future__ import annotations

import numpy as np

from optimiser.formulation.context import Context
from optimiser.formulation.linear import Linear
from optimiser.formulation.rows import at_most, declare_rows
from optimiser.formulation.steps import covering_steps

PACKINGS = (1, 2, 3)


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
        held = (capacity + (excess if is_single else 0.0)) / scale
        body = Linear(float(instance.host_base[k, r, s]) / scale)
        body.extend(demand[used, s], place[used]).add(-held, awake)
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


def constrain_device_packing(context: Context) -> None:
    r"""Leave room on devices for shares that cannot be split between two of them.

    .. math:: \sum_g f_n(a_g)\, x_{g,k} \le D_k\, z_k \qquad \forall k,\ n \in \{1, 2, 3\}

    f_n rounds the share of a device to multiples of 1/n without ever letting more fit into one
    device (a dual feasible function); a whole device counts as one. Recipe entry:
    ``device_packing``. Dual: value of one more device on the host.
    """
    declare_rows(context, "device_packing")
    instance = context.instance
    device, size = (
        int(instance.twin.attrs["device_resource"]),
        int(instance.twin.attrs["device_size"]),
    )
    if device < 0:
        return
    request = instance.demand[:, device, 0]
    if not ((request > 0) & (request < size)).any():
        return
    devices = instance.usable_capacity[:, device] // size
    for n in PACKINGS:
        weight = rounded_share(request, size, n)
        base = _fixed_shares(context, device, size, n)
        for k in np.flatnonzero(~instance.excess[:, device, :].any(axis=1)).tolist():
            _packing_row(context, k, n, weight, float(base[k]), float(devices[k]))


def _packing_row(
    context: Context, k: int, n: int, weight: np.ndarray, base: float, devices: float
) -> None:
    instance, pairs = context.instance, context.pairs_of_host(k)
    coefs = weight[context.pair_group[pairs]]
    if not coefs.any():
        return
    name = instance.host_names[k]
    body = Linear(base).extend(coefs, context.arrays["place"][pairs])
    body.add(-devices, context.arrays["awake"][k])
    where = f"host {name} devices"
    at_most(context, "device_packing", (name, n), body, 0.0, where=where, size=max(devices, 1.0))


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


def _fixed_shares(context: Context, device: int, size: int, n: int) -> np.ndarray:
    """Return what fixed workloads count for on the hosts of the model (host group,)."""
    instance = context.instance
    host = instance.fixed.host_of_workload
    flavour = instance.twin["workload_flavour"].values
    request = instance.twin["flavour_usage"].values[:, device, 0]
    placed = np.flatnonzero(host >= 0)
    total = np.zeros(instance.grouping.num_hosts)
    group = instance.grouping.host_group[host[placed]]
    inside = group >= 0
    share = rounded_share(request, size, n)[flavour[placed[inside]]]
    np.add.at(total, group[inside], share)
    return total
