"""Collects mistakes in the rows of one table and keeps the list readable."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

from optimiser.errors import Problem

SHOWN = 5

Remedy = str | Callable[[object], str | None] | None


class Findings:
    """The problems of one table; of each kind the first few are shown, the rest counted."""

    def __init__(self, path: Path, lines: np.ndarray | None) -> None:
        self._file = str(path)
        self._lines = lines
        self.problems: list[Problem] = []

    def line(self, row: int) -> int | None:
        """Return the line of a row; ``None`` for files without lines (Parquet)."""
        return None if self._lines is None else int(self._lines[row])

    def place(self, row: int) -> str:
        """Return a row in words, such as ``line 12``."""
        line = self.line(row)
        return f"row {row + 1}" if line is None else f"line {line}"

    def add(
        self,
        column: str,
        what: str | Callable[[int], str],
        rows: np.ndarray,
        values: Sequence[object] | np.ndarray | None = None,
        expected: str | None = None,
        remedy: Remedy = None,
    ) -> None:
        """Report a mistake found in several rows.

        ``rows`` are row indices, ``values`` what stands in each row of the whole table; ``what``
        and ``remedy`` may depend on the row and on its value.
        """
        for row in rows[:SHOWN]:
            value = None if values is None else values[row]
            field = column if self._lines is not None else f"{column} (row {row + 1})"
            self.problems.append(
                Problem(
                    what=what if isinstance(what, str) else what(int(row)),
                    file=self._file,
                    line=self.line(int(row)),
                    field=field or None,
                    value="" if isinstance(value, str) and not value else value,
                    expected=expected,
                    remedy=remedy(value) if callable(remedy) else remedy,
                )
            )
        if len(rows) > SHOWN:
            self._count_rest(column, rows[SHOWN:])

    def _count_rest(self, column: str, rest: np.ndarray) -> None:
        places = ", ".join(self.place(int(row)).split()[1] for row in rest[:SHOWN])
        more = " …" if len(rest) > SHOWN else ""
        word = "row" if self._lines is None else "line"
        noun = word if len(rest) == 1 else f"{word}s"
        what = f"and {len(rest):,} more of the same kind, {noun} {places}{more}"
        self.problems.append(Problem(what=what, file=self._file, field=column or None))
