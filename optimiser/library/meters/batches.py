"""Batches of samples out of meter files, times turned into UTC, mistakes told on the way."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import pairwise
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np

from optimiser.library.meters import sorting
from optimiser.library.meters import source as sql
from optimiser.library.meters.collector import Collector
from optimiser.library.meters.faults import Faults
from optimiser.library.meters.grid import transitions
from optimiser.library.meters.source import Layout

MOST_SAMPLES = 30_000_000
"""Samples that are handled at once, which bounds the memory."""
_DAY_S = 86_400
MARGIN_S = 33 * _DAY_S
"""Readings so far outside the period still count: a counter may be read once a month."""
TIME_EXPECTED = "2026-01-31T14:00+01:00 or …T13:00Z, or without an offset on all rows (local)"
_TWICE = "exists twice on the day the clocks go back"
_NEVER = "does not exist on the day the clocks go forward"
_REMEDY = "write times with an offset or Z, or a fixed zone such as Etc/GMT-1 in the register"


@dataclass(frozen=True)
class Samples:
    """Flat arrays of samples; ``received`` is ``None`` where the files do not say."""

    series: np.ndarray
    time: np.ndarray
    value: np.ndarray
    code: np.ndarray
    received: np.ndarray | None

    @classmethod
    def joined(cls, parts: Sequence[Samples]) -> Samples:
        """Return several batches as one."""
        came = [part.received for part in parts if part.received is not None]
        return cls(
            np.concatenate([part.series for part in parts]),
            np.concatenate([part.time for part in parts]),
            np.concatenate([part.value for part in parts]),
            np.concatenate([part.code for part in parts]),
            np.concatenate(came) if came else None,
        )


class Reader:
    """Reads samples of the collector's series from files."""

    def __init__(
        self, connection: Any, collector: Collector, faults: Faults, as_of: datetime | None
    ) -> None:
        self._connection, self._collector, self._faults = connection, collector, faults
        self._as_of = as_of
        self._wanted = ""
        grid = collector.grid
        self._window = (grid.start_s - MARGIN_S, grid.end_s + MARGIN_S)
        self._clocks: dict[str, tuple[np.ndarray, np.ndarray]] = {}

    def long(self, layout: Layout, rows: np.ndarray, column: str) -> Iterator[Samples]:
        """Yield the samples of series of a long file, slice after slice in time."""
        slices = max(1, -(-layout.num_rows // MOST_SAMPLES))
        low, high = self._bounds(layout, slices)
        ends = np.linspace(low, high, slices + 1).astype(np.int64)
        for begin, end in pairwise(ends):
            where = _within(layout, int(begin), int(end), begin == low)
            if layout.is_text and slices == 1:
                where = "true"  # to read each time once is faster than to choose rows by it
            yield self._long_slice(layout, rows, column, where)

    def _bounds(self, layout: Layout, slices: int) -> tuple[int, int]:
        """Return the window [µs]; of a file read in slices only the part that its times fill."""
        low, high = (bound * 1_000_000 for bound in self._window)
        if slices == 1:
            return low, high
        time = sql.time_sql(layout)
        found = self._connection.execute(
            f"SELECT min({time}), max({time}) FROM {sql.sql_table(layout)}"
        ).fetchone()
        if found[0] is None:
            return low, high
        return max(low, int(found[0])), max(low, min(high, int(found[1]) + 1))

    def _long_slice(self, layout: Layout, rows: np.ndarray, column: str, where: str) -> Samples:
        series = self._collector.series
        wanted = ", ".join(f"({sql.sql_text(series[row].channel)}, {int(row)})" for row in rows)
        if wanted != self._wanted:
            self._connection.execute(
                "CREATE OR REPLACE TEMP TABLE wanted AS SELECT channel, row::INTEGER AS row "
                f"FROM (VALUES {wanted}) AS listed(channel, row)"
            )
            self._wanted = wanted
        columns = {"row": "wanted.row", **self._columns(layout, column)}
        picked = ", ".join(f"{text} AS {name}" for name, text in columns.items())
        fetched = self._connection.execute(
            f"SELECT {picked} FROM {sql.sql_table(layout)} AS src JOIN wanted "
            f"ON trim(src.meter) = wanted.channel WHERE {where}"
        ).fetchnumpy()
        found = {name: sql.array_of(values, _FILL[name]) for name, values in fetched.items()}
        return self._samples(layout, column, found.pop("row").astype(np.int32), found)

    def wide(self, layout: Layout, rows: Sequence[int]) -> Iterator[Samples]:
        """Yield the samples of each series of a wide file."""
        at_once = max(1, MOST_SAMPLES // max(1, layout.num_rows))
        for first in range(0, len(rows), at_once):
            yield from self._wide_columns(layout, rows[first : first + at_once])

    def _wide_columns(self, layout: Layout, rows: Sequence[int]) -> Iterator[Samples]:
        series, low, high = self._collector.series, *(b * 1_000_000 for b in self._window)
        names = list(dict.fromkeys(series[row].column for row in rows))
        shared = self._shared_columns(layout)
        picked = [f"{text} AS {name}" for name, text in shared.items()]
        for number, name in enumerate(names):
            picked.append(f"{sql.value_sql(layout, name)} AS v{number}")
            if layout.has_words(name):
                picked.append(f"{sql.bad_value_sql(layout, name)} AS b{number}")
        fetched = self._connection.execute(
            f"SELECT {', '.join(picked)} FROM {sql.sql_table(layout)} "
            f"WHERE {_within(layout, low, high, True)}"
        ).fetchnumpy()
        for row in rows:
            number = names.index(series[row].column)
            found = {name: sql.array_of(fetched[name], _FILL[name]).copy() for name in shared}
            value = sql.array_of(fetched[f"v{number}"], np.nan)
            found["v"] = np.array(value, dtype=np.float64)
            if f"b{number}" in fetched:
                found["b"] = sql.array_of(fetched[f"b{number}"], False)
            which = np.full(len(value), row, dtype=np.int32)
            yield self._samples(layout, series[row].column, which, found)

    def _columns(self, layout: Layout, column: str) -> dict[str, str]:
        """Return the SQL of each column that is read, by its short name."""
        found = {**self._shared_columns(layout), "v": sql.value_sql(layout, column)}
        if layout.has_words(column):
            found["b"] = sql.bad_value_sql(layout, column)
        return found

    def _shared_columns(self, layout: Layout) -> dict[str, str]:
        """Return the SQL of time, offset, class and time of receipt of a row."""
        found = {"t": sql.time_sql(layout), "o": sql.offset_sql(layout, layout.time)}
        if "quality" in layout.kinds:
            found["c"] = sql.class_sql(layout)
        if "received" in layout.kinds:
            found["r"] = sql.time_sql(_with_time(layout, "received"))
        return found

    def _samples(
        self, layout: Layout, column: str, series: np.ndarray, found: dict[str, np.ndarray]
    ) -> Samples:
        """Check what was fetched and turn wall clocks into UTC."""
        time, value = found["t"], found["v"]
        good = time != _NO_TIME
        if not good.all():
            self._tell_times(layout)
        self._tell_values(layout, column, found)
        value[~np.isfinite(value)] = np.nan
        self._to_utc(layout, series, time, found["o"], good)
        low, high = (bound * 1_000_000 for bound in self._window)
        good &= (time >= low) & (time < high)
        code = self._collector.base[series]
        if "c" in found:
            code = np.maximum(code, np.where(found["c"] == 255, 0, found["c"]).astype(np.uint8))
        received = found.get("r")
        if received is not None:
            good &= self._came_in_time(series, time, received)
        if good.all():
            return Samples(series, time, value, code, received)
        kept = None if received is None else received[good]
        return Samples(series[good], time[good], value[good], code[good], kept)

    def _tell_times(self, layout: Layout) -> None:
        condition = f"{sql.time_sql(layout)} IS NULL"
        remedy = "write the time, or remove the row"
        self._faults.add(layout, layout.time, "is not a time", condition, TIME_EXPECTED, remedy)

    def _tell_values(self, layout: Layout, column: str, found: dict[str, np.ndarray]) -> None:
        if "b" in found and found["b"].any():
            self._faults.add(
                layout, column, "is not a number", sql.bad_value_sql(layout, column),
                "a number with a decimal point, or nothing where it is missing",
                "correct it, or leave the cell empty",
            )  # fmt: skip
        if "c" in found and (found["c"] == 255).any():
            self._faults.add(
                layout, "quality", "is not one of the classes", f"{sql.class_sql(layout)} = 255",
                "measured, proxy, estimated, interpolated or nothing", "write one of them",
            )  # fmt: skip

    def _to_utc(
        self, layout: Layout, series: np.ndarray, time: np.ndarray, offset: np.ndarray,
        good: np.ndarray,
    ) -> None:  # fmt: skip
        local = good & ~offset.astype(bool)
        if not local.any():
            return
        if not local[good].all():
            has_offset = f"({sql.offset_sql(layout, layout.time)})"
            condition = has_offset if local[good].mean() > 0.5 else f"NOT {has_offset}"
            self._faults.add(
                layout, layout.time, "some rows have an offset from UTC and others have none",
                condition, TIME_EXPECTED, "write all times in the same way",
            )  # fmt: skip
        zones = np.array([one.time_zone for one in self._collector.series], dtype=object)[
            np.unique(series)
        ]
        for zone in sorted(set(zones)):
            rows = local if len(set(zones)) == 1 else local & self._is_in(zone)[series]
            self._convert(layout, time, rows, zone)

    def _is_in(self, zone: str) -> np.ndarray:
        return np.array([one.time_zone == zone for one in self._collector.series])

    def _convert(self, layout: Layout, time: np.ndarray, rows: np.ndarray, zone: str) -> None:
        changes, offsets = self._clock(zone)
        part = time if rows.all() else time[rows]
        faults = np.zeros(len(part), dtype=np.uint8)
        wall = part.copy() if len(changes) else part
        sorting.to_utc(part, changes, offsets, faults)
        if part is not time:
            time[rows] = part
        for number, what in ((1, _TWICE), (2, _NEVER)):
            if not (faults == number).any():
                continue
            wrong = np.unique(wall[faults == number])[:1000]
            listed = ", ".join(str(int(moment)) for moment in wrong)
            condition = f"{sql.time_sql(layout)} IN ({listed})"
            expected = f"a time of {zone}"
            self._faults.add(layout, layout.time, what, condition, expected, _REMEDY)

    def _clock(self, zone: str) -> tuple[np.ndarray, np.ndarray]:
        """Return the jumps of a zone's clock in the window [µs UTC] and the offsets around them."""
        if zone not in self._clocks:
            low, high = self._window[0] - 2 * _DAY_S, self._window[1] + 2 * _DAY_S
            jumps = transitions(zone, low, high)
            first = datetime.fromtimestamp(low, UTC).astimezone(ZoneInfo(zone)).utcoffset()
            offsets = np.cumsum([first.total_seconds() if first else 0.0, *(j for _, j in jumps)])
            changes = np.array([moment for moment, _ in jumps], dtype=np.int64) * 1_000_000
            self._clocks[zone] = (changes, (offsets * 1e6).astype(np.int64))
        return self._clocks[zone]

    def _came_in_time(
        self, series: np.ndarray, time: np.ndarray, received: np.ndarray
    ) -> np.ndarray:
        """Count late samples; return which were there at the date of the report."""
        known = received != _NO_TIME
        lag = round(self._collector.gaps.late_days * _DAY_S * 1e6)
        grid = self._collector.grid
        inside = (time >= grid.start_s * 1_000_000) & (time < grid.end_s * 1_000_000)
        late = known & inside & (received - time > lag)
        self._collector.late += np.bincount(series[late], minlength=len(self._collector.series))
        if self._as_of is None:
            return np.ones(len(time), dtype=bool)
        return received <= int(self._as_of.timestamp() * 1e6)


_NO_TIME = np.iinfo(np.int64).min
_FILL: dict[str, float | int] = {
    "row": -1, "t": _NO_TIME, "o": 0, "v": np.nan, "b": 0, "c": 0, "r": _NO_TIME,
}  # fmt: skip


def _with_time(layout: Layout, column: str) -> Layout:
    return Layout(layout.path, layout.kinds, column, layout.num_rows)


def _within(layout: Layout, begin: int, end: int, with_unknown: bool) -> str:
    """Return the SQL condition of a time window [µs]; a day wider, for clocks without zone."""
    name = sql.sql_name(layout.time)
    unknown = f" OR {name} IS NULL" if with_unknown else ""
    if layout.has_words(layout.time):
        time = sql.time_sql(layout)
        unknown = f" OR {time} IS NULL" if with_unknown else ""
        return f"(({time} >= {begin} AND {time} < {end}){unknown})"
    form = "TIMESTAMPTZ" if "TIME ZONE" in layout.kinds[layout.time].upper() else "TIMESTAMP"
    low, high = (_moment(us) for us in (begin, end))
    return f"(({name} >= {form} '{low}' AND {name} < {form} '{high}'){unknown})"


def _moment(us: int) -> str:
    return str(np.datetime64(us, "us"))
