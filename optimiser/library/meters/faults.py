"""Mistakes inside meter files, told with their line (CSV) or row (Parquet)."""

from __future__ import annotations

import csv
import gzip
from collections.abc import Collection
from typing import Any

from optimiser.errors import Problem
from optimiser.library.findings import SHOWN
from optimiser.library.meters.source import Layout, sql_name, sql_table

_DISTINCT = 1000


class Faults:
    """Collects the mistakes of meter files, each kind in a column of a file once."""

    def __init__(self, connection: Any) -> None:
        self._connection = connection
        self._told: set[tuple[str, str, str]] = set()
        self.problems: list[Problem] = []

    def add(
        self, layout: Layout, column: str, what: str, condition: str, expected: str, remedy: str
    ) -> None:
        """Report the cells of a column for which an SQL condition holds."""
        key = (str(layout.path), column, what)
        if key in self._told:
            return
        self._told.add(key)
        count, places = self._find(layout, column, condition)
        for line, value in places:
            row = None if layout.is_text or line is None else f" (row {line})"
            field = f"{column}{row}" if row else column
            at = line if layout.is_text else None
            self.problems.append(
                Problem(what, str(layout.path), at, field, value, expected, remedy)
            )
        if count > len(places):
            more = f"and {count - len(places):,} more of the same kind"
            self.problems.append(Problem(more, str(layout.path), field=column))

    def _find(
        self, layout: Layout, column: str, condition: str
    ) -> tuple[int, list[tuple[int | None, str]]]:
        """Return how many cells are wrong, and the places and values of the first."""
        name, table = sql_name(column), sql_table(layout)
        count = self._connection.execute(
            f"SELECT count(*) FROM {table} WHERE {condition}"
        ).fetchone()[0]
        if not layout.is_text:
            numbered = table[:-1] + ", file_row_number=true)"
            rows = self._connection.execute(
                f"SELECT file_row_number + 1, {name}::VARCHAR FROM {numbered} WHERE {condition} "
                f"ORDER BY 1 LIMIT {SHOWN}"
            ).fetchall()
            return int(count), [(int(row), str(value or "")) for row, value in rows]
        wrong = self._connection.execute(
            f"SELECT DISTINCT {name} FROM {table} WHERE {condition} ORDER BY 1 LIMIT {_DISTINCT}"
        ).fetchall()
        found = _lines(layout, column, {str(value or "") for (value,) in wrong})
        return int(count), list(found)


def _lines(layout: Layout, column: str, wrong: Collection[str]) -> list[tuple[int | None, str]]:
    """Return line and value of the first cells of a CSV column that are among the wrong ones."""
    position = list(layout.kinds).index(column)
    opener = gzip.open if layout.path.name.lower().endswith(".gz") else open
    found: list[tuple[int | None, str]] = []
    with opener(layout.path, "rt", encoding="utf-8-sig", newline="") as stream:  # type: ignore[operator]
        reader = csv.reader(stream)
        next(reader, None)
        before = reader.line_num
        for row in reader:
            if len(row) > position and row[position] in wrong:
                found.append((before + 1, row[position]))
                if len(found) == SHOWN:
                    break
            before = reader.line_num
    return found
