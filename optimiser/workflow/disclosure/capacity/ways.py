"""Options and the chosen one, monitoring, the last plan against what came, assumptions."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import pandas as pd

from optimiser.analysis.kpi.forecast import GROWTH, SEASONAL_MONTHS
from optimiser.report.disclosure.table import Column, Kind, Table, make_table
from optimiser.schema.capacity import CapacityOption, CapacityPlanning
from optimiser.workflow.disclosure.capacity.future import BEYOND
from optimiser.workflow.disclosure.capacity.months import Outlook, month_label, with_option
from optimiser.workflow.disclosure.capacity.resource import DEMAND, Resource
from optimiser.workflow.disclosure.cells import number
from optimiser.workflow.disclosure.material import FORECAST, MEASURED, Material

HOURS_PER_YEAR = 8760.0
_OPTIONS = (
    Column("option", "Option", is_key=True),
    Column("kind", "Kind"),
    Column("resource", "Resource"),
    Column("adds", "Adds", Kind.NUMBER),
    Column("unit", "Unit"),
    Column("ready", "Ready"),
    Column("exhausted_p90", "Runs out, P90"),
    Column("capex", "Investment", Kind.NUMBER),
    Column("opex_per_year", "Running cost a year", Kind.NUMBER),
    Column("kwh_per_year", "Energy a year", Kind.NUMBER, "kWh"),
    Column("operational_kgco2e", "Operational emissions a year", Kind.NUMBER, "kgCO2e"),
    Column("embodied_kgco2e", "Embodied carbon", Kind.NUMBER, "kgCO2e"),
    Column("risk", "Risk"),
    Column("sla_effect", "Effect on service levels"),
    Column("is_chosen", "Chosen", Kind.FLAG),
)
_CHOICE = (Column("item", "Item", is_key=True), Column("text", "Text"))
_WATCHED = (
    Column("metric", "Figure", is_key=True),
    Column("frequency", "How often"),
    Column("owner", "Who"),
)
_LAST = (
    Column("resource", "Resource", is_key=True),
    Column("month", "Month", is_key=True),
    Column("planned", "Foreseen", Kind.NUMBER),
    Column("actual", "Came", Kind.NUMBER),
    Column("error", "Difference", Kind.NUMBER),
    Column("error_share", "Of what came", Kind.NUMBER, "1"),
)
_ASSUMED = (Column("number", "No.", Kind.COUNT, is_key=True), Column("assumption", "Assumption"))


def option_table(
    material: Material, planning: CapacityPlanning, ahead: Sequence[Outlook]
) -> Table:  # fmt: skip
    """Return the options: doing nothing first, then those told, then the stored plan."""
    chosen = planning.chosen.option if planning.chosen else None
    nothing = CapacityOption(name="do-nothing", kind="do_nothing")
    rows = [_option(material, one, ahead, chosen) for one in (nothing, *planning.options)]
    rows += _stored_plan(material)
    return make_table(
        "capacity_options", "Options", FORECAST, _OPTIONS, rows,
        notes=("Changes against doing nothing. What doing nothing leads to stands in the table of "
               "thresholds.",),
        keep_order=True,
    )  # fmt: skip


def _option(
    material: Material, one: CapacityOption, ahead: Sequence[Outlook], chosen: str | None
) -> dict[str, object]:
    outlook = next((o for o in ahead if o.resource.name == one.resource), None)
    row: dict[str, object] = {
        "option": one.name, "kind": one.kind, "resource": one.resource, "adds": one.adds,
        "ready": None if one.ready is None else one.ready.isoformat(), "capex": one.capex,
        "opex_per_year": one.opex_per_year, "kwh_per_year": one.kwh_per_year,
        "operational_kgco2e": one.operational_kgco2e_per_year,
        "embodied_kgco2e": one.embodied_kgco2e, "risk": one.risk or None,
        "sla_effect": one.sla_effect or None, "is_chosen": one.name == chosen,
    }  # fmt: skip
    if outlook is not None:
        months = with_option(outlook, one, material.last_day)
        label = BEYOND if months is None else month_label(material.last_day, months)
        row |= {"unit": outlook.resource.unit, "exhausted_p90": label}
    return row


def _stored_plan(material: Material) -> Iterator[dict[str, object]]:
    """Yield the newest plan of placement as an option, its prediction scaled to a year."""
    if material.run is None:
        return
    metrics = material.run.metrics()
    before, after = metrics.get("before") or {}, metrics.get("after") or {}
    hours = after.get("hours")
    if not before or not hours:
        return
    scale = HOURS_PER_YEAR / float(hours)

    def change(key: str) -> float | None:
        first, then = before.get(key), after.get(key)
        return None if first is None or then is None else (float(then) - float(first)) * scale

    yield {
        "option": f"plan {material.run.manifest.run}", "kind": "re_place",
        "opex_per_year": change("cost"), "kwh_per_year": change("facility_kwh"),
        "operational_kgco2e": change("kgco2e"), "is_chosen": False,
        "sla_effect": "every hard rule of the study is kept (checked exactly)",
        "risk": f"predicted from {float(hours):g} h and scaled to a year",
    }  # fmt: skip


def choice_table(planning: CapacityPlanning) -> Table:
    """Return the chosen option with its approval and what it depends on."""
    chosen = planning.chosen
    told: dict[str, str] = {}
    if chosen is not None:
        told = {
            "option": chosen.option,
            "approved by": chosen.approved_by,
            "approved on": "" if chosen.approved_on is None else chosen.approved_on.isoformat(),
            "requests for change": ", ".join(chosen.changes),
            "depends on": ", ".join(chosen.depends_on),
        }
    rows = [{"item": item, "text": text or "not told"} for item, text in told.items()]
    return make_table("capacity_choice", "Chosen", FORECAST, _CHOICE, rows, keep_order=True)


def monitoring_table(planning: CapacityPlanning) -> Table:
    """Return what is watched."""
    rows = [
        {"metric": one.metric, "frequency": one.frequency, "owner": one.owner or None}
        for one in planning.monitoring
    ]
    return make_table("capacity_monitoring", "Watched", "", _WATCHED, rows, keep_order=True)


def last_plan_table(material: Material) -> Table:
    """Return what the last plan foresaw beside what came, for months that have both."""
    table = material.tables.get(DEMAND, pd.DataFrame(columns=["planned", "demand"]))
    rows = []
    for cells in table.to_dict("records"):
        planned, actual = number(cells["planned"]), number(cells["demand"])
        if planned is None or actual is None:
            continue
        rows.append(
            {
                "resource": str(cells["resource"]), "month": str(cells["month"]),
                "planned": planned, "actual": actual, "error": planned - actual,
                "error_share": (planned - actual) / actual if actual else None,
            }
        )  # fmt: skip
    return make_table("capacity_last_plan", "The last plan and what came", MEASURED, _LAST, rows)


def assumption_table(
    material: Material, planning: CapacityPlanning, resources: Sequence[Resource],
    ahead: Sequence[Outlook],
) -> Table:  # fmt: skip
    """Return assumptions and limits: those told, and those that the methods make."""
    told = list(planning.assumptions)
    if isinstance(material.capacity, str):
        told.append(f"Technical resources of the model are left out: {material.capacity}.")
    else:
        told.append("Modelled use is that of today's placement over the site's study.")
    if any(one.forecast.method == GROWTH for one in ahead):
        told.append("Declared growth has no back-test; it starts from the peak of the period.")
    if any(0 < one.forecast.history < SEASONAL_MONTHS for one in ahead):
        told.append(f"Trends of fewer than {SEASONAL_MONTHS} months know no yearly course.")
    told.append(
        f"Warning from {100 * planning.warn_fraction:g} % and action from "
        f"{100 * planning.act_fraction:g} % of the usable where a resource has no level of its own."
    )
    silent = len(resources) - len(ahead)
    if silent:
        told.append(f"{silent} of {len(resources)} resources have no forecast.")
    rows = [{"number": number, "assumption": text} for number, text in enumerate(told, start=1)]
    return make_table("capacity_assumptions", "Assumptions and limits", "", _ASSUMED, rows)
