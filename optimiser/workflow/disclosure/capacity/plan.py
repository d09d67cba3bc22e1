"""The tables of the capacity plan, in the order in which a reader asks for them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from optimiser.report.disclosure.table import Finding, Level, Output, Table
from optimiser.schema.capacity import CapacityOption, CapacityPlanning
from optimiser.workflow.disclosure.capacity.checklist import lacking
from optimiser.workflow.disclosure.capacity.future import (
    forecast_table,
    order_table,
    sensitivity_table,
)
from optimiser.workflow.disclosure.capacity.known import header, reserve_tables, use_tables
from optimiser.workflow.disclosure.capacity.months import OVER, Outlook, outlooks, state
from optimiser.workflow.disclosure.capacity.resource import Resource, resources_of
from optimiser.workflow.disclosure.capacity.space import space_table
from optimiser.workflow.disclosure.capacity.ways import (
    assumption_table,
    choice_table,
    last_plan_table,
    monitoring_table,
    option_table,
)
from optimiser.workflow.disclosure.material import Material

NAME, TITLE, FRAMEWORK = "capacity_plan", "Capacity plan", "ISO/IEC 20000-1, 8.4.3"


def capacity_plan(material: Material) -> Output:
    """Return the capacity plan with the gaps of its checklist as findings."""
    planning = material.reporting.capacity or CapacityPlanning()
    resources = resources_of(material)
    if not resources:
        why = material.capacity if isinstance(material.capacity, str) else "nothing is limited"
        return Output(NAME, TITLE, FRAMEWORK, not_applicable=why)
    ahead = outlooks(resources, planning.horizon_months, material.last_day, _chosen(planning))
    tables = [one for one in _tables(material, planning, resources, ahead) if one.rows]
    output = Output(NAME, TITLE, FRAMEWORK, tuple(tables))
    return Output(
        NAME, TITLE, FRAMEWORK, output.tables,
        tuple(_findings(material, output, resources, ahead)),
    )  # fmt: skip


def _chosen(planning: CapacityPlanning) -> CapacityOption | None:
    name = planning.chosen.option if planning.chosen else None
    return next((one for one in planning.options if one.name == name), None)


def _tables(
    material: Material, planning: CapacityPlanning, resources: Sequence[Resource],
    ahead: Sequence[Outlook],
) -> Iterator[Table]:  # fmt: skip
    last_day = material.last_day
    yield header(material, planning)
    yield from use_tables(resources, planning)
    yield space_table(material)
    yield from reserve_tables(resources)
    yield forecast_table(ahead, last_day)
    yield order_table(resources, ahead, last_day)
    yield sensitivity_table(ahead, last_day)
    yield option_table(material, planning, ahead)
    yield choice_table(planning)
    yield monitoring_table(planning)
    yield last_plan_table(material)
    yield assumption_table(material, planning, resources, ahead)


def _findings(
    material: Material, output: Output, resources: Sequence[Resource], ahead: Sequence[Outlook]
) -> Iterator[Finding]:
    is_asked = "iso20000" in material.settings.frameworks
    level = Level.FAILURE if is_asked else Level.FLAG
    for gap in lacking(output):
        yield Finding(NAME, level, gap)
    over = [one.name for one in resources if state(one) == OVER]
    if over:
        yield Finding(NAME, Level.FLAG, f"more is used than is usable: {_few(over)}")
    late = [one.resource.name for one in ahead if one.order is not None and one.order < 0]
    if late:
        yield Finding(NAME, Level.FLAG, f"should have been ordered already: {_few(late)}")


def _few(names: Sequence[str], most: int = 5) -> str:
    more = f" and {len(names) - most} more" if len(names) > most else ""
    return ", ".join(names[:most]) + more
