"""Forecast, exhaustion and ordering of each resource, month by month."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

import numpy as np

from optimiser.analysis.kpi.forecast import Forecast, exhausted_after, order_after
from optimiser.schema.capacity import CapacityOption
from optimiser.workflow.disclosure.capacity.resource import Resource, month_number

OK, WARN, ACT, OVER = "below", "warn", "act", "over"


@dataclass(frozen=True)
class Outlook:
    """A resource with its forecast over the horizon; months count from the end of the period.

    ``usable`` (month,) is today's capacity, ``planned`` (month,) with the chosen option.
    """

    resource: Resource
    forecast: Forecast
    usable: np.ndarray
    planned: np.ndarray

    def exhausted(self, level: int, factor: float = 1.0) -> int | None:
        """Return the month in which demand of a level (0 P10, 1 P50, 2 P90), times a factor,
        reaches what is usable today."""
        return exhausted_after(self.forecast.levels[level] * factor, float(self.usable[0]))

    @property
    def order(self) -> float | None:
        """Months until the order: exhaustion at P90 − lead − commissioning; ``None`` when nothing
        runs out or times are not told."""
        lead, commissioning = self.resource.lead, self.resource.commissioning
        if lead is None:
            return None
        return order_after(self.exhausted(2), lead, commissioning or 0.0)


def outlooks(
    resources: Sequence[Resource], horizon: int, last_day: date, chosen: CapacityOption | None
) -> list[Outlook]:
    """Return the outlook of every resource whose demand can be forecast."""
    found = []
    for one in resources:
        forecast = one.forecast(horizon)
        if forecast is None or one.usable is None:
            continue
        usable = np.full(horizon + 1, one.usable)
        more = _added(one, horizon, last_day, chosen)
        found.append(Outlook(one, forecast, usable, usable + more))
    return found


def _added(
    resource: Resource, horizon: int, last_day: date, option: CapacityOption | None
) -> np.ndarray:
    """Return what an option adds to a resource, by month."""
    if option is None or option.resource != resource.name or option.adds is None:
        return np.zeros(horizon + 1)
    ready = last_day if option.ready is None else option.ready
    months = month_number(f"{ready:%Y-%m}") - month_number(f"{last_day:%Y-%m}")
    return np.where(np.arange(horizon + 1) >= months, option.adds, 0.0)


def with_option(outlook: Outlook, option: CapacityOption, last_day: date) -> int | None:
    """Return the month in which demand at P90 reaches what is usable with an option."""
    more = _added(outlook.resource, len(outlook.usable) - 1, last_day, option)
    left = outlook.forecast.p90 - more
    return exhausted_after(left, float(outlook.usable[0]))


def state(resource: Resource) -> str | None:
    """Return whether today's peak is below, above the warning, above the action level or over."""
    if resource.peak is None or not resource.usable:
        return None
    share = resource.peak / resource.usable
    if share > 1.0:
        return OVER
    return ACT if share >= resource.act else WARN if share >= resource.warn else OK


def month_label(last_day: date, ahead: float) -> str:
    """Return the month so many months after the last day; parts of a month count as the month
    before, so that an order is never late."""
    at = month_number(f"{last_day:%Y-%m}") + int(np.floor(ahead))
    return f"{at // 12}-{at % 12 + 1:02d}"
