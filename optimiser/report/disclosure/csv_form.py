"""The disclosure as CSV: one long file with a row per datapoint, and one file per table.

Text is quoted and guarded: what looks like a formula gets an apostrophe in front. Numbers are not
quoted and keep their sign. Lines end with a newline, the encoding is UTF-8.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator

from optimiser.report.disclosure.plain import Cell, guard
from optimiser.report.disclosure.table import Disclosure, Kind, Table

LONG_COLUMNS = ("output", "table", "section", "row", "column", "kind", "value", "unit")


def long_csv(disclosure: Disclosure) -> bytes:
    """Return every value as one row: where it stands, what it is, its unit."""
    return _written(LONG_COLUMNS, _datapoints(disclosure))


def table_csv(table: Table) -> bytes:
    """Return one table; the header has units in brackets: ``value [kWh]``."""
    heads = [f"{c.name} [{c.unit}]" if c.unit else c.name for c in table.columns]
    return _written(heads, table.rows)


def table_name(table: Table) -> str:
    """Return the file name of a table."""
    return f"csv/{table.name}.csv"


def _datapoints(disclosure: Disclosure) -> Iterator[tuple[Cell, ...]]:
    for output in disclosure.outputs:
        for table in output.tables:
            for number, row in enumerate(table.rows, start=1):
                name = table.key_of(row) or str(number)
                unit = _unit_of_row(table, row)
                head = (output.name, table.name, table.section, name)
                for column, cell in zip(table.columns, row, strict=True):
                    if column.is_key or cell is None:
                        continue
                    of_number = column.unit or (unit if column.kind is Kind.NUMBER else "")
                    yield (*head, column.name, column.kind.value, cell, of_number)


def _unit_of_row(table: Table, row: tuple[Cell, ...]) -> str:
    """Return the cell of the column ``unit``, which holds for the numbers without their own."""
    for column, cell in zip(table.columns, row, strict=True):
        if column.name == "unit":
            return str(cell or "")
    return ""


def _written(heads: Iterable[str], rows: Iterable[Iterable[Cell]]) -> bytes:
    stream = io.StringIO(newline="")
    writer = csv.writer(stream, quoting=csv.QUOTE_NONNUMERIC, lineterminator="\n")
    writer.writerow([guard(head) for head in heads])
    writer.writerows([_cell(cell) for cell in row] for row in rows)
    return stream.getvalue().encode()


def _cell(value: Cell) -> str | int | float:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return guard(value)
    whole = isinstance(value, float) and value.is_integer() and abs(value) < 1e15
    return int(value) if whole else value
