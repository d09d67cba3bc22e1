"""How many hosts are on."""

from __future__ import annotations

import numpy as np

from optimiser.formulation.context import Context
from optimiser.formulation.linear import Linear
from optimiser.formulation.rows import at_most, declare_rows
from optimiser.schema.policy import MaxHostsOn


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
        counted = np.flatnonzero(rule.hosts[instance.grouping.first_host])
        body = Linear(float((instance.fixed.host_on & rule.hosts).sum()))
        body.extend(1.0, context.arrays["awake"][counted])
        at_most(
            context,
            "max_hosts_on",
            rule.name,
            body,
            limit,
            rule=rule,
            where=rule.name,
            unit="hosts",
        )
