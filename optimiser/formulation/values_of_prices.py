"""Values that a placement implies for variables of nearness and of prices of loads and moves."""

from __future__ import annotations

import numpy as np

from optimiser.formulation.context import Context
from optimiser.formulation.members import members_of, rules_of
from optimiser.schema.policy import Dependency


def set_nearby(context: Context) -> None:
    """Set in which domains the needed services are."""
    for rule in rules_of(context, Dependency):
        members = members_of(context, rule)
        for q in np.unique(rule.needs[:, 1]).tolist():
            for d, name in enumerate(members.domains.names):
                found = min(1.0, members.count(context, q, d).value())
                variable = context.model.nearby[rule.name, rule.group_names[q], name]
                variable.set_value(found, skip_validation=True)


def set_prices(context: Context) -> None:
    """Set every variable that a price counts to the least its rows allow."""
    model = context.model
    if not hasattr(model, "safety_excess"):
        return
    for rows, variables in (
        (model.safety_excess, model.above_safety),
        (model.balance_shortage, model.short_of_balance),
    ):
        for variable in variables.values():
            variable.set_value(0.0, skip_validation=True)
        for index, row in rows.items():
            variable = variables[index[:-1]]
            above = float(row.body() - row.upper()) + variable.value
            variable.set_value(max(variable.value, above), skip_validation=True)
    for variable in model.most_moves.values():
        variable.set_value(variable.lb or 0.0, skip_validation=True)
        for row in model.service_most_moves.values():
            above = float(row.body() - row.upper()) + variable.value
            variable.set_value(max(variable.value, above), skip_validation=True)
