"""Metered data into a report: seconds and memory."""

from __future__ import annotations

import json
from pathlib import Path

from benchmarks.measure import dcopt, measure, python
from benchmarks.outcome import Outcome, Value

EXACT = 1e-9
"""Counters must give the generator's own totals to within rounding."""
METERS_PART = "meters:\n  table: meters.csv\n"


def meter_year(
    folder: Path, meters: float, minutes: float, form: str, limit_s: float, most_gb: float,
    recheck: float,
) -> Outcome:  # fmt: skip
    """Generate a year of meters and report the year; ``recheck`` reads it once more and compares
    with the truth."""
    site = folder / "site"
    measure(dcopt("init", site, "--site", "small"))
    sizes = ("--meters", str(int(meters)), "--minutes", str(int(minutes)), "--form", form)
    measure(python("-m", "benchmarks.generators.meters", site, *sizes))
    with (site / "reporting.yaml").open("a", encoding="utf-8") as stream:
        stream.write(METERS_PART)
    cost = measure(dcopt("report", site, "--period", "2026", "-o", folder / "report", "--json"))
    files = [path for path in (site / "meters").iterdir() if path.is_file()]
    row: dict[str, Value] = {
        "meters": int(meters),
        "file_mb": sum(path.stat().st_size for path in files) / 1e6,
        "report_cpu_s": cost.cpu_s,
        "report_wall_s": cost.wall_s,
        "peak_mb": cost.peak_mb,
    }
    is_exact = True
    if recheck:
        told = json.loads(measure(python("-m", "benchmarks.meter_year", site)).output)
        names = ("samples", "read_s", "windows_s", "worst_error")
        row |= {name: told[name] for name in names}
        is_exact = told["worst_error"] < EXACT and told["completeness"] == 1.0
    else:
        row["samples"] = _samples(folder / "report")
    is_small = cost.cpu_s < limit_s and cost.peak_mb < most_gb * 1024
    notes = (
        "processor time is judged, because the machine is shared",
        "the whole report: hash of every file, reading, hourly components, all tables and forms",
        "read and windows: the same reading once more, and the components of the year and its "
        "months; worst_error is to the generator's own totals of counters",
    )
    return Outcome([row], is_exact and is_small, notes)


def _samples(report: Path) -> int:
    """Return how many samples the report saw, by its table of data quality."""
    told = json.loads((report / "disclosure.json").read_text(encoding="utf-8"))
    table = told["outputs"]["data_quality"]["tables"][0]
    seen = [column["name"] for column in table["columns"]].index("seen")
    return int(sum(row[seen] for row in table["rows"]))
