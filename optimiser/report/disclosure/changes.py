"""What a corrected version changes: every cell that differs from the version it supersedes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from optimiser.report.disclosure.json_form import document
from optimiser.report.disclosure.plain import Cell
from optimiser.report.disclosure.table import (
    Column,
    Disclosure,
    Finding,
    Kind,
    Level,
    Output,
    make_table,
)

CHANGE_LOG = "change_log"
TRIGGER = 0.05
"""Relative change of a key figure from which the base year is to be looked at again."""
_COLUMNS = (
    Column("table", "Table", is_key=True),
    Column("row", "Row", is_key=True),
    Column("column", "Column", is_key=True),
    Column("before", "Before"),
    Column("after", "After"),
    Column("difference", "Difference", Kind.NUMBER),
    Column("relative", "Relative", Kind.NUMBER, "1"),
)
_Cells = dict[tuple[str, str, str], Cell]


def figures_of(told: Mapping[str, Any]) -> dict[str, Any]:
    """Return what decides whether two documents say the same: everything but the edition."""
    outputs = {name: out for name, out in told["outputs"].items() if name != CHANGE_LOG}
    order = [name for name in told["order"] if name != CHANGE_LOG]
    return {**told, "outputs": outputs, "order": order, "edition": None}


def is_same(old: Mapping[str, Any], new: Disclosure) -> bool:
    """Return whether a stored document and a disclosure hold the same figures."""
    return figures_of(old) == figures_of(document(new))


def first_version() -> Output:
    """The change log of a version that supersedes none."""
    return Output(CHANGE_LOG, "Change log", "all", not_applicable="nothing is superseded")


def change_log(old: Mapping[str, Any], new: Disclosure, reason: str) -> Output:
    """Return the delta table between the superseded document and the new figures."""
    before, after = _cells(old), _cells(document(new))
    rows = [
        _row(key, before.get(key), after.get(key))
        for key in sorted({*before, *after})
        if before.get(key) != after.get(key)
    ]
    table = make_table(CHANGE_LOG, "Change log", "", _COLUMNS, rows, notes=(f"Reason: {reason}",))
    return Output(CHANGE_LOG, "Change log", "all", (table,), tuple(_restated(rows)))


def _cells(told: Mapping[str, Any]) -> _Cells:
    found: _Cells = {}
    for table in (t for out in figures_of(told)["outputs"].values() for t in out["tables"]):
        names = [column["name"] for column in table["columns"]]
        keys = [column["is_key"] for column in table["columns"]]
        for number, row in enumerate(table["rows"], start=1):
            parts = ("" if c is None else str(c) for c, k in zip(row, keys, strict=True) if k)
            name = " / ".join(parts) or str(number)
            for column, cell, is_key in zip(names, row, keys, strict=True):
                if not is_key:
                    found[table["name"], name, column] = cell
    return found


def _row(key: tuple[str, str, str], old: Cell, new: Cell) -> dict[str, object]:
    row: dict[str, object] = dict(zip(("table", "row", "column"), key, strict=True))
    row |= {"before": _text(old), "after": _text(new)}
    if _is_number(old) and _is_number(new):
        row["difference"] = float(new) - float(old)  # type: ignore[arg-type]
        row["relative"] = (float(new) - float(old)) / abs(float(old)) if old else None  # type: ignore[arg-type]
    return row


def _is_number(value: Cell) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def _text(value: Cell) -> str | None:
    return None if value is None else str(value)


def _restated(rows: list[dict[str, object]]) -> Iterator[Finding]:
    for row in rows:
        change = row.get("relative")
        is_figure = str(row["table"]).startswith("kpi_summary") and row["column"] == "value"
        if is_figure and isinstance(change, float) and abs(change) > TRIGGER:
            told = (
                f"{row['row']} changes by {100 * change:.1f} %, more than {100 * TRIGGER:g} %: "
                "base years that were published are to be looked at again"
            )
            yield Finding("restatement", Level.FLAG, told)
