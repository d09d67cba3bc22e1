"""Cells of CSV and Parquet files with the line of each row; nothing is interpreted here."""

from __future__ import annotations

import csv
import io
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from optimiser.errors import InputError, Problem
from optimiser.library.files import hash_file, read_text
from optimiser.library.findings import Findings

Cells = list[str] | np.ndarray


@dataclass(frozen=True)
class RawTable:
    """The cells of a file by column.

    CSV columns are lists of stripped text; Parquet columns are arrays of their own type (masked
    where null). ``lines`` (rows,) is the line of each row, ``None`` for Parquet.
    """

    path: Path
    columns: dict[str, Cells]
    num_rows: int
    lines: np.ndarray | None
    sha256: str


def read_raw(path: Path) -> tuple[RawTable, list[Problem]]:
    """Read the cells of a CSV or Parquet file, and the problems of its layout.

    Raises ``InputError`` when there is nothing to go on with: no such file, no header.
    """
    if path.suffix.lower() in (".parquet", ".pq"):
        return _read_parquet(path), []
    return _read_csv(path)


def _read_csv(path: Path) -> tuple[RawTable, list[Problem]]:
    source = read_text(path)
    rows, lines = _split(source.text, path)
    if not rows:
        raise InputError(Problem(what="is empty", file=str(path), expected="a header line"))
    header = [cell.strip() for cell in rows[0]]
    check_header(header, path, lines[0])
    width = len(header)
    body, at = rows[1:], np.array(lines[1:], dtype=np.int64)
    findings = Findings(path, at)
    length = np.fromiter(map(len, body), dtype=np.int64, count=len(body))
    ragged = np.flatnonzero(length != width)
    if len(ragged):
        expected = f"{width} values: {', '.join(header)}"
        values = [f"{len(row)} values: {', '.join(row)}" for row in body]
        what, shown = "wrong number of values", ragged
        if len(ragged) == len(body) > 1 and len(set(length)) == 1:  # the header is to blame
            what, shown = f"all {len(body):,} rows have {length[0]} values", ragged[:1]
        findings.add("", what, shown, values, expected, _ragged_remedy)
        body = [row for row, count in zip(body, length, strict=True) if count == width]
        at = at[length == width]
    stripped = [[cell.strip() for cell in column] for column in zip(*body, strict=True)]
    columns: dict[str, Cells] = dict(zip(header, stripped or [[] for _ in header], strict=True))
    return RawTable(path, columns, len(body), at, source.sha256), findings.problems


def _ragged_remedy(_: object) -> str:
    return (
        "write decimals with a point, quote values that contain a comma, and write two commas "
        "where a value is left empty"
    )


def _split(text: str, path: Path) -> tuple[list[list[str]], list[int]]:
    """Return the rows that are not blank and the line each begins on."""
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    rows: list[list[str]] = []
    lines: list[int] = []
    before = 0
    try:
        for row in reader:
            if row and (len(row) > 1 or row[0].strip()):
                rows.append(row)
                lines.append(before + 1)
            before = reader.line_num
    except csv.Error as error:
        remedy = 'close every quote, and double the quotes inside a quoted value ("")'
        unclosed = "unexpected end of data" in str(error)
        what = f"cannot be read as CSV: {error}"
        what = "a quote is opened and never closed" if unclosed else what
        raise InputError(
            Problem(what=what, file=str(path), line=before + 1, remedy=remedy)
        ) from None
    return rows, lines


def check_header(header: list[str], path: Path, line: int) -> None:
    """Raise ``InputError`` for a header without commas or with a column twice."""
    if len(header) == 1 and (";" in header[0] or "\t" in header[0]):
        raise InputError(
            Problem(
                what="the columns are not separated by commas",
                file=str(path),
                line=line,
                value=header[0],
                expected="commas between columns and a point in numbers",
                remedy="export the table as CSV with commas",
            )
        )
    twice = sorted({name for name in header if header.count(name) > 1})
    problems = [
        Problem(
            what="the column is there twice", file=str(path), line=line, field=name or "(empty)"
        )
        for name in twice
    ]
    if problems:
        raise InputError(problems)


def _read_parquet(path: Path) -> RawTable:
    import duckdb

    digest = hash_file(path)
    with duckdb.connect(config={"autoinstall_known_extensions": False}) as connection:
        try:
            connection.execute("SET TimeZone = 'UTC'")
            result = connection.execute("SELECT * FROM read_parquet(?)", [str(path)])
            kinds = [str(entry[1]) for entry in result.description]
            columns = result.fetchnumpy()
        except duckdb.Error as error:
            what = f"cannot be read as Parquet: {str(error).splitlines()[0]}"
            remedy = "write it again as Parquet, or give a CSV file the ending .csv"
            raise InputError(Problem(what=what, file=str(path), remedy=remedy)) from None
    cells: dict[str, Cells] = {
        name: _with_zone(np.ma.asarray(values), kind)
        for (name, values), kind in zip(columns.items(), kinds, strict=True)
    }
    num_rows = len(next(iter(cells.values()))) if cells else 0
    return RawTable(path, cells, num_rows, None, digest)


def _with_zone(values: np.ma.MaskedArray, kind: str) -> np.ma.MaskedArray:
    """Turn instants into text that keeps the offset, as a CSV would; leave the rest alone."""
    if values.dtype.kind != "M":
        return values
    suffix = "Z" if "TIME ZONE" in kind.upper() or "TIMESTAMPTZ" in kind.upper() else ""
    text = np.char.add(np.datetime_as_string(values.data.astype("datetime64[s]")), suffix)
    return np.ma.MaskedArray(text.astype(object), mask=np.ma.getmaskarray(values))
