"""The time column: daily clocks, local moments, moments with offset."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

from optimiser.library.findings import Findings
from optimiser.library.times import check_spacing, read_times


def _read(*values: str) -> tuple[pd.Series, Findings]:
    findings = Findings(Path("t.csv"), np.arange(len(values)) + 2)
    text = np.array(values, dtype=object)
    times = read_times(text, findings)
    if not findings.problems:
        check_spacing(times, findings)
    return times, findings


def test_clock_times_repeat_daily_and_may_be_uneven() -> None:
    """Each holds until the next; one digit for the hour will do."""
    times, findings = _read("0:00", "07:30", "22:00")
    assert list(times) == ["00:00", "07:30", "22:00"]
    assert findings.problems == []


def test_local_moments_have_no_zone() -> None:
    """They are read in the zone of the site."""
    times, findings = _read("2026-03-01T00:00", "2026-03-01 01:00", "2026-03-01T02:00:00")
    assert findings.problems == []
    assert times.dt.tz is None
    assert times[2] == pd.Timestamp("2026-03-01T02:00")


def test_offsets_are_turned_into_utc() -> None:
    """On the day the clocks go back both hours of the same name are distinct."""
    times, findings = _read(
        "2026-10-25T02:00+02:00", "2026-10-25T02:00+01:00", "2026-10-25T03:00+01:00"
    )
    assert findings.problems == []
    assert list(times.dt.hour) == [0, 1, 2]
    assert str(times.dt.tz) == "UTC"


def test_a_moment_without_offset_among_others_is_told() -> None:
    """A mixture would be an hour or two wrong somewhere."""
    _, findings = _read("2026-01-01T00:00Z", "2026-01-01T01:00", "2026-01-01T02:00Z")
    (problem,) = findings.problems
    assert (problem.line, problem.value) == (3, "2026-01-01T01:00")
    assert "no offset" in problem.what


def test_a_clock_time_that_does_not_exist_is_told() -> None:
    """24:00 is no time of day here."""
    _, findings = _read("00:00", "12:00", "24:00")
    (problem,) = findings.problems
    assert (problem.line, problem.value) == (4, "24:00")


def test_a_date_that_does_not_exist_is_told() -> None:
    """Nothing is rounded to the next day."""
    _, findings = _read("2026-02-27T00:00", "2026-02-28T00:00", "2026-02-29T00:00")
    (problem,) = findings.problems
    assert problem.line == 4
    assert "HH:MM" in str(problem.expected)


def test_a_gap_is_told_where_it_ends() -> None:
    """Missing values are not invented."""
    hours = [f"2026-01-01T{hour:02d}:00" for hour in (0, 1, 2, 5, 6)]
    _, findings = _read(*hours)
    (problem,) = findings.problems
    assert (problem.line, problem.expected) == (5, "a value every 60 minutes")
    assert "180 minutes" in problem.what
