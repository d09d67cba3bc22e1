"""Energy and PUE by local month: the interval that annual reporting asks for at least."""

from __future__ import annotations

from dataclasses import replace

from optimiser.analysis.kpi.energy import IT_CATEGORIES, pue
from optimiser.report.disclosure.table import Column, Kind, Table, make_table
from optimiser.schema.period import Period
from optimiser.workflow.disclosure.indicators import ENERGY_ROLES, it_role
from optimiser.workflow.disclosure.material import Material, Source

NAME = "energy_by_month"
_COLUMNS = (
    Column("month", "Month", is_key=True),
    Column("e_dc", "Energy of the data centre", Kind.NUMBER, "kWh"),
    Column("e_it", "Energy of IT", Kind.NUMBER, "kWh"),
    Column("overhead", "Overhead", Kind.NUMBER, "kWh"),
    Column("value", "PUE of the month", Kind.NUMBER, "1"),
    Column("class", "Class"),
    Column("completeness", "Complete", Kind.NUMBER, "1"),
    Column("reason", "Reason"),
)


def energy_by_month(material: Material, source: Source) -> Table | None:
    """Return one row per month; ``None`` for a period of one month or without IT energy.

    The PUE of the period is that of its sums, never the mean of this column.
    """
    months, role = source.period.months(), it_role(source)
    if len(months) < 2 or role is None:
        return None
    rows = [_row(material, source, role, month) for month in months]
    return make_table(
        f"{NAME}_{source.section}", "Energy by month", source.section, _COLUMNS, rows,
        notes=("PUE of the period is the quotient of its sums and not the mean of its months.",),
        keep_order=True,
    )  # fmt: skip


def _row(material: Material, source: Source, role: str, month: Period) -> dict[str, object]:
    known = [one for one in (*ENERGY_ROLES, role) if one in source.components.roles]
    parts = source.components.window(month, known)
    window = replace(source.window, label=month.label, is_year=False)
    ratio = pue(parts, window, IT_CATEGORIES[role], material.weighting)
    whole, it = ratio.numerator.value, ratio.denominator.value
    return {
        "month": month.label, "e_dc": whole, "e_it": it,
        "overhead": None if whole is None or it is None else whole - it, "value": ratio.value,
        "class": ratio.quality.name, "completeness": ratio.completeness, "reason": ratio.reason,
    }  # fmt: skip
