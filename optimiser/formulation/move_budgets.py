"""Budgets of moves: by service, by cost and by memory."""

from __future__ import annotations

import numpy as np

from optimiser.formulation.context import Context
from optimiser.formulation.moves import has_moved, moved
from optimiser.formulation.rows import at_most, declare_rows
from optimiser.schema.policy import MaxMovesPerService, MoveBudget
from optimiser.twin.rules import PARTS

UNITS = {"cost": "of cost", "gib": "GiB"}


def constrain_max_moves_per_service(context: Context) -> None:
    r"""Move at most so many workloads of each service.

    .. math:: \sum_{g \in q} \Bigl( n_g - \sum_k s_{g,k} \Bigr) \le N \qquad \forall q

    Recipe entry: ``max_moves_per_service``. Dual: value of one more move of the service.
    """
    declare_rows(context, "max_moves_per_service")
    instance = context.instance
    for rule in instance.frame.rules:
        if not isinstance(rule.policy, MaxMovesPerService):
            continue
        of_group, gone = instance.group_of_rule(rule), has_moved(context)
        for q in np.unique(of_group[of_group >= 0]).tolist():
            body = moved(context, (of_group == q).astype(float))
            body.constant += int((gone & (rule.group == q)).sum())
            name = rule.group_names[q]
            at_most(
                context, "max_moves_per_service", (rule.name, name), body, rule.policy.limit,
                rule=rule, where=f"{rule.name} {name}", unit="moves",
            )  # fmt: skip


def constrain_move_budget(context: Context) -> None:
    r"""Move only as much as a budget of money or memory allows.

    .. math:: \sum_g a_g \Bigl( n_g - \sum_k s_{g,k} \Bigr) \le B

    Amounts are rounded to thousandths of the unit, as the checker counts them. Recipe entry:
    ``move_budget``. Dual: value of one more unit of the budget.
    """
    declare_rows(context, "move_budget")
    instance = context.instance
    for rule in instance.frame.rules:
        if not isinstance(rule.policy, MoveBudget):
            continue
        amount = rule.amount / PARTS
        body = moved(context, amount[instance.grouping.first_workload])
        body.constant += float(amount[has_moved(context)].sum())
        limit = np.floor(rule.policy.limit * PARTS + 1e-6) / PARTS
        at_most(
            context, "move_budget", rule.name, body, float(limit),
            rule=rule, where=rule.name, unit=UNITS[rule.policy.measure],
        )  # fmt: skip
