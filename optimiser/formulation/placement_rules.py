"""Rules that say where a workload may run: by construction when hard, priced when soft.

Hard rules leave pairs out of the model, so their constraints are empty. Soft rules, and all of them
in an elastic model, count the workloads on forbidden hosts.
"""

from __future__ import annotations

import numpy as np

from optimiser.formulation.context import Context
from optimiser.formulation.linear import Linear
from optimiser.formulation.rows import at_most, declare_rows
from optimiser.twin.rules import Rule


def constrain_ban(context: Context) -> None:
    r"""Keep workloads off the banned hosts.

    .. math:: \sum_{g \in W} \sum_{k \in K} x_{g,k} \le 0

    Recipe entry: ``ban``. Dual: value of letting one workload onto a banned host.
    """
    _constrain(context, "ban")


def constrain_fence(context: Context) -> None:
    r"""Keep workloads inside their fence.

    .. math:: \sum_{g \in W} \sum_{k \notin K} x_{g,k} \le 0

    Recipe entry: ``fence``. Dual: value of letting one workload out.
    """
    _constrain(context, "fence")


def constrain_require_label(context: Context) -> None:
    r"""Keep workloads on hosts with a label that suits them.

    .. math:: \sum_{g} \sum_{k:\, l_k \notin L_g} x_{g,k} \le 0

    Recipe entry: ``require_label``. Dual: value of ignoring the label once.
    """
    _constrain(context, "require_label")


def constrain_pin(context: Context) -> None:
    r"""Keep workloads on one host.

    .. math:: \sum_{g \in W} \sum_{k \ne h} x_{g,k} \le 0

    Recipe entry: ``pin``. Dual: value of letting one workload leave.
    """
    _constrain(context, "pin")


def constrain_drain(context: Context) -> None:
    r"""Empty the hosts.

    .. math:: \sum_{g} \sum_{k \in K} x_{g,k} \le 0

    Recipe entry: ``drain``. Dual: value of leaving one workload there.
    """
    _constrain(context, "drain")


def constrain_preserve(context: Context) -> None:
    r"""Leave workloads where they are.

    .. math:: \sum_{g \in W} \sum_{k \ne h_g} x_{g,k} \le 0

    Recipe entry: ``preserve``. Dual: value of moving one of them.
    """
    _constrain(context, "preserve")


def _constrain(context: Context, kind: str) -> None:
    declare_rows(context, kind)
    for rule in context.instance.frame.rules:
        if rule.kind == kind and (not rule.is_hard or context.elastic):
            _count_forbidden(context, rule)


def _count_forbidden(context: Context, rule: Rule) -> None:
    instance = context.instance
    pairs = np.flatnonzero(forbidden_pairs(context, rule))
    limit, fixed = 0, _num_forbidden(rule, instance.fixed.host_of_workload)
    if rule.not_worse:
        limit = _num_forbidden(rule, instance.twin["workload_host"].values)
    body = Linear(float(fixed)).extend(1.0, context.arrays["place"][pairs])
    at_most(
        context, rule.kind, rule.name, body, limit, rule=rule, where=rule.name, unit="workloads"
    )


def forbidden_pairs(context: Context, rule: Rule) -> np.ndarray:
    """Return which pairs of the model a rule forbids (pair,) bool."""
    grouping = context.instance.grouping
    assert rule.allowed is not None and rule.allowed_class is not None
    of_group = rule.allowed_class[grouping.first_workload][context.pair_group]
    return ~rule.allowed[of_group, grouping.first_host[context.pair_host]]


def _num_forbidden(rule: Rule, host: np.ndarray) -> int:
    assert rule.allowed is not None and rule.allowed_class is not None
    placed = host >= 0
    return int((~rule.allowed[rule.allowed_class[placed], host[placed]]).sum())
