"""Rows that no legal plan breaks and that make relaxations much tighter."""

from __future__ import annotations

from functools import partial

import numpy as np

from optimiser.formulation.capacity import packing_rows
from optimiser.formulation.context import context_of
from optimiser.formulation.members import members_of, rules_of
from optimiser.formulation.modelling import pyo
from optimiser.schema.policy import AntiAffinity
from optimiser.solve.device_weights import device_weights


def tighten(model: pyo.ConcreteModel) -> None:
    """Add all rows of this module to a model that is built."""
    keep_apart_where_on(model)
    fill_devices(model)


def fill_devices(model: pyo.ConcreteModel) -> None:
    r"""Let hosts give away no more shares of devices than ways to fill one device allow.

    .. math:: \sum_g w_g\, x_{g,k} \le D_k\, z_k \qquad \forall k

    The worths w are made for the shares of this site (:mod:`optimiser.solve.device_weights`);
    the recipe's own rows round shares without knowing which there are.
    """
    context = context_of(model)
    instance = context.instance
    device, size = (int(instance.twin.attrs[f"device_{name}"]) for name in ("resource", "size"))
    if device < 0:
        return
    request = instance.twin["flavour_usage"].values[:, device, 0]
    shares = np.unique(request[(request > 0) & (request < size)])
    asked, count = instance.demand[:, device, 0], instance.grouping.workload_count
    supply = ((asked[:, None] == shares) * count[:, None]).sum(axis=0)
    devices = instance.usable_capacity[:, device] // size * instance.grouping.host_count
    whole = int((asked // size * count).sum())
    for n, worth in enumerate(device_weights(shares, supply, size, int(devices.sum()), whole)):
        packing_rows(context, f"ways {n}", partial(_worth_of, shares, worth))


def _worth_of(shares: np.ndarray, worth: np.ndarray, request: np.ndarray, size: int) -> np.ndarray:
    """Return what requests (k,) are worth in devices (k,): whole ones their number."""
    at = np.searchsorted(shares, request).clip(max=len(shares) - 1)
    return np.where(shares[at] == request, worth[at], request // size)


def keep_apart_where_on(model: pyo.ConcreteModel) -> None:
    r"""Let only hosts that are on count as places for workloads that keep apart.

    .. math:: \sum_{g \in q} x_{g,k} \le z_k \qquad \forall q, k

    For hard anti-affinity between hosts that excuses nothing. The rule itself allows one member
    on each host, asleep or not; in a relaxation that lets half a host carry a whole member. On
    the bundled small site the bound rises from 86 % to 99.9 % of the optimum.
    """
    context = context_of(model)
    model.apart_where_on = pyo.Constraint(pyo.Any)
    for rule in rules_of(context, AntiAffinity):
        policy = rule.policy
        if not isinstance(policy, AntiAffinity) or policy.domain != "host":
            continue
        if not rule.is_hard or rule.not_worse:
            continue
        members = members_of(context, rule)
        for group in members.groups.tolist():
            for domain, name in enumerate(members.domains.names):
                body = members.count(context, group, domain)
                hosts = np.flatnonzero(members.domains.of_host == domain)
                if len(hosts) != 1 or not body.variables:
                    continue
                body.add(-1.0, context.arrays["awake"][hosts[0]])
                index = (rule.name, rule.group_names[group], name)
                model.apart_where_on.add(index, (None, body.expression(), 0.0))
