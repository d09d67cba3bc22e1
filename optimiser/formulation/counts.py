"""How many hosts are on."""

from __future__ import annotations

import numpy as np

from optimiser.formulation.context import Context
from optimiser.formulation.linear import Linear
from optimiser.formulation.rows import at_least, at_most, declare_rows
from optimiser.schema.policy import MaxHostsOn, MinHostsOn
from optimiser.twin.rules import Rule


def constrain_max_hosts_on(context: Context) -> None:
    r"""Keep at most so many hosts on.

    .. math:: \sum_{k \in K} z_k \le N

    Recipe entry: ``max_hosts_on``. Dual: value of one more host that may be on.
    """
    declare_rows(context, "max_hosts_on")
    instance = context.instance
    for rule in instance.frame.rules:
        if not isinstance(rule.policy, MaxHostsOn):
            continue
        limit = rule.policy.limit
        if rule.not_worse:
            limit = max(limit, int((instance.twin["host_on"].values & rule.hosts).sum()))
        at_most(
            context, "max_hosts_on", rule.name, _hosts_on(context, rule), limit,
            rule=rule, where=rule.name, unit="hosts",
        )  # fmt: skip


def constrain_min_hosts_on(context: Context) -> None:
    r"""Keep at least so many hosts on, with or without work.

    .. math:: \sum_{k \in K} z_k \ge N

    Recipe entry: ``min_hosts_on``. Dual: cost of one more host that must be on.
    """
    declare_rows(context, "min_hosts_on")
    instance = context.instance
    for rule in instance.frame.rules:
        if not isinstance(rule.policy, MinHostsOn):
            continue
        limit = rule.policy.limit
        if rule.not_worse:
            limit = min(limit, int((instance.twin["host_on"].values & rule.hosts).sum()))
        at_least(
            context, "min_hosts_on", rule.name, _hosts_on(context, rule), limit,
            rule=rule, where=rule.name, unit="hosts",
        )  # fmt: skip


def _hosts_on(context: Context, rule: Rule) -> Linear:
    """Return the number of the rule's hosts that are on."""
    instance = context.instance
    counted = np.flatnonzero(rule.hosts[instance.grouping.first_host])
    body = Linear(float((instance.fixed.host_on & rule.hosts).sum()))
    return body.extend(1.0, context.arrays["awake"][counted])
