"""Budgets of what the site draws from the grid, emits, uses and pays for."""

from __future__ import annotations

import numpy as np

from optimiser.formulation.context import Context
from optimiser.formulation.frame import Frame
from optimiser.formulation.linear import Linear
from optimiser.formulation.members import rules_of
from optimiser.formulation.rows import at_most, declare_rows
from optimiser.schema.policy import Budget
from optimiser.twin.rules import Rule
from optimiser.twin.spending import (
    counted_hours,
    per_kw,
    per_litre_an_hour,
    resolution,
    row_scale,
    unit_of,
)
from optimiser.twin.surrogate import surrogate_power


def constrain_budget(context: Context) -> None:
    r"""Keep what the site draws, emits, uses or pays for below a number.

    .. math:: \sum_t \bigl( b_t\, G_t + b'_t\, W_t \bigr) \le B, \qquad
        G_t \le B \ \forall t \text{ for power}

    The coefficients are hours, grams or money per kWh, and cubic metres or their price per litre;
    those of hours that do not count, and those below zero, are zero. Recipe entry: ``budget``.
    Dual: value of one more unit of the budget.
    """
    declare_rows(context, "budget")
    for rule in rules_of(context, Budget):
        assert isinstance(rule.policy, Budget)
        if rule.policy.measure == "power":
            _write_power(context, rule, rule.policy)
        else:
            _write_sum(context, rule, rule.policy)


def _write_sum(context: Context, rule: Rule, policy: Budget) -> None:
    frame, arrays = context.instance.frame, context.arrays
    body = Linear().extend(per_kw(policy, frame.twin), arrays["import_kw"])
    if frame.surrogate.has_plant:
        body.extend(per_litre_an_hour(policy, frame.twin), arrays["water_l_per_h"])
    today = float(_sum_today(frame, policy)) if rule.not_worse else 0.0
    _write(context, rule, policy, rule.name, body, max(rule.limit, today))


def _write_power(context: Context, rule: Rule, policy: Budget) -> None:
    frame = context.instance.frame
    limit = np.full(frame.twin.sizes["time"], rule.limit)
    if rule.not_worse:
        limit = np.maximum(limit, _power_today(frame))
    for t in np.flatnonzero(counted_hours(policy, frame.twin)).tolist():
        body = Linear().add(1.0, context.arrays["import_kw"][t])
        _write(context, rule, policy, (rule.name, t), body, float(limit[t]))


def _write(
    context: Context, rule: Rule, policy: Budget, index: object, body: Linear, limit: float
) -> None:
    """Write a row; the checker compares whole steps, so a value may come up to the next one."""
    step, scale = resolution(rule.limit), row_scale(rule.limit)
    at_most(
        context, "budget", index, Linear().plus(body, 1.0 / scale), (limit + step) / scale,
        rule=rule, where=rule.name, unit=unit_of(policy, context.instance.twin), scale=scale,
    )  # fmt: skip


def _sum_today(frame: Frame, policy: Budget) -> float:
    power_kw, litres = _drawn_today(frame)
    found = power_kw @ per_kw(policy, frame.twin) + litres @ per_litre_an_hour(policy, frame.twin)
    return float(found)


def _power_today(frame: Frame) -> np.ndarray:
    """Return today's largest power from the grid in the step of each period (time,) [kW]."""
    step, power = frame.twin["step_of_time"].values, _drawn_today(frame)[0]
    largest = np.zeros(frame.twin.sizes["step"])
    np.maximum.at(largest, step, power)
    return np.asarray(largest[step])


def _drawn_today(frame: Frame) -> tuple[np.ndarray, np.ndarray]:
    rack_kw = frame.today.rack_power_kw - frame.today.rack_reserve_kw[:, None]
    power_w, litres = surrogate_power(
        frame.surrogate, rack_kw[:, frame.twin["step_of_time"].values] * 1e3
    )
    return power_w / 1e3, litres
