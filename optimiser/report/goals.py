"""Goals that come before money, as rows of text for the console and the page."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from optimiser.report.text import NONE, count, percent, quantity
from optimiser.schema.plan import GoalValue, TradeOffPoint

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
        name = f"{place}. {NAMES[goal.measure]} [{_unit(goal.unit)}]"
        gap = NONE if goal.gap is None else percent(goal.gap)
        yield name, today, value, bound, gap, limit, reached


LEAST = {
    "energy": "least energy from the grid",
    "carbon": "least emissions",
    "water": "least make-up water",
    "hosts_on": "fewest hosts on",
}
TRADE_COLUMNS = ("at most", "has", "costs", "no less than", "gap", "hosts on", "moves")


def trade_rows(points: Sequence[TradeOffPoint], currency: str) -> Iterator[tuple[str, ...]]:
    """Yield a row of :data:`TRADE_COLUMNS` for each plan of a trade-off."""
    for point in points:
        bound = NONE if point.bound is None else quantity(point.bound, currency)
        yield (
            f"{_amount(point.limit)} {_unit(point.unit)}",
            _amount(point.amount),
            quantity(point.objective, currency),
            bound,
            NONE if point.gap is None else percent(point.gap),
            count(point.hosts_on),
            count(point.moves),
        )


def trade_sentence(points: Sequence[TradeOffPoint], currency: str) -> str:
    """Say what the least of the measure costs; nothing without points."""
    if not points:
        return ""
    least, cheapest = points[0], points[-1]
    less = cheapest.amount - least.amount
    dearer = least.objective - cheapest.objective
    name, unit = LEAST[least.measure], _unit(least.unit)
    if less <= 0.0 or dearer <= 0.0:
        return f"The cheapest plan is also the one with the {name} that was found."
    return (
        f"The plan with the {name} that was found has {quantity(less, unit)} less than the "
        f"cheapest one and costs {quantity(dearer, currency)} more: "
        f"{quantity(dearer / less, currency)} for each {unit.removesuffix('s')}."
    )


def _unit(unit: str) -> str:
    return "kg CO₂e" if unit == "kgCO2e" else unit


def _amount(value: float | None) -> str:
    """Format with five digits, so that small differences between goals and limits show."""
    if value is None:
        return NONE
    if value == int(value) or abs(value) >= 1e5:
        return f"{value:,.0f}"
    return f"{value:,.5g}" if abs(value) < 1e4 else f"{value:,.0f}"
