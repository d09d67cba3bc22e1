"""What a capacity plan must hold to serve as evidence for ISO/IEC 20000-1, 8.4.3.

The plan itself is checked, as it is disclosed, and not what it was made from.
"""

from __future__ import annotations

from collections.abc import Iterator

from optimiser.report.disclosure.table import Output, Table
from optimiser.schema.capacity import RESOURCE_CLASSES

_USE, _RESERVES = "capacity_use_", "capacity_reserves_"


def lacking(plan: Output) -> list[str]:
    """Return what the plan lacks, in sentences; empty when every point of the checklist is met."""
    return [*_classes(plan), *_reserves(plan), *_thresholds(plan), *_intervals(plan)]


def _starting(plan: Output, start: str) -> list[Table]:
    return [table for table in plan.tables if table.name.startswith(start)]


def _named(plan: Output, name: str) -> Table | None:
    return next((table for table in plan.tables if table.name == name), None)


def _classes(plan: Output) -> Iterator[str]:
    told = {cell for table in _starting(plan, _USE) for cell in table.column("resource_class")}
    for group in RESOURCE_CLASSES:
        if group not in told:
            yield f"no {group} resource and no reason why it is not applicable"


def _reserves(plan: Output) -> Iterator[str]:
    if not any(table.rows for table in _starting(plan, _RESERVES)):
        yield "the effect of service levels, availability and continuity on capacity is not told"


def _thresholds(plan: Output) -> Iterator[str]:
    orders = _named(plan, "capacity_orders")
    if orders is None or not orders.rows:
        yield "thresholds are not told"
        return
    ends = zip(orders.column("exhausted_p90"), orders.column("lead_months"), strict=True)
    if all(lead is None for end, lead in ends if end is not None):
        yield "no resource with a forecast has a lead time"


def _intervals(plan: Output) -> Iterator[str]:
    months = _named(plan, "capacity_forecast")
    if months is None or not months.rows:
        yield "there is no forecast of demand"
        return
    levels = zip(*(months.column(level) for level in ("p10", "p50", "p90")), strict=True)
    if any(None in level for level in levels):
        yield "the forecast lacks its interval"
