"""Outputs 16 and 17: how good the series are, and every default that was used."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import pandas as pd

from optimiser.analysis.kpi.quantity import Ratio, Term
from optimiser.report.disclosure.table import (
    Column,
    Finding,
    Kind,
    Level,
    Output,
    Table,
    make_table,
)
from optimiser.workflow.disclosure.figures import NOT_TOLD
from optimiser.workflow.disclosure.material import Material, Source

_COUNTS = (
    "expected", "seen", "rejected", "duplicates", "conflicts", "late", "gaps",
    "rollovers", "resets", "negative",
)  # fmt: skip
_CLASSES = (
    "measured", "proxy", "estimated", "interpolated", "missing", "modelled", "forecast",
)  # fmt: skip
_QUALITY = (
    Column("series", "Series", is_key=True),
    Column("role", "Component"),
    Column("meter_accuracy", "Accuracy", Kind.NUMBER, "%"),
    Column("calibrated", "Last calibration"),
    Column("completeness", "Complete", Kind.NUMBER, "1"),
    *(Column(name, name.replace("_", " ").capitalize(), Kind.NUMBER) for name in _COUNTS),
    Column("longest_gap", "Longest gap", Kind.NUMBER, "h"),
    *(Column(f"is_{name}", f"Hours {name}", Kind.NUMBER, "h") for name in _CLASSES),
    Column("first", "First value", is_provenance=True),
    Column("last", "Last value", is_provenance=True),
    Column("unit", "Unit", is_provenance=True),
    Column("point", "Measurement point", is_provenance=True),
    Column("serial", "Serial number", is_provenance=True),
    Column("group", "Correlation group", is_provenance=True),
    Column("zone", "Zone", is_provenance=True),
    Column("file", "File", is_provenance=True),
    Column("method", "Method", is_provenance=True),
)
_ASSUMED = (
    Column("number", "No.", Kind.COUNT, is_key=True),
    Column("assumption", "Assumption"),
    Column("where", "Where"),
)
_SENSITIVITY = (
    Column("component", "Component", is_key=True),
    Column("headline", "Figure", is_key=True),
    Column("value", "Figure as given", Kind.NUMBER),
    Column("at_minus_10", "With 10 % less", Kind.NUMBER),
    Column("at_plus_10", "With 10 % more", Kind.NUMBER),
    Column("unit", "Unit"),
)
HEADLINES = ("PUE", "iPUE", "mPUE", "imPUE", "WUE", "REF", "ERF", "CUE", "CUE-MB")


def data_quality(material: Material) -> Output:
    """Return one row per series: expected and seen, gaps, classes, accuracy, calibration."""
    tables = [_quality_table(source) for source in material.sources]
    findings = [f for source in material.sources for f in _quality_findings(source)]
    return Output(
        "data_quality", "Data quality", "all", tuple(t for t in tables if t.rows), tuple(findings)
    )


def _quality_table(source: Source) -> Table:
    facts = source.components.facts.set_index("series", drop=False)
    checks = {str(check["series"]): check for _, check in source.components.checks.iterrows()}
    step_h = source.components.data.grid.step_h
    rows = [
        _quality_row(fact, checks.get(str(series)), step_h) for series, fact in facts.iterrows()
    ]
    return make_table(
        f"data_quality_{source.section}", "Series and their quality", source.section, _QUALITY,
        rows, notes=("Classes count hours of the period; nothing is filled that is not counted.",),
    )  # fmt: skip


def _quality_row(fact: pd.Series, check: pd.Series | None, step_h: float) -> dict[str, object]:
    row: dict[str, object] = {
        "series": str(fact["series"]),
        "role": str(fact["role"]),
        "meter_accuracy": _number(fact["accuracy_percent"]),
    }
    for name in ("calibrated", "unit", "point", "serial", "group", "zone", "file", "method"):
        row[name] = _text(fact[name])
    if check is None:
        return row
    row |= {name: _number(check[name]) for name in (*_COUNTS, "completeness")}
    row["longest_gap"] = _number(check["longest_gap_h"])
    for name in _CLASSES:
        steps = _number(check[name])
        row[f"is_{name}"] = None if steps is None else steps * step_h
    return row | {name: _text(check[name]) for name in ("first", "last")}


def _quality_findings(source: Source) -> Iterator[Finding]:
    for row in source.components.checks.itertuples():
        told = []
        missing = _number(row.missing) or 0.0
        if missing > 0:
            told.append(f"{missing * source.components.data.grid.step_h:g} h are missing")
        told += [
            f"{count:g} {word}"
            for name, word in (("conflicts", "conflicting values"), ("resets", "counter resets"),
                               ("late", "late values"), ("negative", "negative values"))
            if (count := _number(getattr(row, name)) or 0.0) > 0
        ]  # fmt: skip
        if told:
            yield Finding(f"data_quality {row.series}", Level.FLAG, "; ".join(told))


def assumptions(material: Material, ratios: Sequence[Ratio]) -> Output:
    """Return every default that was used and how much ±10 % of each component would change."""
    lines = _defaults(material)
    rows: list[dict[str, object]] = []
    for number, line in enumerate(lines, start=1):
        where, found, text = line.partition(": ")
        rows.append(
            {
                "number": number,
                "assumption": text if found else line,
                "where": where if found else None,
            }
        )
    tables = [
        make_table("assumptions", "Defaults and estimates", "", _ASSUMED, rows),
        make_table("assumptions_sensitivity", "What 10 % of a component change", "", _SENSITIVITY,
                   _sensitivity(ratios)),
    ]  # fmt: skip
    return Output("assumptions", "Assumptions", "all", tuple(t for t in tables if t.rows))


def _defaults(material: Material) -> list[str]:
    own = [text for source in material.sources for text in source.components.data.defaults_used]
    facts = [
        f"reporting.yaml: facts.{name} = {str(value).lower()}"
        for name, value in NOT_TOLD.items()
        if name not in material.reporting.facts
    ]
    return sorted(dict.fromkeys((*material.defaults, *facts, *own)))


def _sensitivity(ratios: Sequence[Ratio]) -> list[dict[str, object]]:
    rows: dict[tuple[str, str], dict[str, object]] = {}
    for ratio in ratios:
        if ratio.name not in HEADLINES or ratio.raw is None or ratio.value is None:
            continue
        figure = f"{ratio.name}{ratio.category or ''} {ratio.quality.name.lower()}"
        leaves = {p.name for term in (*ratio.terms, *ratio.below) for p in term.parts}
        for leaf in leaves:
            low, high = (_scaled(ratio, leaf, factor) for factor in (0.9, 1.1))
            cells = {"value": ratio.raw, "at_minus_10": low, "at_plus_10": high}
            rows[leaf, figure] = {
                "component": leaf, "headline": figure, **cells, "unit": ratio.unit
            }  # fmt: skip
    return list(rows.values())


def _scaled(ratio: Ratio, leaf: str, factor: float) -> float | None:
    """Return the quotient with one component times a factor, above and below."""

    def amount(terms: Sequence[Term]) -> float:
        """Return a sum of terms with that component scaled."""
        total = 0.0
        for term in terms:
            times = 1.0
            for part in term.parts:
                times *= factor if part.name == leaf else 1.0
            total += (term.value or 0.0) * times
        return total

    bottom = amount(ratio.below)
    return ratio.scale * amount(ratio.terms) / bottom if bottom else None


def _number(value: object) -> float | None:
    if value is None or pd.isna(value):  # type: ignore[call-overload]
        return None
    return float(value)  # type: ignore[arg-type]


def _text(value: object) -> str | None:
    if value is None or (not isinstance(value, str) and pd.isna(value)):  # type: ignore[call-overload]
        return None
    return value if isinstance(value, str) else str(value)
