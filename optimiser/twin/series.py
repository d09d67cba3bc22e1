"""Environment series (weather, price, carbon) laid onto the periods of a plan."""

from __future__ import annotations

import numpy as np
import pandas as pd

from optimiser.errors import InputError, Problem
from optimiser.twin.demand import Clock


def align_series(
    table: pd.DataFrame, column: str, clock: Clock, file: str
) -> tuple[np.ndarray, bool]:
    """Return ``column`` at the start of each period, and whether another year stood in.

    The last value at or before a period is in force. Times as ``HH:MM`` repeat every local day.
    When the table does not cover the horizon, a table of about a year stands in as a typical year:
    the same month, day and hour are read.

    Raises ``InputError`` when the table neither covers the horizon nor a year.
    """
    if table["time"].astype(str).str.fullmatch(r"\d{1,2}:\d{2}").all():
        return _daily(table, column, clock), False
    stamps = pd.to_datetime(table["time"])
    wanted = pd.Series(clock.local)
    if stamps.dt.tz is not None:
        stamps = stamps.dt.tz_convert("UTC").dt.tz_localize(None)
        wanted = pd.Series(clock.utc)
    order = np.argsort(stamps.to_numpy(), kind="stable")
    times = stamps.to_numpy().astype("datetime64[s]")[order]
    values = table[column].to_numpy(dtype=float)[order]
    target = wanted.to_numpy().astype("datetime64[s]")
    spacing = _spacing(times)
    if times[0] <= target[0] and target[-1] < times[-1] + spacing:
        return values[np.searchsorted(times, target, side="right") - 1], False
    if times[-1] + spacing - times[0] < np.timedelta64(364, "D"):
        raise InputError(_not_covered(file, times, target))
    return values[_typical_year(times, wanted)], True


def _daily(table: pd.DataFrame, column: str, clock: Clock) -> np.ndarray:
    """Return the values of a clock-time table; before its first time yesterday's last holds."""
    parts = table["time"].astype(str).str.split(":", expand=True).astype(int)
    minutes = (parts[0] * 60 + parts[1]).to_numpy()
    order = np.argsort(minutes, kind="stable")
    local = clock.local.astype("datetime64[m]")
    wanted = (local - local.astype("datetime64[D]")).astype(np.int64)
    found = np.searchsorted(minutes[order], wanted, side="right") - 1
    return table[column].to_numpy(dtype=float)[order][found]


def _spacing(times: np.ndarray) -> np.timedelta64:
    if len(times) < 2:
        return np.timedelta64(1, "h")
    return np.median(np.diff(times).astype(np.int64)).astype("timedelta64[s]")


def _typical_year(times: np.ndarray, wanted: pd.Series) -> np.ndarray:
    """Return the row that is in force at the same month, day and time of the table's own year."""
    own = pd.Series(times)
    row = np.argsort(_of_year(own), kind="stable")
    found = np.searchsorted(_of_year(own)[row], _of_year(wanted), side="right") - 1
    return row[found]


def _of_year(stamps: pd.Series) -> np.ndarray:
    # a leap day reads the day before it, so that every year has the same axis
    day = np.minimum(stamps.dt.day, np.where(stamps.dt.month == 2, 28, 31))
    seconds = stamps.dt.hour * 3600 + stamps.dt.minute * 60 + stamps.dt.second
    return ((stamps.dt.month * 32 + day) * 86400 + seconds).to_numpy()


def _not_covered(file: str, times: np.ndarray, target: np.ndarray) -> Problem:
    return Problem(
        what="the series does not cover the horizon of the study",
        file=file,
        field="time",
        value=f"{times[0]} to {times[-1]}",
        expected=f"{target[0]} to {target[-1]}, or a whole typical year",
        remedy="extend the file, or move horizon.start of study.yaml into its range",
    )
