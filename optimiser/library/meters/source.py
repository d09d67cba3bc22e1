"""Meter files through DuckDB: their layout, and samples as flat arrays.

DuckDB decodes CSV and Parquet on all cores; see ``benchmarks/meter_engines.py`` for the
measurement by which it was chosen. Files are *long* (columns time, meter, value …) or *wide* (time
and a column per series).
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from optimiser.errors import InputError, Problem
from optimiser.library.sources import check_header, read_raw

MEMORY_LIMIT = "2GB"
TIME_NAMES = ("time", "timestamp")
_OTHER_NAMES = ("meter", "quality", "received")
_WORDS = {"measured": 0, "proxy": 1, "estimated": 2, "interpolated": 3}


@dataclass(frozen=True)
class Layout:
    """The columns of a file: ``kinds`` by name (DuckDB's types), ``time`` the column of times."""

    path: Path
    kinds: dict[str, str]
    time: str
    num_rows: int

    @property
    def value_names(self) -> list[str]:
        """The columns that can hold values."""
        return [name for name in self.kinds if name not in (self.time, *_OTHER_NAMES)]

    @property
    def is_long(self) -> bool:
        """Whether a column says which series a row belongs to."""
        return "meter" in self.kinds

    @property
    def is_text(self) -> bool:
        """Whether every cell is text (CSV)."""
        return self.path.suffix.lower() not in (".parquet", ".pq")

    @property
    def table(self) -> str:
        """The SQL that reads the file."""
        return _table(self.path, self.is_text)

    def has_words(self, column: str) -> bool:
        """Whether a column is text that must be understood."""
        return self.kinds[column].upper().startswith("VARCHAR")


@contextmanager
def engine() -> Iterator[Any]:
    """Open a DuckDB connection with bounded memory, in UTC, that installs nothing."""
    import duckdb

    with tempfile.TemporaryDirectory(prefix="dcopt-meters-") as scratch:
        config: dict[str, str | bool | int | float | list[str]] = {
            "autoinstall_known_extensions": False, "memory_limit": MEMORY_LIMIT,
            "temp_directory": scratch,
        }  # fmt: skip
        with duckdb.connect(config=config) as connection:
            connection.execute("SET TimeZone = 'UTC'")
            yield connection


def _table(path: Path, is_text: bool) -> str:
    name = str(path).replace("'", "''")
    if is_text:
        return (
            f"read_csv('{name}', header=true, all_varchar=true, delim=',', quote='\"', "
            "escape='\"', auto_detect=false, columns={columns}, null_padding=false)"
        )
    return f"read_parquet('{name}')"


def read_layout(connection: Any, path: Path) -> Layout:
    """Return the layout of a file. Raises ``InputError`` when it cannot be read as a table."""
    import duckdb

    is_text = path.suffix.lower() not in (".parquet", ".pq")
    try:
        if is_text:
            kinds = dict.fromkeys(_csv_header(path), "VARCHAR")
            num_rows = path.stat().st_size // 32
        else:
            told = connection.execute(f"DESCRIBE SELECT * FROM {_table(path, False)}").fetchall()
            kinds = {str(row[0]): str(row[1]) for row in told}
            count = connection.execute(f"SELECT count(*) FROM {_table(path, False)}").fetchone()
            num_rows = int(count[0])
    except duckdb.Error as error:
        what = f"cannot be read as Parquet: {str(error).splitlines()[0]}"
        remedy = "write it again as Parquet, or give a CSV file the ending .csv"
        raise InputError(Problem(what, str(path), remedy=remedy)) from None
    time = next((name for name in TIME_NAMES if name in kinds), None)
    if time is None:
        raise InputError(_no_time(path, list(kinds)))
    return Layout(path, kinds, time, num_rows)


def _no_time(path: Path, columns: Sequence[str]) -> Problem:
    from optimiser.errors import did_you_mean

    near = next((hint for name in columns if (hint := did_you_mean(name.lower(), TIME_NAMES))), "")
    line = 1 if path.suffix.lower() not in (".parquet", ".pq") else None
    return Problem(
        "there is no column of times", str(path), line, "time", value=", ".join(columns[:8]),
        expected="a column named time",
        remedy=f"rename it; {near}" if near else "name the column of times 'time'",
    )  # fmt: skip


def _csv_header(path: Path) -> list[str]:
    import csv
    import gzip

    opener = gzip.open if path.name.lower().endswith(".gz") else open
    try:
        with opener(path, "rt", encoding="utf-8-sig", newline="") as stream:  # type: ignore[operator]
            header = next(csv.reader(stream), None)
    except (UnicodeDecodeError, OSError, csv.Error, EOFError) as error:
        raise InputError(Problem(f"cannot be read as CSV: {error}", str(path))) from None
    if not header:
        raise InputError(Problem("is empty", str(path), expected="a header line"))
    names = [cell.strip() for cell in header]
    check_header(names, path, 1)
    return names


def csv_problems(path: Path, told: str) -> list[Problem]:
    """Say what keeps a CSV file from being read: line by line where that can be found."""
    if not path.name.lower().endswith(".gz"):
        try:
            problems = read_raw(path)[1]
        except InputError as error:
            return list(error.problems)
        if problems:
            return problems
    return [Problem(f"cannot be read as CSV: {told.splitlines()[0]}", str(path))]


def sql_name(name: str) -> str:
    """Return a column's name as SQL writes it."""
    return '"' + name.replace('"', '""') + '"'


def sql_text(value: str) -> str:
    """Return text as SQL writes it."""
    return "'" + value.replace("'", "''") + "'"


def sql_table(layout: Layout) -> str:
    """Return the SQL that reads the file, with the columns of a CSV spelt out."""
    if not layout.is_text:
        return layout.table
    columns = ", ".join(f"{sql_text(name)}: 'VARCHAR'" for name in layout.kinds)
    return layout.table.replace("{columns}", "{" + columns + "}")


def time_sql(layout: Layout) -> str:
    """Return the SQL of a row's time [µs]: UTC, or the wall clock when no zone is told."""
    name = sql_name(layout.time)
    if layout.has_words(layout.time):
        return f"epoch_us(TRY_CAST({name} AS TIMESTAMPTZ))"
    return f"epoch_us({name})"


def offset_sql(layout: Layout, column: str) -> str:
    """Return the SQL of whether the time in a column says its offset from UTC."""
    name = sql_name(column)
    if layout.has_words(column):
        sign = " OR ".join(f"substr({name}, {at}, 1) IN ('+', '-')" for at in (-6, -5))
        # most files end with Z; what else there may be is only looked at where it does not
        rest = f"coalesce(length({name}) > 16 AND ({sign}), false)"
        return f"(CASE WHEN suffix({name}, 'Z') THEN true ELSE {rest} END)"
    return "true" if "TIME ZONE" in layout.kinds[column].upper() else "false"


def value_sql(layout: Layout, column: str) -> str:
    """Return the SQL of a value: NaN where it is missing."""
    name = sql_name(column)
    return f"coalesce(TRY_CAST({name} AS DOUBLE), 'NaN'::DOUBLE)"


def bad_value_sql(layout: Layout, column: str) -> str:
    """Return the SQL of whether a cell holds something that is no number."""
    name = sql_name(column)
    return (
        f"(CASE WHEN TRY_CAST({name} AS DOUBLE) IS NULL THEN coalesce(trim({name}) <> '', false) "
        "ELSE false END)"
    )


def class_sql(layout: Layout) -> str:
    """Return the SQL of a row's own class by its column ``quality``; 255 for an unknown word."""
    cases = " ".join(f"WHEN '{word}' THEN {code}" for word, code in _WORDS.items())
    return (
        f"(CASE lower(trim(coalesce(quality, ''))) {cases} WHEN '' THEN 0 ELSE 255 END)::UTINYINT"
    )


def array_of(values: Any, fill: float | int) -> np.ndarray:
    """Return a fetched column as a plain array."""
    return np.ma.filled(values, fill) if isinstance(values, np.ma.MaskedArray) else values
