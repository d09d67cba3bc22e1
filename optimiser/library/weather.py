"""Weather files: EPW (typical years of EnergyPlus) with the wet bulb computed."""

from __future__ import annotations

import csv
import io
from pathlib import Path

import numpy as np
import pandas as pd

from optimiser.errors import InputError, Problem, raise_all
from optimiser.library.files import SourceFile, read_text
from optimiser.library.findings import Findings
from optimiser.library.psychrometrics import wet_bulb_c

HEADER_LINES = 8
TYPICAL_YEAR = 2025  # stands for the mixed years of a typical year; a year without leap day
LEAP_YEAR = 2024
_COLUMNS = 35

# column, position, value that means missing, lowest and highest plausible value
_FIELDS = (
    ("dry_bulb_c", 6, 99.9, -90.0, 60.0),
    ("dew_point_c", 7, 99.9, -90.0, 60.0),
    ("relative_humidity_fraction", 8, 999.0, 0.0, 110.0),
    ("pressure_pa", 9, 999999.0, 31000.0, 120000.0),
)


def read_epw(path: Path) -> pd.DataFrame:
    """Read an EPW file of hourly values over a year.

    Columns: ``time`` (start of the hour, UTC, all in one stand-in year), ``dry_bulb_c``,
    ``dew_point_c``, ``relative_humidity_fraction``, ``pressure_pa`` and ``wet_bulb_c``, which is
    computed from the others. Relative humidity above saturation is cut to 1.

    Raises ``InputError`` for files that are not EPW, not hourly, incomplete, or that mark values
    as missing; nothing is filled in.
    """
    return parse_epw(read_text(path))


def parse_epw(source: SourceFile) -> pd.DataFrame:
    """Parse the text of an EPW file; see :func:`read_epw`."""
    rows = list(csv.reader(io.StringIO(source.text)))
    offset_h = _utc_offset(rows, source)
    body = [row for row in rows[HEADER_LINES:] if row]
    findings = Findings(source.path, np.arange(len(body)) + HEADER_LINES + 1)
    _check_shape(body, source)
    frame = pd.DataFrame({"time": _times(body, offset_h, findings)})
    for name, position, missing, low, high in _FIELDS:
        frame[name] = _values(body, name, position, (missing, low, high), findings)
    raise_all(findings.problems)
    frame["relative_humidity_fraction"] = (frame["relative_humidity_fraction"] / 100).clip(upper=1)
    frame["wet_bulb_c"] = wet_bulb_c(
        frame["dry_bulb_c"].to_numpy(),
        frame["dew_point_c"].to_numpy(),
        frame["pressure_pa"].to_numpy(),
    )
    return frame


def _utc_offset(rows: list[list[str]], source: SourceFile) -> float:
    """Return the hours by which the station's standard time is ahead of UTC."""
    first = rows[0] if rows else []
    try:
        if first[0].strip().upper() == "LOCATION" and -12 <= float(first[8]) <= 14:
            return float(first[8])
    except (IndexError, ValueError):
        pass
    raise InputError(
        Problem(
            what="is not an EPW weather file",
            file=str(source.path),
            line=1,
            value=",".join(first) or None,
            expected="LOCATION,city,state,country,source,WMO,latitude,longitude,time zone,altitude",
            remedy="give an .epw file, or a CSV with time,dry_bulb_c,wet_bulb_c",
        )
    )


def _check_shape(body: list[list[str]], source: SourceFile) -> None:
    problems = [
        Problem(
            what="wrong number of values",
            file=str(source.path),
            line=HEADER_LINES + 1 + index,
            value=f"{len(row)} values",
            expected=f"{_COLUMNS} values",
        )
        for index, row in enumerate(body)
        if len(row) < _COLUMNS - 3  # old files lack the last columns
    ]
    if len(body) not in (8760, 8784) and not problems:
        problems.append(
            Problem(
                what="does not hold the hours of one year",
                file=str(source.path),
                value=f"{len(body)} rows of data",
                expected="8760 or 8784 hourly rows",
            )
        )
    raise_all(problems[:5])


def _times(body: list[list[str]], offset_h: float, findings: Findings) -> pd.Series:
    parts = [_whole(row[1:4]) for row in body]
    year = LEAP_YEAR if len(body) == 8784 else TYPICAL_YEAR
    month, day, hour = (np.array(column) for column in zip(*parts, strict=True))
    text = pd.DataFrame({"year": year, "month": month, "day": day, "hour": hour - 1})
    local = pd.to_datetime(text, errors="coerce").astype("datetime64[s]")
    expected = pd.date_range(f"{year}-01-01", periods=len(body), freq="h", unit="s")
    wrong = np.flatnonzero(local.to_numpy() != expected.to_numpy())
    findings.add(
        "month, day, hour", "is out of order", wrong[:1], parts, "hours 1 to 24, day by day"
    )
    shifted = pd.Series(expected) - pd.Timedelta(minutes=round(offset_h * 60))
    return shifted.dt.tz_localize("UTC")


def _whole(cells: list[str]) -> tuple[int, ...]:
    return tuple(int(cell) if cell.strip().isdigit() else 0 for cell in cells)


def _values(
    body: list[list[str]],
    name: str,
    position: int,
    limits: tuple[float, float, float],
    findings: Findings,
) -> np.ndarray:
    missing, low, high = limits
    text = [row[position].strip() for row in body]
    values = pd.to_numeric(pd.Series(text, dtype=object), errors="coerce").to_numpy(dtype=float)
    absent = np.isnan(values) | (values >= missing)
    findings.add(name, "is missing or not a number", np.flatnonzero(absent), text)
    outside = ~absent & ((values < low) | (values > high))
    expected = f"{low:g} to {high:g}"
    findings.add(name, "is not plausible", np.flatnonzero(outside), text, expected)
    return values
