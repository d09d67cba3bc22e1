"""Rules that say where a workload may run: by construction when hard, priced when soft.

Hard rules leave pairs out of the model, so their constraints are empty. Soft rules, and all of them
in an elastic model, count the workloads on forbidden hosts; with ``not_worse`` without those that
are there today and stay.
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


def constrain_quarantine(context: Context) -> None:
    r"""Let nothing onto the hosts and nothing off them.

    .. math:: \sum_{g \notin K} \sum_{k \in K} x_{g,k}
        + \sum_{g \in K} \sum_{k \ne h_g} x_{g,k} \le 0

    Recipe entry: ``quarantine``. Dual: value of one workload crossing the line.
    """
    _constrain(context, "quarantine")


def constrain_preserve(context: Context) -> None:
    r"""Leave workloads where they are.

    .. math:: \sum_{g \in W} \sum_{k \ne h_g} x_{g,k} \le 0

    Recipe entry: ``preserve``. Dual: value of moving one of them.
    """
    _constrain(context, "preserve")


def constrain_disruption_budget(context: Context) -> None:
    r"""Leave workloads that may never be disturbed where they are.

    .. math:: \sum_{g \in W} \sum_{k \ne h_g} x_{g,k} \le 0

    W are those that are never evicted, too young, or too few beside the replicas that have to be
    up. Recipe entry: ``disruption_budget``. Dual: value of moving one of them.
    """
    _constrain(context, "disruption_budget")


def constrain_residency(context: Context) -> None:
    r"""Process data only where it may be processed.

    .. math:: \sum_{g} \sum_{k \notin R_g} x_{g,k} \le 0

    Recipe entry: ``residency``. Dual: value of one workload where its data may not be.
    """
    _constrain(context, "residency")


def constrain_latency(context: Context) -> None:
    r"""Keep workloads near enough to their users.

    .. math:: \sum_{g} \sum_{k:\, d_{g,k} > D} x_{g,k} \le 0

    Recipe entry: ``latency``. Dual: value of one workload farther away.
    """
    _constrain(context, "latency")


def constrain_any_of(context: Context) -> None:
    r"""Let each workload keep at least one of some rules.

    .. math:: \sum_{g} \sum_{k \notin \bigcup_j A_{j,g}} x_{g,k} \le 0

    Recipe entry: ``any_of``. Dual: value of one workload that keeps none of them.
    """
    _constrain(context, "any_of")


def constrain_all_of(context: Context) -> None:
    r"""Let each workload keep every one of some rules.

    .. math:: \sum_{g} \sum_{k \notin \bigcap_j A_{j,g}} x_{g,k} \le 0

    Recipe entry: ``all_of``. Dual: value of one workload that breaks some of them.
    """
    _constrain(context, "all_of")


def _constrain(context: Context, kind: str) -> None:
    declare_rows(context, kind)
    for rule in context.instance.frame.rules:
        about_hosts = rule.kind == kind and rule.allowed is not None
        if about_hosts and (not rule.is_hard or context.elastic):
            _count_forbidden(context, rule)


def _count_forbidden(context: Context, rule: Rule) -> None:
    forbidden = forbidden_pairs(context, rule)
    body = Linear(float(_num_forbidden(context, rule)))
    body.extend(1.0, context.arrays["place"][forbidden])
    if rule.not_worse:
        # who is on a forbidden host today may stay there, others may not take the place
        pair, staying = context.shared["staying"]
        body.extend(-1.0, staying[forbidden[pair]])
    at_most(context, rule.kind, rule.name, body, 0, rule=rule, where=rule.name, unit="workloads")


def forbidden_pairs(context: Context, rule: Rule) -> np.ndarray:
    """Return which pairs of the model a rule forbids (pair,) bool."""
    grouping = context.instance.grouping
    assert rule.allowed is not None and rule.allowed_class is not None
    of_group = rule.allowed_class[grouping.first_workload][context.pair_group]
    return ~rule.allowed[of_group, grouping.first_host[context.pair_host]]


def _num_forbidden(context: Context, rule: Rule) -> int:
    """Return how many fixed workloads are where they may not be, less those that are excused."""
    instance = context.instance
    host = instance.fixed.host_of_workload
    placed = host >= 0
    if rule.not_worse:
        placed &= host != instance.twin["workload_host"].values
    assert rule.allowed is not None and rule.allowed_class is not None
    return int((~rule.allowed[rule.allowed_class[placed], host[placed]]).sum())
