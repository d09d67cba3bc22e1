"""Weather files: EPW is read whole or refused, and the wet bulb is right."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import pandas as pd
import psychrolib
import pytest

from optimiser.errors import InputError, Problem
from optimiser.library.psychrometrics import wet_bulb_c
from optimiser.library.weather import read_epw

LOCATION = "LOCATION,Testville,-,FIN,made,000000,60.3,24.9,2.0,51.0"


def _epw(path: Path, hours: int = 8760, **cells: tuple[int, str]) -> Path:
    """Write an EPW file of a constant climate; ``cells`` change one column in one row."""
    moments = pd.date_range("2025-01-01", periods=hours, freq="h")
    rows = []
    for moment in moments:
        row = ["0"] * 35
        row[0:5] = [str(moment.year), str(moment.month), str(moment.day), str(moment.hour + 1), "0"]
        row[6:10] = ["20.0", "10.0", "53", "101325"]
        rows.append(row)
    position = {"dry": 6, "dew": 7, "humidity": 8, "pressure": 9, "hour": 3}
    for name, (index, text) in cells.items():
        rows[index][position[name]] = text
    header = [LOCATION, *["X"] * 7]
    with path.open("w", newline="", encoding="utf-8") as stream:
        stream.write("\n".join(header) + "\n")
        csv.writer(stream, lineterminator="\n").writerows(rows)
    return path


def _problem(path: Path) -> Problem:
    with pytest.raises(InputError) as caught:
        read_epw(path)
    (problem,) = caught.value.problems
    return problem


def test_hours_become_utc_starts_of_the_hour(tmp_path: Path) -> None:
    """Hour 1 of a station two hours ahead begins at 22:00 UTC of the day before."""
    frame = read_epw(_epw(tmp_path / "a.epw"))
    assert len(frame) == 8760
    assert frame["time"][0] == pd.Timestamp("2024-12-31T22:00Z")
    assert frame["time"].is_monotonic_increasing
    assert frame["relative_humidity_fraction"][0] == pytest.approx(0.53)


def test_a_leap_year_is_read_too(tmp_path: Path) -> None:
    """8,784 hours make a year with 29 February."""
    path = _epw(tmp_path / "a.epw", 10)
    lines = path.read_text(encoding="utf-8").splitlines()[:8]
    body = []
    for moment in pd.date_range("2024-01-01", periods=8784, freq="h"):
        body.append(
            f"2024,{moment.month},{moment.day},{moment.hour + 1},0,,5,1,75,101325" + ",0" * 25
        )
    path.write_text("\n".join(lines + body) + "\n", encoding="utf-8")
    frame = read_epw(path)
    assert len(frame) == 8784


@pytest.mark.parametrize(
    ("cells", "line", "field"),
    [
        ({"dry": (3, "99.9")}, 12, "dry_bulb_c"),
        ({"dew": (0, "99.9")}, 9, "dew_point_c"),
        ({"humidity": (5, "999")}, 14, "relative_humidity_fraction"),
        ({"pressure": (1, "999999")}, 10, "pressure_pa"),
        ({"pressure": (1, "10")}, 10, "pressure_pa"),
        ({"dry": (7, "warm")}, 16, "dry_bulb_c"),
        ({"hour": (30, "1")}, 39, "month, day, hour"),
    ],
)
def test_missing_and_impossible_values_are_told_not_filled(
    tmp_path: Path, cells: dict[str, tuple[int, str]], line: int, field: str
) -> None:
    """The markers of missing data in EPW are numbers; they are not temperatures."""
    problem = _problem(_epw(tmp_path / "a.epw", **cells))
    assert (problem.line, problem.field) == (line, field)


def test_files_that_are_not_epw_say_what_is_expected(tmp_path: Path) -> None:
    """A CSV renamed to .epw is recognised."""
    path = tmp_path / "a.epw"
    path.write_text("time,dry_bulb_c\n00:00,5\n", encoding="utf-8")
    problem = _problem(path)
    assert problem.line == 1
    assert "LOCATION" in str(problem.expected)


def test_half_a_year_is_refused(tmp_path: Path) -> None:
    """Nothing is repeated to fill the year."""
    assert "hours of one year" in _problem(_epw(tmp_path / "a.epw", 4380)).what


def test_the_wet_bulb_agrees_with_psychrolib() -> None:
    """Over ice and over water, at sea level and at altitude."""
    psychrolib.SetUnitSystem(psychrolib.SI)
    rng = np.random.default_rng(7)
    dry = rng.uniform(-25, 45, 60)
    dew = dry - rng.uniform(0, 20, 60)
    pressure = rng.uniform(80e3, 103e3, 60)
    theirs = [
        psychrolib.GetTWetBulbFromTDewPoint(*point)
        for point in zip(dry, dew, pressure, strict=True)
    ]
    assert np.abs(wet_bulb_c(dry, dew, pressure) - theirs).max() < 2e-3


def test_saturated_air_has_one_temperature() -> None:
    """Dew point, wet bulb and dry bulb coincide, also when rounding puts the dew point above."""
    dry = np.array([-10.0, 0.0, 25.0])
    assert wet_bulb_c(dry, dry + 0.05, np.full(3, 101325.0)) == pytest.approx(dry, abs=1e-6)


def test_the_wet_bulb_lies_between_dew_point_and_dry_bulb() -> None:
    """For any moist air above freezing."""
    dry, dew = np.meshgrid(np.linspace(5, 45, 9), np.linspace(1, 5, 5))
    wet = wet_bulb_c(dry, dew, np.array(101325.0))
    assert (wet >= dew - 1e-6).all() and (wet <= dry + 1e-6).all()


@pytest.mark.shared
def test_public_weather_files_are_read(shared_data: Path) -> None:
    """Three typical years of mild places have mild wet bulbs."""
    files = sorted((shared_data / "weather").glob("*.epw"))
    assert files
    means = [read_epw(file)["wet_bulb_c"].mean() for file in files]
    assert 8 < min(means) < max(means) < 15
