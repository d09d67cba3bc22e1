"""A small disclosure with awkward cells: formulas, tags, negatives, gaps, long tables."""

from __future__ import annotations

from optimiser.report.disclosure.table import (
    Column,
    Disclosure,
    Finding,
    Kind,
    Level,
    Output,
    make_table,
)

EVIL = (
    '=HYPERLINK("http://x.invalid","click")',
    "+1+1",
    "-2+3",
    "@SUM(A1)",
    "\t=1+1",
    "\r=1+1",
    "'=1+1",
    " =1+1",
    "<script>alert(1)</script>",
    '</style><img src=x onerror="alert(1)">',
    "'s-Hertogenbosch",
    'says "hi", then\nends; =1+1',
    "a\x00b\u202eevil",
    "x;=1+1;-2",
    'x;"=1+1',
    "x;'=1+1",
    "a - b; c",
)
KPI = (
    Column("metric", "Metric", is_key=True),
    Column("category", "Category", is_key=True),
    Column("value", "Value", Kind.NUMBER),
    Column("lower", "Lower", Kind.NUMBER),
    Column("upper", "Upper", Kind.NUMBER),
    Column("unit", "Unit"),
    Column("class", "Class"),
    Column("completeness", "Complete", Kind.NUMBER),
    Column("reason", "Reason"),
    Column("sources", "Sources", is_provenance=True),
)


def kpi_row(metric: str, value: float | None, **more: object) -> dict[str, object]:
    """One key figure."""
    given = {"metric": metric, "category": "", "value": value, "unit": "1", "class": "MEASURED"}
    return {**given, "completeness": 1.0, **more}


def make_disclosure(rows: int = 400, evil: tuple[str, ...] = EVIL) -> Disclosure:
    """The example; ``rows`` hours and one row per text of ``evil``."""
    measured = [
        kpi_row("PUE", 1.32, category="2", lower=1.3004, upper=1.34, sources="main:e_grid"),
        kpi_row("WUE", 1.2, unit="L/kWh", category="2", completeness=0.9999999),
        kpi_row("REF", 33_200_000 / 46_252_800),
        kpi_row("ERF", None, reason="NO_DATA", **{"class": "MISSING"}, completeness=0.0),
        kpi_row("saving", -187_100.123456789, unit="kWh"),
    ]
    modelled = [kpi_row("CUE", 0.45064, unit="kgCO2e/kWh", **{"class": "MODELLED"})]
    texts = (
        Column("number", "No.", Kind.COUNT, is_key=True),
        Column("text", "Text"),
        Column("amount", "Amount", Kind.NUMBER, "kWh"),
        Column("is_counted", "Counted", Kind.FLAG),
    )
    told = [
        {"number": i, "text": text, "amount": -0.1 * i, "is_counted": i % 2 == 0}
        for i, text in enumerate(evil)
    ]
    hours = (
        Column("hour", "Hour", is_key=True),
        Column("load", "Load", Kind.NUMBER, "kWh"),
    )
    many = [{"hour": f"2026-01-{i:05d}", "load": i / 7} for i in range(rows)]
    return Disclosure(
        site="demo",
        period="2026",
        facts={"name": "Demo <b>1</b>", "operator": "=cmd|' /C calc'!A0", "rated_it_kw": 4000.0},
        outputs=(
            Output(
                "kpi_summary",
                "Key figures",
                "ISO/IEC 30134",
                (
                    make_table("kpi_summary_measured", "Key figures", "measured", KPI, measured),
                    make_table("kpi_summary_modelled", "Key figures", "modelled", KPI, modelled),
                ),
                (Finding("G3", Level.FLAG, "ERF has no data: <i>none</i>"),),
            ),
            Output(
                "cfe_hourly", "Hours", "24/7", (make_table("cfe_hourly", "Hours", "", hours, many),)
            ),
            Output(
                "data_quality",
                "Data quality",
                "all",
                (make_table("data_quality", "Texts", "", texts, told, notes=("=1+1",)),),
            ),
            Output("capacity_plan", "Capacity plan", "ISO 20000", not_applicable="no plan"),
        ),
        methods={"ruleset": "EU-2024-1364"},
        boundary="Everything behind the main meter.",
    )
