"""Header, inventory with its use, and what reserves cost: the plan's tables about today."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from optimiser.analysis.kpi.quantity import Quality
from optimiser.report.disclosure.table import Column, Kind, Table, make_table
from optimiser.schema.capacity import RESOURCE_CLASSES, CapacityPlanning
from optimiser.workflow.disclosure.capacity.months import state
from optimiser.workflow.disclosure.capacity.resource import Resource
from optimiser.workflow.disclosure.material import MEASURED, MODELLED, Material

NOT_APPLICABLE = "not applicable"
_HEADER = (Column("item", "Item", is_key=True), Column("text", "Text"))
_USE = (
    Column("resource_class", "Class of resource", is_key=True),
    Column("resource", "Resource", is_key=True),
    Column("unit", "Unit"),
    Column("nameplate", "Nameplate", Kind.NUMBER),
    Column("derated", "Derated", Kind.NUMBER),
    Column("usable", "Usable (N-1)", Kind.NUMBER),
    Column("mean", "Mean use", Kind.NUMBER),
    Column("p95", "P95", Kind.NUMBER),
    Column("peak", "Peak", Kind.NUMBER),
    Column("headroom", "Headroom", Kind.NUMBER),
    Column("headroom_share", "Share of the usable", Kind.NUMBER, "1"),
    Column("stranded", "Stranded", Kind.NUMBER),
    Column("state", "State"),
    Column("class", "Class"),
    Column("completeness", "Complete", Kind.NUMBER, "1"),
    Column("reason", "Reason"),
    Column("source", "Source", is_provenance=True),
    Column("note", "Note", is_provenance=True),
)
_RESERVES = (
    Column("resource", "Resource", is_key=True),
    Column("reserve", "Kept for"),
    Column("without", "Capacity without the reserve", Kind.NUMBER),
    Column("with", "Capacity with it", Kind.NUMBER),
    Column("kept", "Reserve", Kind.NUMBER),
    Column("kept_share", "Share", Kind.NUMBER, "1"),
    Column("headroom_without", "Headroom without", Kind.NUMBER),
    Column("headroom_with", "Headroom with", Kind.NUMBER),
    Column("unit", "Unit"),
    Column("class", "Class"),
)


def header(material: Material, planning: CapacityPlanning) -> Table:
    """Return what the plan is about and who answers for it."""
    told = {
        "scope": material.reporting.boundary,
        "period": f"{material.first_day} to {material.last_day}",
        "horizon": f"{planning.horizon_months} months after the period",
        "next review": None if planning.review is None else planning.review.isoformat(),
        "owner": planning.owner,
        "approver": planning.approver,
    }
    if material.run is not None:
        told["plan of placement"] = material.run.manifest.run
    rows = [{"item": item, "text": text or "not told"} for item, text in told.items()]
    return make_table("capacity_header", "Scope and owners", "", _HEADER, rows, keep_order=True)


def use_tables(resources: Sequence[Resource], planning: CapacityPlanning) -> Iterator[Table]:
    """Yield the inventory with its use: what is modelled, what is measured or told."""
    notes = {
        MODELLED: "Planning values over the site's study, today's placement; usable is after the "
        "agreed redundancy and reserves. Stranded is free but out of reach because another "
        "limit binds first.",
        MEASURED: "From the meters and as told in the table of resources.",
    }
    for section, note in notes.items():
        rows = [_use(one) for one in resources if one.section == section]
        if section == MEASURED:
            rows += _without_object(planning)
        yield make_table(f"capacity_use_{section}", "Resources and their use", section, _USE, rows,
                         notes=(note,))  # fmt: skip


def _use(one: Resource) -> dict[str, object]:
    headroom = None if one.usable is None or one.peak is None else one.usable - one.peak
    return {
        "resource_class": one.group, "resource": one.name, "unit": one.unit,
        "nameplate": one.nameplate, "derated": one.derated, "usable": one.usable,
        "mean": one.mean, "p95": one.p95, "peak": one.peak, "headroom": headroom,
        "headroom_share": headroom / one.usable if headroom is not None and one.usable else None,
        "stranded": one.stranded, "state": state(one), "class": one.quality.name,
        "completeness": one.completeness, "reason": one.reason, "source": one.source,
        "note": one.note or None,
    }  # fmt: skip


def _without_object(planning: CapacityPlanning) -> Iterator[dict[str, object]]:
    for group in RESOURCE_CLASSES:
        if group in planning.not_applicable:
            yield {
                "resource_class": group, "resource": NOT_APPLICABLE,
                "reason": planning.not_applicable[group], "class": Quality.MISSING.name,
                "completeness": 1.0,
            }  # fmt: skip


def reserve_tables(resources: Sequence[Resource]) -> Iterator[Table]:
    """Yield what redundancy, maintenance and agreed reserves take from capacity."""
    for section in (MODELLED, MEASURED):
        rows = [_reserve(one) for one in resources if one.section == section and _has_reserve(one)]
        yield make_table(
            f"capacity_reserves_{section}", "Effect of reserves and redundancy", section,
            _RESERVES, rows,
            notes=("Capacity and headroom at the peak, with and without what service levels, "
                   "availability and continuity keep back.",),
        )  # fmt: skip


def _has_reserve(one: Resource) -> bool:
    return one.derated is not None and one.usable is not None and one.usable < one.derated


def _reserve(one: Resource) -> dict[str, object]:
    whole, left = one.derated or 0.0, one.usable or 0.0
    free = [None if one.peak is None else side - one.peak for side in (whole, left)]
    return {
        "resource": one.name, "reserve": one.reserve or one.note or "agreed redundancy",
        "without": whole, "with": left, "kept": whole - left,
        "kept_share": (whole - left) / whole if whole else None,
        "headroom_without": free[0], "headroom_with": free[1], "unit": one.unit,
        "class": one.quality.name,
    }  # fmt: skip
