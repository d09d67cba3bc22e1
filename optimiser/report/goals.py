"""Goals that come before money, as rows of text for the console and the page."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from optimiser.report.text import NONE, percent
from optimiser.schema.plan import GoalValue

COLUMNS = ("goal", "today", "least found", "no less than", "gap", "kept below", "plan")
NAMES = {
    "energy": "Energy from the grid",
    "carbon": "Emissions",
    "water": "Make-up water",
    "cost": "Cost of energy and water",
    "hosts_on": "Hosts on",
    "moves": "Moves",
}


def goal_rows(goals: Sequence[GoalValue]) -> Iterator[tuple[str, ...]]:
    """Yield a row of :data:`COLUMNS` for each goal, in its order."""
    for place, goal in enumerate(goals, 1):
        amounts = (goal.today, goal.value, goal.bound, goal.limit, goal.reached)
        today, value, bound, limit, reached = (_amount(amount) for amount in amounts)
        name = f"{place}. {NAMES[goal.measure]} [{goal.unit}]"
        gap = NONE if goal.gap is None else percent(goal.gap)
        yield name, today, value, bound, gap, limit, reached


def _amount(value: float | None) -> str:
    """Format with five digits, so that small differences between goals and limits show."""
    if value is None:
        return NONE
    if value == int(value) or abs(value) >= 1e5:
        return f"{value:,.0f}"
    return f"{value:,.5g}" if abs(value) < 1e4 else f"{value:,.0f}"
