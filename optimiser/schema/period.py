"""Reporting periods: local calendar years, quarters, months, days and ranges of them, kept in UTC.

A local day has 23, 24 or 25 hours, a year 8760 or 8784; both come out of the zone's own rules.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError, available_timezones

from optimiser.errors import UsageError, did_you_mean

EXPECTED = "2026, 2026-Q1, 2026-03, 2026-03-31, or a range such as 2026-01-01..2026-06-30"
_YEAR = re.compile(r"(\d{4})")
_QUARTER = re.compile(r"(\d{4})-?Q([1-4])")
_HALF = re.compile(r"(\d{4})-?H([12])")
_MONTH = re.compile(r"(\d{4})-(\d{2})")


@dataclass(frozen=True)
class Period:
    """A stretch of time: ``start`` (in) to ``end`` (out), both aware and in UTC.

    ``label`` is how it was asked for, ``zone`` the IANA name of its calendar.
    """

    label: str
    zone: str
    start: datetime
    end: datetime

    @property
    def hours(self) -> float:
        """Length [h]."""
        return (self.end - self.start).total_seconds() / 3600

    @property
    def is_year(self) -> bool:
        """Whether it lasts twelve whole local months."""
        first, last = self._local_dates()
        months = (last.year - first.year) * 12 + last.month - first.month
        return first.day == 1 and last.day == 1 and months == 12

    def months(self) -> list[Period]:
        """Return the local calendar months that it is made of, cut at its ends."""
        first, last = self._local_dates()
        at, found = first.replace(day=1), list[Period]()
        while at < last or (at == last and not found):
            after = _next_month(at)
            found.append(_between(f"{at:%Y-%m}", at, after, self.zone).cut(self))
            at = after
        return [month for month in found if month.end > month.start]

    def days(self) -> list[Period]:
        """Return the local days that it is made of, cut at its ends."""
        first, last = self._local_dates()
        span = range((last - first).days + 1)
        dates = [first + timedelta(days=n) for n in span]
        days = [
            _between(day.isoformat(), day, day + timedelta(days=1), self.zone).cut(self)
            for day in dates
        ]
        return [day for day in days if day.end > day.start]

    def cut(self, other: Period) -> Period:
        """Return the part of this period inside another one."""
        start, end = max(self.start, other.start), min(self.end, other.end)
        return Period(self.label, self.zone, start, max(start, end))

    def _local_dates(self) -> tuple[date, date]:
        zone = ZoneInfo(self.zone)
        return self.start.astimezone(zone).date(), self.end.astimezone(zone).date()


def parse_period(text: str, zone: str) -> Period:
    """Return the period that a text such as ``2026`` or ``2026-Q1`` names, in a zone's calendar.

    A range ``A..B`` runs from the start of A to the end of B. Raises ``UsageError`` for anything
    else, or for an unknown zone.
    """
    check_zone(zone)
    first, found, last = text.strip().partition("..")
    begin, end = _dates(first, text), _dates(last if found else first, text)
    if end[1] <= begin[0]:
        raise UsageError(f"the period {text!r} ends before it begins", f"write {EXPECTED}")
    return _between(text.strip(), begin[0], end[1], zone)


def check_zone(zone: str) -> None:
    """Raise ``UsageError`` when there is no such time zone."""
    try:
        ZoneInfo(zone)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        near = did_you_mean(zone, available_timezones())
        raise UsageError(
            f"there is no time zone {zone!r}", near or "write one such as Europe/Berlin"
        ) from None


def _dates(part: str, whole: str) -> tuple[date, date]:
    """Return first day and the day after the last of one part."""
    text = part.strip()
    try:
        return _named(text)
    except (ValueError, OverflowError):
        raise UsageError(f"{whole!r} is not a period", f"write {EXPECTED}") from None


def _named(text: str) -> tuple[date, date]:
    if match := _YEAR.fullmatch(text):
        year = int(match[1])
        return date(year, 1, 1), date(year + 1, 1, 1)
    if match := _QUARTER.fullmatch(text):
        return _months(int(match[1]), 3 * int(match[2]) - 2, 3)
    if match := _HALF.fullmatch(text):
        return _months(int(match[1]), 6 * int(match[2]) - 5, 6)
    if match := _MONTH.fullmatch(text):
        return _months(int(match[1]), int(match[2]), 1)
    day = date.fromisoformat(text)
    return day, day + timedelta(days=1)


def _months(year: int, month: int, count: int) -> tuple[date, date]:
    first = last = date(year, month, 1)
    for _ in range(count):
        last = _next_month(last)
    return first, last


def _next_month(first: date) -> date:
    return date(first.year + first.month // 12, first.month % 12 + 1, 1)


def _between(label: str, first: date, last: date, zone: str) -> Period:
    return Period(label, zone, _midnight(first, zone), _midnight(last, zone))


def _midnight(day: date, zone: str) -> datetime:
    """Return the first instant of a local day in UTC; some zones skip midnight itself."""
    local = datetime(day.year, day.month, day.day, tzinfo=ZoneInfo(zone))
    return local.astimezone(UTC)
