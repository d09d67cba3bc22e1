"""One way to write a row: hard, soft at a price, or elastic to find out what is in the way."""

from __future__ import annotations

from collections.abc import Sequence

from optimiser.errors import InfeasibleError
from optimiser.formulation.context import Context, Slack
from optimiser.formulation.linear import Linear
from optimiser.formulation.modelling import pyo
from optimiser.twin.rules import Rule

TOLERANCE = 1e-9


def declare_rows(context: Context, name: str) -> None:
    """Declare a constraint, so that the model lists it even when no row is needed."""
    context.model.add_component(name, pyo.Constraint(pyo.Any))


def at_most(
    context: Context,
    name: str,
    index: object,
    body: Linear,
    limit: float,
    *,
    rule: Rule | None = None,
    where: str = "",
    unit: str = "",
    scale: float = 1.0,
    size: float = 0.0,
) -> None:
    """Write ``body ≤ limit`` into the constraint ``name``.

    ``rule`` makes the row soft when the rule is; in an elastic model every row that belongs to a
    rule, or names a place, gets a slack. Rows of one rule at one place share their slack, so a
    violation that lasts counts once, at its worst. ``scale`` is what the row was divided by, so
    that slacks are in the unit of the limit; ``size`` is the natural size of the limit where the
    row does not show it. A row without variables is left out when it
    holds; otherwise the model is impossible, unless everything in it lies outside a neighbourhood.
    """
    slack = _slack(context, name, rule, where, size or abs(limit * scale), unit)
    if slack is not None:
        slack.bodies.append((Linear().plus(body, scale), limit * scale))
        body = Linear().plus(body).add(-1.0 / scale, slack.variable)
    if body.variables:
        component = context.model.component(name)
        component.add(index, (None, body.expression(), float(limit)))
    elif body.constant > limit + TOLERANCE and context.instance.background is None:
        owner = f"rule '{rule.name}'" if rule is not None else f"'{name}'"
        amount = f"{(body.constant - limit) * scale:g} {unit}".rstrip()
        raise InfeasibleError(
            f"{owner} cannot be kept at {where or index}: it is {amount} out of reach",
            "make the rule soft, raise its limit, or let it stay as it is with a not_worse policy",
        )


def at_most_together(
    context: Context,
    name: str,
    index: object,
    body: Linear,
    limit: float,
    *,
    rule: Rule,
    places: Sequence[str],
    unit: str,
) -> None:
    """Write ``body ≤ limit``, the sum of the rows that a soft rule has at ``places``.

    What the sum is beyond its limit is paid for by the slacks of the places, so that it costs
    nothing twice.
    """
    found = [_slack(context, name, rule, place, 0.0, unit) for place in places]
    slacks = [slack for slack in found if slack is not None]
    context.sums.append((Linear().plus(body), limit, slacks))
    body = Linear().plus(body).extend(-1.0, [slack.variable for slack in slacks])
    context.model.component(name).add(index, (None, body.expression(), float(limit)))


def at_least(
    context: Context,
    name: str,
    index: object,
    body: Linear,
    limit: float,
    *,
    rule: Rule | None = None,
    where: str = "",
    unit: str = "",
) -> None:
    """Write ``body ≥ limit``, as ``−body ≤ −limit``."""
    at_most(
        context, name, index, Linear().plus(body, -1.0), -limit, rule=rule, where=where, unit=unit
    )


def equal(context: Context, name: str, index: object, body: Linear, value: float = 0.0) -> None:
    """Write ``body = value``; definitions are never relaxed."""
    if body.variables:
        context.model.component(name).add(index, (float(value), body.expression(), float(value)))


def below(context: Context, name: str, index: object, body: Linear, limit: float = 0.0) -> None:
    """Write ``body ≤ limit`` as part of a definition, which is never relaxed."""
    if body.variables:
        context.model.component(name).add(index, (None, body.expression(), float(limit)))


def _slack(
    context: Context, name: str, rule: Rule | None, where: str, size: float, unit: str
) -> Slack | None:
    is_soft = rule is not None and not rule.is_hard
    if not is_soft and not (context.elastic and where):
        return None
    owner = rule.name if rule is not None else name
    key = (name, owner, where)
    if key not in context.slacks:
        variable = context.model.slack.add(key)
        variable.setlb(0.0)
        weight = rule.weight if rule is not None and rule.weight is not None else None
        context.slacks[key] = Slack(
            constraint=name,
            rule=owner,
            where=where,
            variable=variable,
            weight=1.0 / max(1.0, size) if weight is None else weight,
            unit=unit,
            is_elastic=weight is None,
        )
    return context.slacks[key]
