"""Room in one domain for more workloads of a size."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from optimiser.formulation.context import Context
from optimiser.formulation.linear import Linear
from optimiser.formulation.modelling import pyo
from optimiser.formulation.rows import at_most, below, declare_rows
from optimiser.schema.policy import FreeUnits
from optimiser.twin.rules import Rule


@dataclass(frozen=True, eq=False)
class Units:
    """A rule as the model sees it.

    ``resources`` and ``size`` (resource,) of one unit; ``hosts`` (n,) host groups that count and
    ``most`` (n,) units on them when empty; ``domain`` (n,) of those; ``names`` and ``settled``
    (domain,) units on hosts outside the model, domains without any in it last; ``need`` units.
    """

    rule: Rule
    resources: np.ndarray
    size: np.ndarray
    hosts: np.ndarray
    most: np.ndarray
    domain: np.ndarray
    names: tuple[str, ...]
    settled: np.ndarray
    need: int


def units_of(context: Context) -> list[Units]:
    """Return the rules about free units; kept, because several steps ask."""
    if "free_units" not in context.shared:
        context.shared["free_units"] = [
            _units(context, rule, rule.policy)
            for rule in context.instance.frame.rules
            if isinstance(rule.policy, FreeUnits)
        ]
    found: list[Units] = context.shared["free_units"]
    return found


def _units(context: Context, rule: Rule, policy: FreeUnits) -> Units:
    instance, twin = context.instance, context.instance.twin
    names = twin["resource"].values.astype(str).tolist()
    resources = np.array([names.index(name) for name in policy.size])
    size = np.array(list(policy.size.values()), dtype=np.int64)
    domains, grouping = instance.domains(rule), instance.grouping
    counted = rule.hosts[grouping.first_host] & (domains.of_host >= 0)
    hosts = np.flatnonzero(counted)
    empty = (instance.capacity[hosts][:, resources] // size).min(axis=1)
    free = free_units(twin, resources, size, instance.fixed.usage)
    free[~rule.hosts | (grouping.host_group >= 0)] = 0
    outside = np.unique(rule.domain[(rule.domain >= 0) & (free > 0)])
    outside = outside[domains.of_true[outside] < 0]
    position = domains.of_true.copy()
    position[outside] = domains.count + np.arange(len(outside))
    settled = np.zeros(domains.count + len(outside))
    inside = (rule.domain >= 0) & (free > 0)
    np.add.at(settled, position[rule.domain[inside]], free[inside])
    need = policy.count
    if rule.not_worse:
        today = free_units(twin, resources, size, instance.frame.today.usage)
        here = rule.hosts & (rule.domain >= 0)
        total = np.bincount(rule.domain[here], today[here], minlength=1)
        need = min(need, int(total.max(initial=0)))
    return Units(
        rule, resources, size, hosts, empty * grouping.host_count[hosts], domains.of_host[hosts],
        (*domains.names, *(rule.domain_names[d] for d in outside.tolist())), settled, need,
    )  # fmt: skip


def free_units(
    twin: object, resources: np.ndarray, size: np.ndarray, usage: np.ndarray
) -> np.ndarray:
    """Return how many units of a size fit on each host beside a use (H, resource, step)."""
    capacity = twin["host_capacity"].values[:, resources, None]  # type: ignore[index]
    left = ((capacity - usage[:, resources]) // size[None, :, None]).min(axis=(1, 2))
    usable = twin["host_usable"].values  # type: ignore[index]
    return np.where(usable, np.maximum(left, 0), 0).astype(np.int64)


def declare_free_units(context: Context) -> None:
    """Declare units that find room on hosts, overfull hosts, and the domain that counts."""
    names = context.instance.host_names
    units = units_of(context)
    index = [(u.rule.name, names[k]) for u in units for k in u.hosts.tolist()]
    most = [float(value) for u in units for value in u.most.tolist()]
    context.declare("units_free", index, domain=pyo.NonNegativeIntegers, upper=most)
    crowded = [(u.rule.name, names[k]) for u in units for k in _overfull(context, u)]
    context.declare("crowded", crowded, domain=pyo.Binary)
    promised = [(u.rule.name, name) for u in units for name in u.names]
    context.declare("promised", promised, domain=pyo.Binary)


def _overfull(context: Context, units: Units) -> list[int]:
    """Return the host groups that count and may stay overfull of what a unit needs."""
    excess = context.instance.excess[units.hosts][:, units.resources]
    return [int(k) for k in units.hosts[(excess > 0).any(axis=(1, 2))]]


def constrain_free_units_room(context: Context) -> None:
    r"""Count only units that fit on a host beside what runs there; none where it is overfull.

    .. math:: s_r f_k + \sum_g u_{g,r,t}\, x_{g,k} \le C_{k,r} M_k + E_{k,r,t}\, o_k,
        \qquad f_k \le F_k (1 - o_k) \qquad \forall k, r, t

    E is what today's use may stay above capacity by. Recipe entry: ``free_units_room``. Dual:
    none worth reading.
    """
    declare_rows(context, "free_units_room")
    instance, model = context.instance, context.model
    for units in units_of(context):
        overfull = set(_overfull(context, units))
        for k, most in zip(units.hosts.tolist(), units.most.tolist(), strict=True):
            key = (units.rule.name, instance.host_names[k])
            if k in overfull and instance.grouping.host_count[k] == 1:
                body = Linear().add(1.0, model.units_free[key]).add(float(most), model.crowded[key])
                below(context, "free_units_room", (*key, "overfull", 0), body, float(most))
            _room_rows(context, units, k, key, k in overfull)


def _room_rows(
    context: Context, units: Units, k: int, key: tuple[str, str], is_overfull: bool
) -> None:
    instance, model = context.instance, context.model
    pairs = np.flatnonzero(context.pair_host == k)
    count = float(instance.grouping.host_count[k])
    for r, size in zip(units.resources.tolist(), units.size.tolist(), strict=True):
        demand = instance.demand[context.pair_group[pairs], r, :]
        scale = float(instance.frame.scale[r])
        for s in range(instance.num_steps):
            room = count * float(instance.capacity[k, r]) - float(instance.host_base[k, r, s])
            body = Linear().extend(demand[:, s] / scale, context.arrays["place"][pairs])
            body.add(size / scale, model.units_free[key])
            if is_overfull:
                body.add(-float(instance.excess[k, r, s]) / scale, model.crowded[key])
            below(context, "free_units_room", (*key, r, s), body, room / scale)


def constrain_free_units(context: Context) -> None:
    r"""Keep room in one domain for so many more workloads of a size.

    .. math:: \sum_{k \in d} f_k \ge N v_d \qquad \forall d, \qquad \sum_d v_d \ge 1

    Recipe entry: ``free_units``. Dual: cost of room for one more.
    """
    declare_rows(context, "free_units")
    model, names = context.model, context.instance.host_names
    for units in units_of(context):
        rule = units.rule
        for d, name in enumerate(units.names):
            body = Linear(-float(units.settled[d])).add(units.need, model.promised[rule.name, name])
            free = [model.units_free[rule.name, names[k]] for k in units.hosts[units.domain == d]]
            at_most(
                context, "free_units", (rule.name, name), body.extend(-1.0, free), 0.0,
                rule=rule, where=rule.name, unit="units", size=max(1.0, float(units.need)),
            )  # fmt: skip
        chosen = [model.promised[rule.name, name] for name in units.names]
        below(context, "free_units", (rule.name, "one"), Linear().extend(-1.0, chosen), -1.0)


def set_free_units(context: Context) -> None:
    """Set units, overfull hosts and the best domain to what the placed counts imply."""
    instance, model = context.instance, context.model
    count = np.array([v.value for v in context.arrays["place"]], dtype=float)
    used = instance.host_base.astype(float)
    np.add.at(used, context.pair_host, count[:, None, None] * instance.demand[context.pair_group])
    for units in units_of(context):
        full = instance.capacity * instance.grouping.host_count[:, None]
        left = full[units.hosts][:, units.resources, None] - used[units.hosts][:, units.resources]
        free = np.floor(left / units.size[None, :, None] + 1e-9).min(axis=(1, 2))
        total, overfull = units.settled.copy(), set(_overfull(context, units))
        for k, d, value, most in zip(
            units.hosts.tolist(), units.domain.tolist(), free.tolist(), units.most.tolist(),
            strict=True,
        ):  # fmt: skip
            key, here = (units.rule.name, instance.host_names[k]), min(max(0.0, value), most)
            model.units_free[key].set_value(int(here))
            if k in overfull:
                model.crowded[key].set_value(int(value < 0))
            total[d] += here
        for d, name in enumerate(units.names):
            model.promised[units.rule.name, name].set_value(int(d == int(total.argmax())))
