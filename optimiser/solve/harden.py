"""Soft rules as if they were hard, for a line of search that keeps them.

The compiled search knows hard rules only. One line of it keeps every soft rule, or every one as
far as today does, the other none, and the exact checker prices the plans of both.
"""

from __future__ import annotations

from dataclasses import replace

from optimiser.solve.problem import Problem, lower


def hardened(problem: Problem, like_today: bool = False) -> Problem | None:
    """Return the problem with soft rules hard; ``None`` where there are none.

    ``like_today`` lets what today breaks stay broken as far as it is. The price of waiting stays
    a price, because the search knows it.
    """
    soft = [rule for rule in problem.rules if not rule.is_hard and rule.kind != "assign"]
    if not soft:
        return None
    names = {rule.name for rule in soft}
    rules = [
        replace(rule, weight=None, not_worse=rule.not_worse or like_today)
        if rule.name in names
        else rule
        for rule in problem.rules
    ]
    return lower(problem.twin, rules, problem.weights)
