"""The time axis of the charts: local clock times, and blocks of periods on long horizons."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

Row = dict[str, Any]
MOST_POINTS = 800
"""Longer series are drawn as means of equal blocks of periods."""
_DAY = timedelta(days=1)


@dataclass(frozen=True)
class Timeline:
    """The drawn points: ``size`` periods each, with start, end and clock time of each."""

    size: int
    points: tuple[Row, ...]
    clock: str
    """Format of the labels of the axis."""

    def table(self, columns: Mapping[str, Sequence[float]]) -> list[Row]:
        """Rows of block means at four digits; the last comes twice, to give its step a width."""
        means = {name: _block_means(values, self.size) for name, values in columns.items()}
        rows = [
            point | {name: float(f"{values[i]:.4g}") for name, values in means.items()}
            for i, point in enumerate(self.points)
        ]
        return [*rows, rows[-1] | {"start": rows[-1]["end"]}]


def timeline(labels: Sequence[str]) -> Timeline:
    """Lay out periods that start at these local times (ISO 8601, at least two)."""
    size = block_size(labels)
    starts = _clock_times(labels[::size])
    ends = [*starts[1:], starts[-1] + (starts[1] - starts[0])]
    points = tuple(
        {"start": f"{a.isoformat()}Z", "end": f"{b.isoformat()}Z", "clock": f"{a:%Y-%m-%d %H:%M}"}
        for a, b in zip(starts, ends, strict=True)
    )
    return Timeline(size, points, _clock_format(ends[-1] - starts[0]))


def block_size(labels: Sequence[str]) -> int:
    """Periods that share one drawn point: whole days where that is possible."""
    least = -(-len(labels) // MOST_POINTS)
    if least <= 1:
        return 1
    step = datetime.fromisoformat(labels[1]) - datetime.fromisoformat(labels[0])
    if not step or _DAY % step:
        return least
    per_day = _DAY // step
    return per_day * -(-least // per_day)


def _clock_format(span: timedelta) -> str:
    if span <= _DAY:
        return "%H:%M"
    return "%d %b %H:%M" if span <= 3 * _DAY else "%d %b"


def _block_means(values: Sequence[float], size: int) -> list[float]:
    blocks = [values[i : i + size] for i in range(0, len(values), size)]
    return [sum(block) / len(block) for block in blocks]


def _clock_times(labels: Sequence[str]) -> list[datetime]:
    """What the clocks show, without the offset: the reader's browser knows no site time zone.

    Times that repeat when summer time ends are set a minute apart to keep their order.
    """
    times: list[datetime] = []
    for label in labels:
        shown = datetime.fromisoformat(label).replace(tzinfo=None)
        if times and shown <= times[-1]:
            shown = times[-1] + timedelta(minutes=1)
        times.append(shown)
    return times
