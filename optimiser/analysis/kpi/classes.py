"""Classes of a figure on a scale, and relations between disclosed values."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from optimiser.analysis.kpi.quantity import Flag, Ratio
from optimiser.analysis.kpi.verdicts import meets
from optimiser.schema.ruleset import ClassScale, Ruleset


@dataclass(frozen=True, slots=True)
class Grade:
    """Class of a figure, and what separates it from the next better one.

    ``distance`` is in the unit of the metric, ``amount`` the same as a component: less energy in
    kWh for PUE, less water in m³ for WUE. Both are ``None`` in the best class or without a value.
    """

    metric: str
    label: str | None
    value: float | None
    next_label: str | None = None
    next_bound: float | None = None
    distance: float | None = None
    amount: float | None = None
    amount_unit: str = ""
    reason: str | None = None


def grade(scale: ClassScale, ratio: Ratio) -> Grade:
    """Return the class of an unrounded figure; upper bounds belong to their class."""
    if ratio.value is None:
        return Grade(scale.metric, None, None, reason=ratio.reason)
    place = class_index(scale, ratio.value)
    label = scale.classes[place].label
    if place == 0:
        return Grade(scale.metric, label, ratio.value)
    better = scale.classes[place - 1]
    bound = better.upper
    assert bound is not None  # only the last class has none
    distance = ratio.value - bound
    below = ratio.denominator.value
    amount = None if below is None else distance * below / ratio.scale
    return Grade(
        scale.metric, label, ratio.value, better.label, bound, distance, amount,
        ratio.numerator.unit,
    )  # fmt: skip


def class_index(scale: ClassScale, value: float) -> int:
    """Return the place of the first class whose bound the value does not exceed."""
    for place, one in enumerate(scale.classes):
        if one.upper is None or meets(value, "<=", one.upper):
            return place
    raise AssertionError("the last class has no bound")


def check_values(ruleset: Ruleset, values: Mapping[str, float | None]) -> list[Flag]:
    """Return a flag for each relation of the ruleset that values (by datapoint) do not keep.

    A relation with a missing value is not checked.
    """
    flags = []
    for check in ruleset.checks:
        left, right = _sum(check.left, values), _sum(check.right, values)
        if left is None or right is None or meets(left, check.op, right):
            continue
        sentence = f"{check.sentence}: {left:.10g} against {right:.10g}"
        flags.append(Flag("CHECK", sentence, check.severity))
    return flags


def indicator_values(
    ruleset: Ruleset, values: Mapping[str, float | None]
) -> dict[str, tuple[float | None, str | None]]:
    """Return each indicator of a ruleset from disclosed values: its number, or why it has none."""
    found: dict[str, tuple[float | None, str | None]] = {}
    for one in ruleset.indicators:
        above, below = _sum(one.numerator, values), _sum(one.denominator, values)
        if above is None or below is None:
            found[one.code] = None, "NO_DATA"
        elif below == 0:
            found[one.code] = None, "DIV0"
        else:
            found[one.code] = one.scale * above / below, None
    return found


def _sum(names: Sequence[str], values: Mapping[str, float | None]) -> float | None:
    amounts = [values.get(name) for name in names]
    known = [amount for amount in amounts if amount is not None]
    return sum(known) if len(known) == len(amounts) else None
