"""The disclosure as a workbook: a sheet per table, values only.

Text is written as text and marked as quoted where it looks like a formula, so that it stays text
when somebody edits the cell. Nothing in the file depends on the clock.
"""

from __future__ import annotations

import io
from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

from optimiser.report.disclosure.json_form import digest_of
from optimiser.report.disclosure.plain import Cell, looks_like_formula
from optimiser.report.disclosure.table import Column, Disclosure, Kind, Output, Table

if TYPE_CHECKING:
    from xlsxwriter import Workbook
    from xlsxwriter.worksheet import Worksheet

HEAD_ROW = 3
"""Row of the column heads, counted from 0; title, section and notes stand above."""
CONTENTS = "contents"
_CREATED = datetime(2000, 1, 1)
_NAME_LIMIT = 31
_OPTIONS = {
    "in_memory": True,
    "strings_to_formulas": False,
    "strings_to_urls": False,
    "strings_to_numbers": False,
}


def to_xlsx(disclosure: Disclosure) -> bytes:
    """Return the workbook; the same disclosure gives the same bytes."""
    import xlsxwriter

    stream = io.BytesIO()
    book = xlsxwriter.Workbook(stream, dict(_OPTIONS))
    book.set_properties({"title": "Sustainability report", "created": _CREATED})
    pen = _Pen(book, digest_of(disclosure))
    names = sheet_names(disclosure.tables)
    _contents(pen, disclosure, names)
    for table in disclosure.tables:
        _sheet(pen, names[table.name], table)
    book.close()
    return stream.getvalue()


def sheet_names(tables: Sequence[Table]) -> dict[str, str]:
    """Return the sheet of each table by its name; long names are cut and numbered."""
    names: dict[str, str] = {}
    for table in tables:
        name, count = table.name[:_NAME_LIMIT], 1
        while name in (*names.values(), CONTENTS):
            count += 1
            name = f"{table.name[: _NAME_LIMIT - 3]}~{count}"
        names[table.name] = name
    return names


class _Pen:
    """The formats of one workbook and how a cell is written."""

    def __init__(self, book: Workbook, digest: str) -> None:
        self.book, self.digest = book, digest
        self.title = book.add_format({"bold": True, "font_size": 14})
        self.muted = book.add_format({"font_color": "#566474"})
        self.head = book.add_format(
            {"bold": True, "bottom": 1, "text_wrap": True, "valign": "top", "bg_color": "#eef1f4"}
        )
        self.text = book.add_format({"valign": "top", "text_wrap": True})
        self.quoted = book.add_format({"valign": "top", "text_wrap": True, "quote_prefix": True})
        shapes = {"whole": "#,##0", "large": "#,##0.0", "middle": "0.000", "small": "General"}
        self.numbers = {
            name: book.add_format({"valign": "top", "num_format": shape})
            for name, shape in shapes.items()
        }

    def write(
        self, sheet: Worksheet, row: int, column: int, value: Cell, style: Any = None
    ) -> None:
        """Write a value as itself; text that looks like a formula stays text."""
        if value is None or value == "":
            return
        if isinstance(value, bool):
            sheet.write_boolean(row, column, value, self.text)
        elif isinstance(value, str):
            own = self.quoted if looks_like_formula(value) else style or self.text
            sheet.write_string(row, column, value, own)
        else:
            sheet.write_number(row, column, value, self.numbers[_size(value)])


def _size(value: float) -> str:
    if float(value).is_integer():
        return "whole"
    magnitude = abs(value)
    return "large" if magnitude >= 1000 else "middle" if magnitude >= 1 else "small"


def _contents(pen: _Pen, disclosure: Disclosure, names: dict[str, str]) -> None:
    sheet = pen.book.add_worksheet(CONTENTS)
    _set_page(pen, sheet)
    sheet.set_column(0, 0, 30)
    sheet.set_column(1, 1, 60)
    sheet.set_column(2, 3, 34)
    pen.write(
        sheet, 0, 0, f"Sustainability report, {disclosure.site}, {disclosure.period}", pen.title
    )
    facts = {**disclosure.facts, **disclosure.edition, "digest sha256": pen.digest}
    row = 2
    for name, value in facts.items():
        pen.write(sheet, row, 0, str(name), pen.muted)
        pen.write(sheet, row, 1, value)
        row += 1
    row += 1
    for column, head in enumerate(("sheet", "table", "section", "framework")):
        pen.write(sheet, row, column, head, pen.head)
    for output in disclosure.outputs:
        for cells in _lines(output, names):
            row += 1
            for column, cell in enumerate(cells):
                if column == 0 and output.tables:
                    sheet.write_url(row, 0, f"internal:'{cell}'!A1", pen.text, str(cell))
                else:
                    pen.write(sheet, row, column, cell)


def _lines(output: Output, names: dict[str, str]) -> list[tuple[Cell, ...]]:
    if not output.tables:
        reason = f"{output.title}: {output.not_applicable or 'no data'}"
        return [(output.name, reason, "not applicable", output.framework)]
    return [
        (names[table.name], table.title, table.section, output.framework) for table in output.tables
    ]


def _sheet(pen: _Pen, name: str, table: Table) -> None:
    sheet = pen.book.add_worksheet(name)
    _set_page(pen, sheet)
    pen.write(sheet, 0, 0, table.title, pen.title)
    told = " · ".join(text for text in (table.section, table.watermark) if text)
    pen.write(sheet, 1, 0, told, pen.muted)
    pen.write(sheet, 2, 0, " ".join(table.notes) or None, pen.muted)
    for at, column in enumerate(table.columns):
        pen.write(sheet, HEAD_ROW, at, _head(column), pen.head)
        options = {"hidden": True} if column.is_provenance else {}
        sheet.set_column(at, at, _width(table, at), None, options)
    for number, row in enumerate(table.rows, start=HEAD_ROW + 1):
        for at, cell in enumerate(row):
            pen.write(sheet, number, at, cell)
    sheet.freeze_panes(HEAD_ROW + 1, 1)
    if table.rows:
        sheet.autofilter(HEAD_ROW, 0, HEAD_ROW + len(table.rows), len(table.columns) - 1)


def _head(column: Column) -> str:
    return f"{column.name} [{column.unit}]" if column.unit else column.name


def _width(table: Table, at: int) -> float:
    if table.columns[at].kind is not Kind.TEXT:
        return max(13.0, len(_head(table.columns[at])) * 0.9)
    longest = max((len(str(row[at] or "")) for row in table.rows[:200]), default=0)
    return float(min(60, max(12, longest + 2)))


def _set_page(pen: _Pen, sheet: Worksheet) -> None:
    sheet.set_landscape()
    sheet.set_paper(9)
    sheet.fit_to_pages(1, 0)
    sheet.set_footer(f"&L&7sha256 {pen.digest}&R&7&A, page &P of &N")
