"""Collects batches of samples of many series into steps, and says how good each step is."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from optimiser.library.meters import kernel, sorting
from optimiser.library.meters.grid import Grid
from optimiser.library.meters.register import Series
from optimiser.library.meters.series import (
    ESTIMATED,
    MISSING,
    NOT_IN_SERVICE,
    QUALITY_COLUMNS,
    SeriesData,
    class_counts,
    facts_frame,
    no_bridges,
)  # fmt: skip
from optimiser.schema.reporting import Gaps

_MINUTE_US = 60_000_000
_FEW = 257
_KINDS = {"counter": kernel.COUNTER, "amount": kernel.AMOUNT, "power": kernel.POWER,
          "level": kernel.LEVEL}  # fmt: skip
_PARTS = {"all": 0, "positive": 1, "negative": -1}
QUALITY_CODES = {"measured": 0, "proxy": 1, "estimated": 2, "interpolated": 3, "missing": 4}
METHODS = {"counter": "counter@1", "amount": "amount@1", "power": "trapezoid@1",
           "level": "level@1"}  # fmt: skip


class DisorderError(Exception):
    """A series does not go on after what was added before; its files must be read together."""


class Collector:
    """Steps of all series while their samples come in, batch after batch."""

    def __init__(self, grid: Grid, series: Sequence[Series], gaps: Gaps) -> None:
        self.grid, self.series, self.gaps = grid, series, gaps
        shape = (len(series), grid.num)
        self._value = np.zeros(shape)
        self._cover = np.zeros(shape, dtype=np.int64)
        self._code = np.zeros(shape, dtype=np.uint8)
        self._kind = np.array([_KINDS[one.kind] for one in series], dtype=np.int64)
        self._whole = np.array([_whole(one, gaps) for one in series], dtype=np.int64)
        self._real = np.array([(one.rollover, one.maximum) for one in series], dtype=np.float64)
        self._state = np.zeros((len(series), kernel.NUM_STATE), dtype=np.int64)
        self._last_read = np.zeros((len(series), 2))
        self._stats = np.zeros((len(series), kernel.NUM_STATS), dtype=np.int64)
        self._stats[:, kernel.FIRST] = -1
        self._counts = np.zeros((len(series), 2), dtype=np.int64)
        self.late = np.zeros(len(series), dtype=np.int64)
        self._bridges: list[np.ndarray] = []
        self._grid = np.array([grid.start_s * 1_000_000, grid.step_s * 1_000_000, grid.num])
        self.base = np.array([QUALITY_CODES[one.quality] for one in series], dtype=np.uint8)

    def add(
        self, series: np.ndarray, time: np.ndarray, value: np.ndarray, code: np.ndarray,
        received: np.ndarray | None = None,
    ) -> None:  # fmt: skip
        """Add samples in any order: series int32, time [µs UTC] int64, value float64 with NaN where
        missing, class uint8, all (samples,); the arrays are used up. ``received`` [µs UTC].

        Raises ``DisorderError`` when a series does not begin after its last sample so far.
        """
        came = np.empty(0, dtype=np.int64) if received is None else received
        if not sorting.is_sorted(series, time):
            order = sorting.order_of(series, time, len(self.series))
            series, time, value, code = series[order], time[order], value[order], code[order]
            came = came[order] if len(came) else came
        bounds = (self.grid.start_s * 1_000_000, self.grid.end_s * 1_000_000)
        kept = sorting.settle(series, time, value, code, came, bounds, self._counts)
        which, begin = sorting.segments(series, kept)
        self._feed(which, begin, time[:kept], value[:kept], code[:kept])

    def _feed(
        self, which: np.ndarray, begin: np.ndarray, time: np.ndarray, value: np.ndarray,
        code: np.ndarray,
    ) -> None:  # fmt: skip
        limit = self.grid.step_s * 1_000_000 * 5 // 4
        has_amounts = bool(
            (self._kind[which] == kernel.AMOUNT).any() or self._whole[which, kernel.IS_MEAN].any()
        )
        room = len(time) if has_amounts else kernel.count_long(time, limit)
        bridges = np.empty((room + 1, 3), dtype=np.int64)
        for position in np.flatnonzero(self._whole[which, kernel.INTERVAL] <= 0):
            run = time[begin[position] : begin[position + 1]]
            self._whole[which[position], kernel.INTERVAL] = usual_interval(run)
        count = kernel.add_batch(
            (which, begin), (time, value, code), self._kind, (self._whole, self._real),
            (self._state, self._last_read, self._stats), self._grid,
            (self._value, self._cover, self._code), bridges,
        )  # fmt: skip
        if count < 0:
            raise DisorderError(self.series[-1 - count].name)
        if count:
            self._bridges.append(bridges[:count].copy())

    def forget(self, rows: np.ndarray) -> None:
        """Take back all that was added for some series."""
        for array in (self._value, self._cover, self._code, self._state, self._last_read,
                      self._stats, self._counts, self.late):  # fmt: skip
            array[rows] = 0
        self._stats[rows, kernel.FIRST] = -1
        gone = set(rows.tolist())
        self._whole[rows] = [_whole(self.series[row], self.gaps) for row in rows]
        self._bridges = [part[~np.isin(part[:, 0], list(gone))] for part in self._bridges]

    def finish(self, files: dict[str, str], defaults: Sequence[str]) -> SeriesData:
        """Return the series in canonical units with the class of every step."""
        step_us = self.grid.step_s * 1_000_000
        value = self._scaled()
        coverage = (self._cover / step_us).astype(np.float32)
        np.minimum(coverage, 1.0, out=coverage)
        serving = self._serving()
        code = self._code
        unseen = (coverage < self.gaps.hour_coverage_fraction - 1e-6) | (coverage <= 0)
        code[unseen] = MISSING
        value[unseen | ~serving] = 0.0
        code[~serving], coverage[~serving] = NOT_IN_SERVICE, 0.0
        if self.gaps.estimate == "typical_hour":
            fill_typical_hours(self.grid, value, code)
        parts = self._bridges
        bridges = np.concatenate(parts) if parts else no_bridges()
        checks = self._checks(code, coverage, serving)
        facts = facts_frame([self._facts(row) for row in range(len(self.series))])
        estimated = (code == ESTIMATED).any(axis=1) & (self.base != ESTIMATED)
        facts.loc[estimated, "method"] += "+typical_hour@1"
        return SeriesData(self.grid, facts, value, coverage, code, bridges, checks, files,
                          tuple(defaults))  # fmt: skip

    def _scaled(self) -> np.ndarray:
        """Return amounts and mean levels in canonical units; 0 where nothing was seen."""
        value = self._value
        level = self._kind == kernel.LEVEL
        factor = np.array([one.factor for one in self.series])[:, None]
        offset = np.array([one.offset for one in self.series])[:, None]
        if level.any():
            hours = self._cover[level] / kernel.HOUR_US
            value[level] = np.where(hours > 0, value[level] / np.where(hours > 0, hours, 1.0), 0.0)
        value *= factor
        value += offset
        return value

    def _serving(self) -> np.ndarray:
        serving = np.ones((len(self.series), self.grid.num), dtype=bool)
        for row, one in enumerate(self.series):
            if one.begins is None and one.ends is None:
                continue
            start = self.grid.start_s if one.begins is None else one.begins.timestamp()
            end = self.grid.end_s if one.ends is None else one.ends.timestamp()
            moments = self.grid.start_s + self.grid.step_s * np.arange(self.grid.num)
            serving[row] = (moments >= start) & (moments + self.grid.step_s <= end)
        return serving

    def _facts(self, row: int) -> dict[str, object]:
        one = self.series[row]
        return {
            "series": one.name, "role": one.role.name, "unit": one.role.unit, "kind": one.kind,
            "method": METHODS[one.kind], "accuracy_percent": one.accuracy_percent,
            "calibrated": one.calibrated, "group": one.group, "zone": one.zone, "point": one.point,
            "serial": one.serial, "file": one.pattern, "line": one.line, "quality": one.quality,
        }  # fmt: skip

    def _checks(self, code: np.ndarray, coverage: np.ndarray, serving: np.ndarray) -> pd.DataFrame:
        stats, steps = self._stats, serving.sum(axis=1)
        interval = np.where(self._whole[:, kernel.INTERVAL] > 0, self._whole[:, kernel.INTERVAL], 1)
        span_us = steps * self.grid.step_s * 1_000_000
        known = self._whole[:, kernel.INTERVAL] > 0
        table = {
            "series": [one.name for one in self.series],
            "expected": np.where(known, np.rint(span_us / interval), 0).astype(np.int64),
            "seen": stats[:, kernel.SEEN],
            "rejected": stats[:, kernel.REJECTED],
            "duplicates": self._counts[:, sorting.DUPLICATES],
            "conflicts": self._counts[:, sorting.CONFLICTS],
            "late": self.late,
            "gaps": stats[:, kernel.GAPS],
            "longest_gap_h": stats[:, kernel.LONGEST] / kernel.HOUR_US,
            "rollovers": stats[:, kernel.ROLLOVERS],
            "resets": stats[:, kernel.RESETS],
            "negative": stats[:, kernel.NEGATIVE],
            "completeness": coverage.sum(axis=1, dtype=np.float64) / np.maximum(steps, 1),
            "first": _moments(stats[:, kernel.FIRST]),
            "last": _moments(np.where(stats[:, kernel.FIRST] < 0, -1, stats[:, kernel.LAST])),
            **class_counts(code),
        }
        return pd.DataFrame(table)[list(QUALITY_COLUMNS)]


def _whole(one: Series, gaps: Gaps) -> tuple[int, int, int, int, int]:
    interval = round((one.interval_minutes or 0.0) * _MINUTE_US)
    bridge = round(gaps.bridge_minutes * _MINUTE_US)
    is_mean = one.stamp != "" and one.kind in ("power", "level")
    return interval, bridge, int(one.stamp == "end"), _PARTS[one.part], int(is_mean)


def usual_interval(time: np.ndarray) -> int:
    """Return the median time between samples [µs], of the first few hundred; 0 of one sample."""
    few = time[:_FEW]
    return int(np.median(np.diff(few))) if len(few) > 1 else 0


def _moments(time_us: np.ndarray) -> pd.Series:
    """Return moments in UTC, NaT where none (below 0)."""
    text = pd.Series(time_us.astype("datetime64[us]")).dt.tz_localize("UTC")
    return text.where(pd.Series(time_us >= 0))


def fill_typical_hours(grid: Grid, value: np.ndarray, code: np.ndarray) -> None:
    """Give missing steps the mean of the same local hour of the week of their series, in place.

    They become ESTIMATED. A series without any value in such an hour stays MISSING there.
    """
    local = grid.starts().tz_convert(grid.zone)
    slot = (local.day_of_week * 24 * 60 + local.hour * 60 + local.minute).to_numpy()
    _, slot = np.unique(slot, return_inverse=True)
    num = int(slot.max()) + 1 if len(slot) else 0
    for row in np.flatnonzero((code == MISSING).any(axis=1)):
        known = (code[row] != MISSING) & (code[row] != NOT_IN_SERVICE)
        count = np.bincount(slot[known], minlength=num)
        total = np.bincount(slot[known], weights=value[row, known], minlength=num)
        fill = (code[row] == MISSING) & (count[slot] > 0)
        value[row, fill] = (total / np.maximum(count, 1))[slot[fill]]
        code[row, fill] = ESTIMATED
