"""What the page shows: groups of outputs, tables as text, the cards of the key figures."""

from __future__ import annotations

from typing import Any

from optimiser.report.disclosure.chart import month_bars
from optimiser.report.disclosure.csv_form import table_name
from optimiser.report.disclosure.plain import Cell
from optimiser.report.disclosure.shown import decimals_of, row_decimals, shown, shown_cell
from optimiser.report.disclosure.table import Column, Disclosure, Kind, Level, Output, Table

GROUPS: tuple[tuple[str, str, tuple[str, ...]], ...] = (
    ("figures", "Key figures", ("kpi_summary",)),
    ("energy", "Energy and water", ("energy_balance", "water", "cfe_hourly")),
    ("rules", "Rules", ("eed_annex", "eed_label_preview", "enefg_annex3", "rule_verdicts")),
    ("emissions", "Emissions", ("ghg_inventory", "instrument_ledger", "esrs_e1", "sci_services",
                                "embodied_assets")),
    ("plans", "Plans and savings", ("capacity_plan", "plan_vs_baseline", "savings_verification")),
    ("evidence", "Evidence", ("data_quality", "assumptions")),
)  # fmt: skip
"""Anchor, heading and outputs of each part of the page."""
CARDS = ("PUE", "WUE", "REF", "ERF", "CUE", "CER")
LONG_TABLE, SHOWN_ROWS = 240, 24
"""Tables of more rows than this show only the first ones and name the file with all of them."""
_WORDS = 26
"""A text column whose cells are longer than this may wrap."""


def page(disclosure: Disclosure, digest: str) -> dict[str, Any]:
    """Return everything the template needs, as text."""
    findings = disclosure.findings
    return {
        "title": f"{disclosure.facts.get('name') or disclosure.site}, {disclosure.period}",
        "disclosure": disclosure,
        "digest": digest,
        "cards": _cards(disclosure),
        "failures": [f for f in findings if f.level is Level.FAILURE],
        "flags": [f for f in findings if f.level is Level.FLAG],
        "groups": [_group(disclosure, *group) for group in GROUPS],
        "methods": sorted((k, shown(v)) for k, v in disclosure.methods.items()),
        "facts": [(k.replace("_", " "), shown(v)) for k, v in disclosure.facts.items()],
        "edition": [(k.replace("_", " "), shown(v)) for k, v in disclosure.edition.items()],
    }


def _group(
    disclosure: Disclosure, anchor: str, title: str, names: tuple[str, ...]
) -> dict[str, Any]:
    known = {output.name: output for output in disclosure.outputs}
    return {
        "anchor": anchor,
        "title": title,
        "outputs": [_output(known[name]) for name in names if name in known],
    }


def _output(output: Output) -> dict[str, Any]:
    return {
        "name": output.name,
        "title": output.title,
        "framework": output.framework,
        "not_applicable": output.not_applicable,
        "findings": output.findings,
        "tables": [_table(table) for table in output.tables],
    }


def _table(table: Table) -> dict[str, Any]:
    at = [i for i, column in enumerate(table.columns) if _is_seen(table, i, column)]
    rows = table.rows if len(table.rows) <= LONG_TABLE else table.rows[:SHOWN_ROWS]
    heads = [_head(table, i) for i in at]
    return {
        "name": table.name,
        "title": table.title,
        "section": table.section,
        "watermark": table.watermark,
        "notes": table.notes,
        "heads": heads,
        "rows": [_row(table, row, at) for row in rows],
        "count": len(table.rows),
        "is_cut": len(rows) < len(table.rows),
        "file": table_name(table),
        "chart": month_bars(table),
    }


def _is_seen(table: Table, at: int, column: Column) -> bool:
    """A page leaves out provenance and columns in which no row says anything."""
    return not column.is_provenance and any(row[at] is not None for row in table.rows)


def _head(table: Table, at: int) -> dict[str, Any]:
    column = table.columns[at]
    cells = (row[at] for row in table.rows[:LONG_TABLE])
    longest = max((len(cell) for cell in cells if isinstance(cell, str)), default=0)
    return {
        "title": column.title,
        "unit": "" if column.unit == "1" else column.unit,
        "is_number": column.kind in (Kind.NUMBER, Kind.COUNT),
        "is_words": column.kind is Kind.TEXT and longest > _WORDS,
    }


def _row(table: Table, row: tuple[Cell, ...], at: list[int]) -> list[dict[str, str]]:
    decimals = row_decimals(table, row)
    cells = dict(zip((column.name for column in table.columns), row, strict=True))
    is_text = cells.get("text") is not None  # its number is not missing: there is none
    told = []
    for i in at:
        column, value = table.columns[i], row[i]
        text = "" if is_text and value is None else shown_cell(column, value, decimals)
        told.append({"text": text, "mark": _mark(column, value)})
    return told


_GOOD, _BAD = frozenset({"PASS", "MEASURED"}), frozenset({"FAIL", "MISSING"})


def _mark(column: Column, value: Cell) -> str:
    if column.name not in ("verdict", "class", "level") or not isinstance(value, str):
        return ""
    return "good" if value in _GOOD else "bad" if value in _BAD else "plain"


def _cards(disclosure: Disclosure) -> list[dict[str, str]]:
    """Return a card per key figure: the first that has a value, measured before modelled."""
    known = {output.name: output for output in disclosure.outputs}
    if "kpi_summary" not in known:
        return []
    rows = [
        dict(zip([c.name for c in table.columns], row, strict=True))
        for table in known["kpi_summary"].tables
        for row in table.rows
    ]
    found = (next((r for r in rows if _is_card(r, metric)), None) for metric in CARDS)
    return [_card(metric, row) for metric, row in zip(CARDS, found, strict=True) if row]


def _is_card(row: dict[str, Cell], metric: str) -> bool:
    return row.get("metric") == metric


def _card(metric: str, row: dict[str, Cell]) -> dict[str, str]:
    decimals = decimals_of(metric)
    unit = str(row.get("unit") or "")
    bounds = [shown(row.get(name), decimals) for name in ("lower", "upper")]
    has_bounds = row.get("lower") is not None and row.get("upper") is not None
    quality = str(row.get("class") or "")
    share = row.get("completeness")
    return {
        "metric": metric,
        "category": str(row.get("category") or ""),
        "value": shown(row.get("value"), decimals),
        "unit": "" if unit == "1" else unit,
        "bounds": " to ".join(bounds) if has_bounds else "",
        "quality": quality,
        "tone": "good" if quality == "MEASURED" else "plain",
        "completeness": shown_cell(Column("completeness", ""), share, None)
        if share is not None
        else "",
        "reason": str(row.get("reason") or ""),
    }
