"""All series of a register over a period: files found, checked, hashed, read and collected."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np

from optimiser.errors import InputError, Problem
from optimiser.library.files import hash_file
from optimiser.library.meters.batches import MOST_SAMPLES, Reader, Samples
from optimiser.library.meters.collector import Collector, DisorderError
from optimiser.library.meters.faults import Faults
from optimiser.library.meters.grid import grid_of
from optimiser.library.meters.register import Register, Series
from optimiser.library.meters.series import SeriesData
from optimiser.library.meters.source import (
    Layout,
    csv_problems,
    engine,
    read_layout,
    sql_table,
    time_sql,
)
from optimiser.library.references import listed, nearest
from optimiser.schema.period import Period
from optimiser.schema.reporting import Gaps

READ_WHEN_CHECKED_BYTES = 50_000_000
"""Files up to this size in all are read when a site is checked, larger ones with a report."""


def read_meters(
    register: Register, period: Period, gaps: Gaps, as_of: datetime | None = None
) -> SeriesData:
    """Read every series of a register over a period.

    ``as_of`` leaves out what was received later (files with a column ``received``). Raises
    ``InputError`` with every mistake of the files.
    """
    with engine() as connection:
        reading = _Reading(connection, register, period, gaps, as_of)
        for files, rows in _groups(register.series).items():
            reading.read_group(files, np.array(rows, dtype=np.int64))
        reading.check_found()
        problems = [*reading.problems, *reading.faults.problems]
        if problems:
            raise InputError(problems)
    return reading.collector.finish(dict(sorted(reading.files.items())), register.defaults_used)


def check_files(register: Register) -> list[Problem]:
    """Return the mistakes of the files of a register; of large ones only layout and columns."""
    with engine() as connection:
        if sum(path.stat().st_size for path in _all_files(register)) > READ_WHEN_CHECKED_BYTES:
            return _column_mistakes(connection, register)
        reading = _Reading(connection, register, _span(connection, register), Gaps(), None)
        for files, rows in _groups(register.series).items():
            reading.check_group(files, np.array(rows, dtype=np.int64))
        reading.check_found()
        return [*reading.problems, *reading.faults.problems]


def _all_files(register: Register) -> set[Path]:
    return {path for one in register.series for path in one.files}


def _column_mistakes(connection: Any, register: Register) -> list[Problem]:
    problems: list[Problem] = []
    for files, rows in _groups(register.series).items():
        for path in files:
            try:
                layout = read_layout(connection, path)
            except InputError as error:
                problems += error.problems
                continue
            series = [register.series[row] for row in rows]
            problems += [p for one in series for p in _column_problems(register, one, layout)]
    return problems


def _span(connection: Any, register: Register) -> Period:
    """Return a period that holds every time of the files that can be read."""
    import duckdb

    found = []
    for path in sorted(_all_files(register)):
        try:
            layout = read_layout(connection, path)
            time = time_sql(layout)
            query = f"SELECT min({time}), max({time}) FROM {sql_table(layout)}"
            found += connection.execute(query).fetchone()
        except (InputError, duckdb.Error):
            continue  # told when the file itself is checked
    known = [int(us) for us in found if us is not None] or [0]
    start, end = (datetime.fromtimestamp(us // 1_000_000, UTC) for us in (min(known), max(known)))
    return Period("all times", "UTC", start, end + timedelta(hours=1))


def _column_problems(register: Register, one: Series, layout: Layout) -> list[Problem]:
    """Tell when a file lacks the column of values that the register names."""
    others = layout.value_names
    if one.column in others:
        return []
    what = f"{layout.path.name} has no such column of values"
    return [
        register.problem(
            one,
            "column",
            what,
            value=one.column,
            expected=listed(others),
            remedy=nearest(one.column, others) or "name the column of the values",
        )
    ]


def _groups(series: Sequence[Series]) -> dict[tuple[Path, ...], list[int]]:
    """Return the rows of the series that come from the same files."""
    found: dict[tuple[Path, ...], list[int]] = {}
    for row, one in enumerate(series):
        found.setdefault(one.files, []).append(row)
    return found


class _Reading:
    """One pass over the files of a register."""

    def __init__(
        self, connection: Any, register: Register, period: Period, gaps: Gaps,
        as_of: datetime | None,
    ) -> None:  # fmt: skip
        self._connection, self._register = connection, register
        self.collector = Collector(grid_of(period), register.series, gaps)
        self.faults = Faults(connection)
        self._reader = Reader(connection, self.collector, self.faults, as_of)
        self.problems: list[Problem] = []
        self.files: dict[str, str] = {}
        self._found = np.zeros(len(register.series), dtype=bool)
        self._long_files: dict[int, list[Layout]] = {}

    def read_group(self, files: tuple[Path, ...], rows: np.ndarray) -> None:
        """Read the files that some series share; first one after the other, all at once if a
        series does not simply go on from file to file."""
        layouts = self._layouts(files)
        parts = self._parts(layouts, rows)
        is_mixed = any("received" in layout.kinds for layout in layouts)
        try:
            if is_mixed:
                raise DisorderError
            for layout, column, which in parts:
                for samples in self._batches(layout, column, which):
                    self._add(samples)
        except DisorderError:
            self.collector.forget(rows)
            self._read_together(parts, rows)

    def check_group(self, files: tuple[Path, ...], rows: np.ndarray) -> None:
        """Read the files that some series share and keep nothing but mistakes."""
        for layout, column, which in self._parts(self._layouts(files), rows):
            for samples in self._batches(layout, column, which):
                self._found[np.unique(samples.series)] = True

    def _layouts(self, files: Iterable[Path]) -> list[Layout]:
        found = []
        for path in files:
            try:
                found.append(read_layout(self._connection, path))
                self.files[self._shown(path)] = hash_file(path)
            except InputError as error:
                self.problems += error.problems
        return found

    def _shown(self, path: Path) -> str:
        folder = self._register.table.path.parent
        return path.relative_to(folder).as_posix() if path.is_relative_to(folder) else str(path)

    def _parts(
        self, layouts: Sequence[Layout], rows: np.ndarray
    ) -> list[tuple[Layout, str, np.ndarray]]:
        """Return what is to be read: layout, column (long files) and series."""
        found = []
        for layout in layouts:
            good = [row for row in rows if self._has_column(layout, int(row))]
            if not layout.is_long:
                found.append((layout, "", np.array(good, dtype=np.int64)))
                continue
            columns = sorted({self._register.series[row].column for row in good})
            for column in columns:
                which = [row for row in good if self._register.series[row].column == column]
                found.append((layout, column, np.array(which, dtype=np.int64)))
                for row in which:
                    self._long_files.setdefault(int(row), []).append(layout)
        return found

    def _has_column(self, layout: Layout, row: int) -> bool:
        found = _column_problems(self._register, self._register.series[row], layout)
        self.problems += found
        return not found

    def _batches(self, layout: Layout, column: str, rows: np.ndarray) -> Iterable[Samples]:
        import duckdb

        if not len(rows):
            return
        try:
            if layout.is_long:
                yield from self._reader.long(layout, rows, column)
            else:
                yield from self._reader.wide(layout, [int(row) for row in rows])
        except duckdb.Error as error:
            if not layout.is_text:
                remedy = "write the file again"
                text = f"cannot be read: {str(error).splitlines()[0]}"
                self.problems.append(Problem(text, str(layout.path), remedy=remedy))
            else:
                self.problems += csv_problems(layout.path, str(error))

    def _add(self, samples: Samples) -> None:
        if not len(samples.series):
            return
        self._found[np.unique(samples.series)] = True
        self.collector.add(
            samples.series, samples.time, samples.value, samples.code, samples.received
        )

    def _read_together(
        self, parts: Sequence[tuple[Layout, str, np.ndarray]], rows: np.ndarray
    ) -> None:
        """Read all files of some series before anything is added, some series at a time."""
        total = sum(layout.num_rows * (1 if layout.is_long else len(w)) for layout, _, w in parts)
        num = min(len(rows), max(1, -(-total // MOST_SAMPLES)))
        for some in np.array_split(rows, num):
            batches = [
                samples
                for layout, column, which in parts
                for samples in self._batches(layout, column, which[np.isin(which, some)])
            ]
            if batches:
                self._add(Samples.joined(batches))

    def check_found(self) -> None:
        """Report series of long files that no row is about."""
        absent = [row for row in self._long_files if not self._found[row]]
        known: dict[Path, set[str]] = {}
        for row in sorted(absent):
            one, names = self._register.series[row], set()
            for layout in self._long_files[row]:
                if layout.path not in known:
                    known[layout.path] = self._channels(layout)
                names |= known[layout.path]
            if one.channel not in names:
                field = "channel" if one.channel != one.name else "meter"
                what = "no row of its files is about this series"
                self.problems.append(
                    self._register.problem(
                        one,
                        field,
                        what,
                        value=one.channel,
                        expected=listed(names),
                        remedy=nearest(one.channel, names) or "name the series as the file does",
                    )
                )

    def _channels(self, layout: Layout) -> set[str]:
        told = self._connection.execute(
            f"SELECT DISTINCT trim(meter::VARCHAR) FROM {sql_table(layout)}"
        ).fetchall()
        return {str(name) for (name,) in told if name}
