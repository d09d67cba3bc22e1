"""Output 12: capacity of today's placement: what is fullest, its headroom, and what is not told.

Technical resources come from the model of the site. Human, information and financial resources,
forecasts and thresholds are no part of a site's documents; their rows say so.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from optimiser.analysis.bottlenecks import Bottleneck, bottlenecks
from optimiser.analysis.kpi.quantity import Quality
from optimiser.errors import InputError
from optimiser.report.disclosure.table import Column, Finding, Kind, Level, Output, make_table
from optimiser.workflow.disclosure.material import Material, Settings
from optimiser.workflow.disclosure.regime_tables import NOT_STATED

NAME, TITLE, FRAMEWORK = "capacity_plan", "Capacity", "ISO/IEC 20000-1, 8.4.3"
_COLUMNS = (
    Column("resource_class", "Class of resource", is_key=True),
    Column("resource", "Resource", is_key=True),
    Column("where", "Fullest", is_key=True),
    Column("used", "Peak use", Kind.NUMBER),
    Column("usable", "Usable, after redundancy", Kind.NUMBER),
    Column("headroom", "Headroom", Kind.NUMBER),
    Column("headroom_share", "Share of the usable", Kind.NUMBER, "1"),
    Column("unit", "Unit"),
    Column("class", "Class"),
    Column("completeness", "Complete", Kind.NUMBER, "1"),
    Column("reason", "Reason"),
)
_OTHERS = {
    "human": "operator hours", "information": "licences and address plans",
    "financial": "investment and running cost",
}  # fmt: skip


def capacity_of(folder: Path, settings: Settings) -> Sequence[Bottleneck] | str:
    """Return what is fullest today over the site's study, or why that is not known.

    Nothing is computed when the frameworks that were asked for do not need it.
    """
    if settings.frameworks and "iso20000" not in settings.frameworks:
        return "not asked for"
    from optimiser.workflow.loading import load
    from optimiser.workflow.modelled import today_with_its_hosts

    try:
        loaded = load(folder)
    except InputError as error:
        return f"the site can not be modelled ({len(error.problems)} mistakes; see dcopt check)"
    if not loaded.has_placement:
        return "nothing is known to run on the site"
    return bottlenecks(loaded.twin, loaded.rules, today_with_its_hosts(loaded.twin))


def capacity_plan(material: Material) -> Output:
    """Return capacity by resource with the gaps of the plan named."""
    known = material.capacity
    if isinstance(known, str):
        return Output(NAME, TITLE, FRAMEWORK, not_applicable=known)
    rows = [_row(one) for one in known]
    rows += [
        {"resource_class": group, "resource": word, "where": "", "class": Quality.MISSING.name,
         "completeness": 0.0, "reason": NOT_STATED}
        for group, word in _OTHERS.items()
    ]  # fmt: skip
    table = make_table(
        NAME, TITLE, "modelled, today", _COLUMNS, rows,
        notes=("Planning values over the site's study, with redundant units and any one feed "
               "failed where the resource says so.",),
    )  # fmt: skip
    level = Level.FAILURE if "iso20000" in material.settings.frameworks else Level.FLAG
    told = (
        "the checklist is not complete: human, information and financial resources, forecast with "
        "interval, effect of service levels, thresholds and lead times are not told"
    )
    return Output(NAME, TITLE, FRAMEWORK, (table,), (Finding(NAME, level, told),))


def _row(one: Bottleneck) -> dict[str, object]:
    headroom = one.limit - one.used
    return {
        "resource_class": "technical", "resource": one.kind, "where": one.where, "used": one.used,
        "usable": one.limit, "headroom": headroom,
        "headroom_share": headroom / one.limit if one.limit else None, "unit": one.unit,
        "class": Quality.MODELLED.name, "completeness": 1.0,
        "reason": None if one.limit else "NO_LIMIT",
    }  # fmt: skip
