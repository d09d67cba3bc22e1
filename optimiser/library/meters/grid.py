"""The steps of a period: hours in UTC that fit the local calendar."""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd

from optimiser.schema.period import Period

HOUR_S = 3600


@dataclass(frozen=True)
class Grid:
    """Equal steps: ``num`` of ``step_s`` seconds from ``start_s`` (seconds of UTC since 1970) on.

    Steps are hours, unless the zone moves its clock by less than an hour within the period.
    """

    start_s: int
    step_s: int
    num: int
    zone: str

    @property
    def end_s(self) -> int:
        """The end of the last step."""
        return self.start_s + self.num * self.step_s

    @property
    def step_h(self) -> float:
        """Length of a step [h]."""
        return self.step_s / HOUR_S

    def starts(self) -> pd.DatetimeIndex:
        """Return the start of each step, in UTC."""
        seconds = self.start_s + self.step_s * np.arange(self.num, dtype=np.int64)
        return pd.DatetimeIndex(seconds.astype("datetime64[s]")).tz_localize("UTC")

    def span(self, start: datetime, end: datetime) -> slice:
        """Return the steps that lie whole inside an interval."""
        first = math.ceil((start.timestamp() - self.start_s) / self.step_s)
        last = math.floor((end.timestamp() - self.start_s) / self.step_s)
        return slice(min(max(first, 0), self.num), min(max(last, 0), self.num))


def grid_of(period: Period) -> Grid:
    """Return the steps of a period; they begin at its first instant."""
    start, end = int(period.start.timestamp()), int(period.end.timestamp())
    step = math.gcd(HOUR_S, end - start)
    for moment, _ in transitions(period.zone, start, end):
        step = math.gcd(step, moment - start)
    return Grid(start, step, (end - start) // step, period.zone)


def transitions(zone: str, start_s: int, end_s: int) -> list[tuple[int, int]]:
    """Return (instant, seconds that the clock jumps) of every change of offset in an interval."""
    info = ZoneInfo(zone)

    def offset(second: int) -> int:
        delta = datetime.fromtimestamp(second, UTC).astimezone(info).utcoffset()
        return 0 if delta is None else int(delta.total_seconds())

    found = []
    day = 24 * HOUR_S
    for low in range(start_s, end_s, day):
        high = min(low + day, end_s)
        before, after = offset(low), offset(high)
        if before == after:
            continue
        left, right = low, high
        while right - left > 1:
            middle = (left + right) // 2
            left, right = (middle, right) if offset(middle) == before else (left, middle)
        found.append((right, after - before))
    return found
