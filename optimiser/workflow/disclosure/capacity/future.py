"""Forecast by month, thresholds with the month to order, and how sure those are."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from optimiser.analysis.kpi.forecast import LEVELS
from optimiser.analysis.kpi.quantity import Quality
from optimiser.report.disclosure.table import Column, Kind, Table, make_table
from optimiser.workflow.disclosure.capacity.months import OK, Outlook, month_label, state
from optimiser.workflow.disclosure.capacity.resource import Resource
from optimiser.workflow.disclosure.material import FORECAST, MODELLED

BEYOND = "not within the horizon"
NOT_FORECAST = "no growth told and no six months of demand known"
NO_LEAD_TIME = "lead time not told"
_MONTHS = (
    Column("resource", "Resource", is_key=True),
    Column("month", "Month", is_key=True),
    *(Column(f"p{100 * level:.0f}", f"P{100 * level:.0f}", Kind.NUMBER) for level in LEVELS),
    Column("usable", "Usable today", Kind.NUMBER),
    Column("planned", "Usable with the chosen option", Kind.NUMBER),
    Column("shortfall_p50", "Short at P50", Kind.NUMBER),
    Column("shortfall_p90", "Short at P90", Kind.NUMBER),
    Column("shortfall_planned_p90", "Short at P90 with the option", Kind.NUMBER),
    Column("unit", "Unit"),
)
_ORDERS = (
    Column("resource", "Resource", is_key=True),
    Column("warn", "Warn from", Kind.NUMBER),
    Column("act", "Act from", Kind.NUMBER),
    Column("unit", "Unit"),
    Column("state", "Now"),
    Column("exhausted_p50", "Runs out, P50"),
    Column("exhausted_p90", "Runs out, P90"),
    Column("lead_months", "Lead time", Kind.NUMBER, "months"),
    Column("commissioning_months", "Commissioning", Kind.NUMBER, "months"),
    Column("order_in_months", "Order in", Kind.NUMBER, "months"),
    Column("order_by", "Order by"),
    Column("method", "Method"),
    Column("mape", "Mean error", Kind.NUMBER, "1"),
    Column("reason", "Reason"),
    Column("history", "Months of history", Kind.COUNT, is_provenance=True),
    Column("folds", "Folds of the back-test", Kind.COUNT, is_provenance=True),
    Column("pinball", "Pinball loss", Kind.NUMBER, is_provenance=True),
    Column("coverage", "Within P10 to P90", Kind.NUMBER, "1", is_provenance=True),
)
_SENSITIVITY = (
    Column("resource", "Resource", is_key=True),
    *(
        Column(name, title)
        for name, title in (
            ("minus_10", "Runs out at P90 with 10 % less demand"), ("as_is", "As forecast"),
            ("plus_10", "With 10 % more"),
        )
    ),
)  # fmt: skip


def forecast_table(ahead: Sequence[Outlook], last_day: date) -> Table:
    """Return demand and capacity of each resource by month."""
    rows = [
        _month(one, month, last_day) for one in ahead for month in range(len(one.usable))
    ]  # fmt: skip
    return make_table(
        "capacity_forecast", "Demand ahead", FORECAST, _MONTHS, rows,
        notes=("The first month is the last of the period. P90 is what demand stays below with a "
               "probability of 90 %.",),
    )  # fmt: skip


def _month(one: Outlook, month: int, last_day: date) -> dict[str, object]:
    low, mid, high = (float(level[month]) for level in one.forecast.levels)
    usable, planned = float(one.usable[month]), float(one.planned[month])
    return {
        "resource": one.resource.name, "month": month_label(last_day, month), "p10": low,
        "p50": mid, "p90": high, "usable": usable, "planned": planned,
        "shortfall_p50": max(0.0, mid - usable), "shortfall_p90": max(0.0, high - usable),
        "shortfall_planned_p90": max(0.0, high - planned), "unit": one.resource.unit,
    }  # fmt: skip


def order_table(
    resources: Sequence[Resource], ahead: Sequence[Outlook], last_day: date
) -> Table:  # fmt: skip
    """Return thresholds of resources, and when they run out and must be ordered.

    Elements of the model that are below their warning and have no forecast are only counted.
    """
    known = {one.resource.name: one for one in ahead}
    told = [one for one in resources if one.name in known or not _is_quiet(one)]
    ordered = sorted(told, key=lambda one: (one.name not in known, one.name))
    quiet = len(resources) - len(told)
    more = f"{quiet} more elements of the model are below their warning and have no forecast."
    rows = [_order(one, known.get(one.name), last_day) for one in ordered]
    return make_table(
        "capacity_orders", "Thresholds and when to order", FORECAST, _ORDERS, rows,
        notes=("Order by = month in which demand at P90 reaches what is usable − lead time − "
               "commissioning. The back-test forecasts each known month from those before it.",
               *([more] if quiet else [])),
        keep_order=True,
    )  # fmt: skip


def _is_quiet(one: Resource) -> bool:
    return one.section == MODELLED and one.quality is Quality.MODELLED and state(one) == OK


def _order(one: Resource, outlook: Outlook | None, last_day: date) -> dict[str, object]:
    row: dict[str, object] = {
        "resource": one.name, "unit": one.unit, "state": state(one),
        "warn": None if one.usable is None else one.warn * one.usable,
        "act": None if one.usable is None else one.act * one.usable,
        "lead_months": one.lead, "commissioning_months": one.commissioning,
    }  # fmt: skip
    if outlook is None:
        return row | {"reason": one.reason or NOT_FORECAST}
    test, order = outlook.forecast.back_test, outlook.order
    runs_out = outlook.exhausted(2) is not None
    row |= {
        "exhausted_p50": _when(outlook.exhausted(1), last_day),
        "exhausted_p90": _when(outlook.exhausted(2), last_day),
        "order_in_months": order,
        "order_by": None if order is None else month_label(last_day, order),
        "method": outlook.forecast.method, "history": outlook.forecast.history or None,
        "reason": NO_LEAD_TIME if runs_out and order is None else None,
    }  # fmt: skip
    if test is not None:
        row |= {"folds": test.folds, "mape": test.mape, "pinball": test.pinball,
                "coverage": test.coverage}  # fmt: skip
    return row


def _when(months: int | None, last_day: date) -> str:
    return BEYOND if months is None else month_label(last_day, months)


def sensitivity_table(ahead: Sequence[Outlook], last_day: date) -> Table:
    """Return when each resource runs out when demand is 10 % less or more."""
    rows = [
        {
            "resource": one.resource.name,
            **{
                name: _when(one.exhausted(2, factor), last_day)
                for name, factor in (("minus_10", 0.9), ("as_is", 1.0), ("plus_10", 1.1))
            },
        }
        for one in ahead
    ]
    return make_table(
        "capacity_sensitivity", "How sure the months are", FORECAST, _SENSITIVITY, rows
    )
