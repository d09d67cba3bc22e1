"""Tables (CSV or Parquet) checked against their specification, all mistakes at once."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from optimiser.errors import InputError, Problem, did_you_mean
from optimiser.library.columns import check_column
from optimiser.library.findings import Findings
from optimiser.library.sources import RawTable, read_raw
from optimiser.library.times import check_spacing, read_times
from optimiser.schema.tables import Column, TableSpec


@dataclass(frozen=True)
class Table:
    """A table as read.

    ``frame`` has every column of the specification except optional resource columns that the file
    leaves out; ``findings`` holds its problems and knows the line of each row; ``defaults_used``
    says what was filled in; ``is_whole`` is whether there are rows, none of them was left out, and
    the columns that name a row are there: only then can be checked what refers to the table.
    """

    spec: TableSpec
    path: Path
    frame: pd.DataFrame
    findings: Findings
    sha256: str
    defaults_used: tuple[str, ...]
    is_whole: bool

    @property
    def problems(self) -> list[Problem]:
        """All problems found so far, in the table and in what refers to it."""
        return self.findings.problems


def read_table(path: Path, spec: TableSpec) -> pd.DataFrame:
    """Read and check a table. Raises ``InputError`` with all mistakes; see :func:`scan_table`."""
    table = scan_table(path, spec)
    if table.problems:
        raise InputError(table.problems)
    return table.frame


def scan_table(path: Path, spec: TableSpec) -> Table:
    """Read a table and collect its mistakes instead of raising them.

    Text columns are ``str`` (empty where left out), whole numbers int64, other numbers float64
    with NaN where optional and not given. Rows whose number of values is wrong are left out of the
    frame. Raises ``InputError`` only when the file cannot be read at all.
    """
    raw, problems = read_raw(path)
    findings = Findings(path, raw.lines)
    findings.problems += problems
    findings.problems += _header_problems(raw, spec)
    if not raw.num_rows and not spec.may_be_empty and not problems:
        what = "has no rows"
        expected = spec.description[:1].lower() + spec.description[1:].rstrip(".")
        remedy = "write at least one below the header"
        findings.problems.append(
            Problem(what=what, file=str(path), expected=expected, remedy=remedy)
        )
    defaults: list[str] = []
    frame = pd.DataFrame(index=pd.RangeIndex(raw.num_rows))
    for column in spec.columns:
        values = _column_values(column, raw, findings, defaults)
        if values is not None:
            frame[column.name] = values
    _check_key(frame, spec, findings)
    has_rows = bool(raw.num_rows) or spec.may_be_empty
    is_whole = has_rows and not problems and set(spec.key) <= set(raw.columns)
    return Table(spec, path, frame, findings, raw.sha256, tuple(defaults), is_whole)


def _column_values(
    column: Column, raw: RawTable, findings: Findings, defaults: list[str]
) -> np.ndarray | pd.Series | None:
    cells = raw.columns.get(column.name)
    if cells is None:
        if column.default is None and column.kind == "integer":
            return None
        if column.default not in ("", None) and not column.required:
            defaults.append(f"{raw.path.name}: {column.name} = {column.default} (no such column)")
        cells = [""] * raw.num_rows
        findings = Findings(raw.path, raw.lines)  # a missing column is reported once, not by row
    elif column.default not in ("", None) and not column.required and isinstance(cells, list):
        empty = cells.count("")
        if empty:
            noun = "row" if empty == 1 else "rows"
            defaults.append(f"{raw.path.name}: {column.name} = {column.default} in {empty} {noun}")
    values = check_column(column, cells, findings)
    if column.kind == "time":
        return _time_values(values, findings, column.name)
    return values if column.is_number else pd.Series(values, dtype="str")


def _time_values(text: np.ndarray, findings: Findings, name: str) -> pd.Series:
    known = len(findings.problems)
    times = read_times(text, findings, name)
    if len(findings.problems) == known:
        check_spacing(times, findings, name)
    return times


def _header_problems(raw: RawTable, spec: TableSpec) -> list[Problem]:
    known = [column.name for column in spec.columns]
    line = 1 if raw.lines is not None else None
    if not set(known) & {name.lower() for name in raw.columns}:
        return [_no_header(raw, known, line)]
    missing = [c for c in spec.columns if c.required and c.name not in raw.columns]
    problems = []
    for name in raw.columns:
        if name in known:
            continue
        near = did_you_mean(name.lower(), [k for k in known if k not in raw.columns])
        missing = [c for c in missing if near != f"did you mean '{c.name}'?"]
        remedy = near or "remove it; the columns are " + ", ".join(known)
        problems.append(
            Problem(
                what="unknown column",
                file=str(raw.path),
                line=line,
                field=name or "(no name)",
                remedy=remedy,
            )
        )
    for column in missing:
        words = column.description + (f" [{column.unit}]" if column.unit else "")
        problems.append(
            Problem(
                what="required column is missing",
                file=str(raw.path),
                line=line,
                field=column.name,
                expected=words,
                remedy=f"add the column {column.name!r}",
            )
        )
    return problems


def _no_header(raw: RawTable, known: list[str], line: int | None) -> Problem:
    return Problem(
        what="the first line names none of the columns",
        file=str(raw.path),
        line=line,
        value=", ".join(raw.columns),
        expected="a header with " + ", ".join(known),
        remedy="write the names of the columns on the first line",
    )


def _check_key(frame: pd.DataFrame, spec: TableSpec, findings: Findings) -> None:
    key = list(spec.key)
    if not set(key) <= set(frame.columns) or not len(frame):
        return
    filled = np.logical_and.reduce([(frame[name].notna() & (frame[name] != "")) for name in key])
    again = np.flatnonzero(frame.duplicated(key).to_numpy() & filled)
    if not len(again):
        return
    values = _key_text(frame, key)
    first = {value: row for row, value in reversed(list(enumerate(values)))}
    remedy = "give every row a name of its own, or remove the second row"
    if key[0] == "time":
        remedy = "remove one; on the day the clocks go back write times with an offset or Z"

    def what(row: int) -> str:
        return f"is given twice, first on {findings.place(first[values[row]])}"

    findings.add(" and ".join(key), what, again, values, remedy=remedy)


def _key_text(frame: pd.DataFrame, key: list[str]) -> list[str]:
    columns = [frame[name].astype(str).fillna("") for name in key]
    return [", ".join(parts) for parts in zip(*columns, strict=True)]
