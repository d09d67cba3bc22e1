"""Workloads that may be left without a host: at a price each, gangs only as a whole."""

from __future__ import annotations

import numpy as np

from optimiser.formulation.context import Context
from optimiser.formulation.linear import Linear
from optimiser.formulation.modelling import pyo
from optimiser.formulation.rows import at_most, declare_rows, equal
from optimiser.schema.policy import Assign
from optimiser.twin.rules import Rule


def declare_unserved(context: Context) -> None:
    """Declare how many workloads of each group have no host, where that may be any."""
    instance = context.instance
    optional = optional_groups(context)
    names = [instance.group_names[g] for g in optional.tolist()]
    upper = instance.grouping.workload_count[optional]
    context.declare("unserved", names, domain=pyo.NonNegativeIntegers, upper=upper.tolist())
    context.shared["unserved"] = dict(
        zip(optional.tolist(), context.arrays["unserved"], strict=True)
    )
    gangs = sorted({gang for gang in gang_of_group(context)[optional].tolist() if gang >= 0})
    context.declare("left_out", gangs, domain=pyo.Binary)
    context.shared["left_out"] = dict(zip(gangs, context.arrays["left_out"], strict=True))


def optional_groups(context: Context) -> np.ndarray:
    """Return the workload groups that may be left out (n,)."""
    serving, grouping = context.instance.frame.serving, context.instance.grouping
    return np.flatnonzero(serving.is_optional[grouping.first_workload])


def gang_of_group(context: Context) -> np.ndarray:
    """Return the gang of each workload group (group,), −1 none."""
    return context.instance.frame.serving.gang[context.instance.grouping.first_workload]


def constrain_unserved_workloads(context: Context) -> None:
    r"""Count the workloads that have no host.

    .. math:: \sum_{g \in W} v_g \le 0

    Recipe entry: ``unserved_workloads``. Dual: price of one workload without a host.
    """
    declare_rows(context, "unserved_workloads")
    for rule in context.instance.frame.rules:
        if isinstance(rule.policy, Assign):
            _count_unserved(context, rule)


def _count_unserved(context: Context, rule: Rule) -> None:
    first = context.instance.grouping.first_workload
    left = [v for g, v in context.shared["unserved"].items() if rule.workloads[first[g]]]
    if left:
        body = Linear().extend(1.0, left)
        at_most(context, "unserved_workloads", rule.name, body, 0, rule=rule, where=rule.name,
                unit="workloads")  # fmt: skip


def constrain_group_together_or_not_at_all(context: Context) -> None:
    r"""Leave all workloads of a gang out, or none.

    .. math:: v_g = m_g\, n_q \qquad \forall g \in q

    Recipe entry: ``group_together_or_not_at_all``. Dual: none worth reading.
    """
    declare_rows(context, "group_together_or_not_at_all")
    instance, gang = context.instance, gang_of_group(context)
    for g, unserved in context.shared["unserved"].items():
        if gang[g] < 0:
            continue
        body = Linear().add(1.0, unserved)
        body.add(-float(instance.grouping.workload_count[g]), context.shared["left_out"][gang[g]])
        equal(context, "group_together_or_not_at_all", instance.group_names[g], body)


def set_unserved(context: Context, lost: np.ndarray, host_of_workload: np.ndarray) -> np.ndarray:
    """Set who is left out; return the workloads (W,) bool that have no place and must have one.

    ``lost`` (W,) bool are all that have none, some of them on hosts where they may not be.
    """
    grouping = context.instance.grouping
    waiting = lost & (host_of_workload < 0)
    count = np.bincount(grouping.workload_group[waiting], minlength=grouping.num_groups)
    gang = gang_of_group(context)
    optional = np.zeros(grouping.num_groups, dtype=bool)
    for g, variable in context.shared["unserved"].items():
        optional[g] = True
        variable.set_value(int(count[g]), skip_validation=True)
        if gang[g] >= 0:
            context.shared["left_out"][gang[g]].set_value(int(count[g] > 0), skip_validation=True)
    return lost & ~(waiting & optional[grouping.workload_group])
