"""Windows of local time in which nothing moves, as seconds after a first moment."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from optimiser.schema.moving import WEEKDAYS, Freeze

DAYS_AHEAD = 366
"""Days for which windows are laid out; moves are over long before."""
SECONDS_PER_DAY = 86_400.0


def freeze_windows(freeze: Sequence[Freeze], begin: pd.Timestamp, time_zone: str) -> np.ndarray:
    """Return the windows of the year after ``begin``, (k, 2) [s after begin], apart and in order.

    Clock times are local: a window of a day on which the clock changes is longer or shorter.
    """
    first = begin.tz_convert(time_zone).tz_localize(None).normalize() - pd.Timedelta(days=2)
    days = pd.date_range(first, periods=DAYS_AHEAD + 3, freq="D")
    spans = [_spans(window, days, begin, time_zone) for window in freeze]
    if not spans:
        return np.zeros((0, 2))
    found = np.concatenate(spans)
    found = found[found[:, 1] > 0.0]
    return _joined(found[np.argsort(found[:, 0], kind="stable")])


def _spans(
    window: Freeze, days: pd.DatetimeIndex, begin: pd.Timestamp, time_zone: str
) -> np.ndarray:
    chosen = days[[WEEKDAYS[day] in window.days for day in days.day_of_week]]
    if window.first_day is not None:
        chosen = chosen[chosen >= pd.Timestamp(window.first_day)]
    if window.last_day is not None:
        chosen = chosen[chosen <= pd.Timestamp(window.last_day)]
    start, end = _minutes(window.start), _minutes(window.end)
    end += 24 * 60 if end <= start else 0
    sides = []
    for minutes, is_start in ((start, True), (end, False)):
        local = (chosen + pd.Timedelta(minutes=minutes)).tz_localize(
            time_zone,
            ambiguous=np.full(len(chosen), is_start),  # of an hour that comes twice, both
            nonexistent="shift_forward",
        )
        sides.append((local - begin).total_seconds().to_numpy())
    return np.column_stack(sides)


def _minutes(clock: str) -> int:
    hours, minutes = clock.split(":")
    return int(hours) * 60 + int(minutes)


def join_windows(several: Sequence[np.ndarray]) -> np.ndarray:
    """Return the windows (k, 2) of all of some lists, apart and in order."""
    spans = np.concatenate([np.zeros((0, 2)), *several])
    return _joined(spans[np.argsort(spans[:, 0], kind="stable")])


def _joined(spans: np.ndarray) -> np.ndarray:
    """Join spans (k, 2) in order of their start where they touch."""
    if not len(spans):
        return spans
    reach = np.maximum.accumulate(spans[:, 1])
    fresh = np.append(True, spans[1:, 0] > reach[:-1])
    return np.column_stack([spans[fresh, 0], reach[np.append(fresh[1:], True)]])


def longest_gap(windows: np.ndarray) -> float:
    """Return the longest time without a window; after the last one there is no end."""
    if not len(windows):
        return np.inf
    if windows[-1, 1] < (DAYS_AHEAD - 2) * SECONDS_PER_DAY:
        return np.inf
    before = np.append(0.0, windows[:-1, 1])
    return float(np.maximum(windows[:, 0] - before, 0.0).max())


def first_fit(windows: np.ndarray, now: float, length: float) -> float:
    """Return the first moment from ``now`` on at which nothing is frozen for ``length`` [s]."""
    for start, end in windows[windows[:, 1] > now].tolist():
        if now + length <= start:
            return now
        now = max(now, end)
    return now
