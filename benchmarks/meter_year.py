"""Read a folder of generated meter data as ``dcopt report`` does, and print one line of JSON.

Run: ``python -m benchmarks.meter_year FOLDER``. The phases are reading (files to hourly components)
and windows (the components of the year and of each month, at the same hours).
"""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path


def main(folder: Path) -> None:
    """Read, sum, compare with the generator's truth and print what it took."""
    from optimiser.analysis.kpi.components import Components
    from optimiser.library.meters.read import read_meters
    from optimiser.library.meters.register import read_register
    from optimiser.schema.period import parse_period
    from optimiser.schema.reporting import Gaps

    truth = json.loads((folder / "truth.json").read_text(encoding="utf-8"))
    period = parse_period(truth["period"], truth["zone"])
    began = time.monotonic()
    register, problems = read_register(folder / "meters.csv", truth["zone"], 2.0)
    if register is None or problems:
        raise SystemExit("\n".join(str(problem) for problem in problems))
    parts = Components(read_meters(register, period, Gaps()))
    read_s = time.monotonic() - began
    year = parts.window(period, parts.roles)
    for month in period.months():
        parts.window(month, parts.roles)
    errors = [
        abs((parts.window(period, [role])[role].value or 0.0) / total - 1)
        for role, total in truth["amounts"].items()
    ]
    told = {
        "samples": int(parts.checks["seen"].sum()),
        "series": len(parts.facts),
        "read_s": read_s,
        "windows_s": time.monotonic() - began - read_s,
        "worst_error": max(errors),
        "completeness": min(quantity.completeness for quantity in year.values()),
        "pue": (year["e_grid"].value or 0.0) / (year["e_it_ups"].value or 1.0),
    }
    print(json.dumps(told))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
