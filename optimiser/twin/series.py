"""Environment series (weather, price, carbon) laid onto the periods of a plan."""

from __future__ import annotations

import numpy as np
import pandas as pd

from optimiser.errors import InputError, Problem
from optimiser.twin.demand import Clock, is_daily


def align_series(
    table: pd.DataFrame, column: str, clock: Clock, file: str
) -> tuple[np.ndarray, bool]:
    """Return ``column`` at the start of each period, and whether another year stood in.

    The last value at or before a period is in force; see :func:`rows_in_force`.
    """
    rows, other_year = rows_in_force(table["time"], clock, file)
    return table[column].to_numpy(dtype=float)[rows], other_year


def rows_in_force(times: pd.Series, clock: Clock, file: str) -> tuple[np.ndarray, bool]:
    """Return the row in force at the start of each period (T,), and whether another year stood in.

    The last row at or before a period is in force. Times as ``HH:MM`` repeat every local day.
    When the times do not cover the horizon, times of about a year stand in as a typical year:
    the same month, day and hour are read.

    Raises ``InputError`` when the times neither cover the horizon nor a year.
    """
    if is_daily(times):
        return _daily(times, clock), False
    stamps = pd.to_datetime(times)
    wanted = clock.local
    if stamps.dt.tz is not None:
        stamps = stamps.dt.tz_convert("UTC").dt.tz_localize(None)
        wanted = clock.utc
    known = stamps.to_numpy().astype("datetime64[s]")
    order = np.argsort(known, kind="stable")
    moments, target = known[order], wanted.astype("datetime64[s]")
    spacing = _spacing(moments)
    if moments[0] <= target[0] and target[-1] < moments[-1] + spacing:
        return order[np.searchsorted(moments, target, side="right") - 1], False
    if moments[-1] + spacing - moments[0] < np.timedelta64(364, "D"):
        raise InputError(_not_covered(file, moments, target))
    return order[_typical_year(moments, target)], True


def _daily(times: pd.Series, clock: Clock) -> np.ndarray:
    """Return the row of a clock-time column; before its first time yesterday's last holds."""
    parts = times.astype(str).str.split(":", expand=True).astype(int)
    minutes = (parts[0] * 60 + parts[1]).to_numpy()
    order = np.argsort(minutes, kind="stable")
    local = clock.local.astype("datetime64[m]")
    wanted = (local - local.astype("datetime64[D]")).astype(np.int64)
    return order[np.searchsorted(minutes[order], wanted, side="right") - 1]


def _spacing(times: np.ndarray) -> np.timedelta64:
    if len(times) < 2:
        return np.timedelta64(1, "h")
    return np.median(np.diff(times).astype(np.int64)).astype("timedelta64[s]")


def _typical_year(times: np.ndarray, wanted: np.ndarray) -> np.ndarray:
    """Return the row that is in force at the same month, day and time of the table's own year."""
    own = _of_year(times)
    row = np.argsort(own, kind="stable")
    return row[np.searchsorted(own[row], _of_year(wanted), side="right") - 1]


def _of_year(moments: np.ndarray) -> np.ndarray:
    """Return a number that grows with month, day and second, the same in every year."""
    months = moments.astype("datetime64[M]")
    month = months.astype(np.int64) % 12 + 1
    days = moments.astype("datetime64[D]")
    # a leap day reads the day before it, so that every year has the same axis
    day = np.minimum((days - months).astype(np.int64) + 1, np.where(month == 2, 28, 31))
    return (month * 32 + day) * 86400 + (moments - days).astype(np.int64)


def _not_covered(file: str, times: np.ndarray, target: np.ndarray) -> Problem:
    return Problem(
        what="the series does not cover the horizon of the study",
        file=file,
        field="time",
        value=f"{times[0]} to {times[-1]}",
        expected=f"{target[0]} to {target[-1]}, or a whole typical year",
        remedy="extend the file, or move horizon.start of study.yaml into its range",
    )
