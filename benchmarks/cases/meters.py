"""Metered data into hourly components: seconds and memory."""

from __future__ import annotations

import json
from pathlib import Path

from benchmarks.measure import measure, python
from benchmarks.outcome import Outcome, Value

EXACT = 1e-9
"""Counters must give the generator's own totals to within rounding."""


def meter_year(
    folder: Path, meters: float, minutes: float, form: str, limit_s: float, most_gb: float
) -> Outcome:
    """Generate a year of meters, then read it into components and sum every window of it."""
    site = folder / "site"
    sizes = ("--meters", str(int(meters)), "--minutes", str(int(minutes)), "--form", form)
    measure(python("-m", "benchmarks.generators.meters", site, *sizes))
    cost = measure(python("-m", "benchmarks.meter_year", site))
    told = json.loads(cost.output)
    row: dict[str, Value] = {
        "meters": told["series"],
        "samples": told["samples"],
        "file_mb": sum(f.stat().st_size for f in site.rglob("*") if f.is_file()) / 1e6,
        "read_s": told["read_s"],
        "windows_s": told["windows_s"],
        "wall_s": cost.wall_s,
        "cpu_s": cost.cpu_s,
        "peak_mb": cost.peak_mb,
        "worst_error": told["worst_error"],
    }
    is_exact = told["worst_error"] < EXACT and told["completeness"] == 1.0
    is_small = cost.cpu_s < limit_s and cost.peak_mb < most_gb * 1024
    notes = (
        "processor time is judged, because the machine is shared",
        "hash of every file, register, reading, hourly components, and the common windows of the "
        "year and its months included; worst_error is to the generator's own totals of counters",
    )
    return Outcome([row], is_exact and is_small, notes)
