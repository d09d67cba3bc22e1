"""The demo site: how soon a verified plan is there and how good it is after a minute."""

from __future__ import annotations

from pathlib import Path

from benchmarks.measure import dcopt, measure
from benchmarks.outcome import Outcome
from benchmarks.planned import at_most, course, plan


def demo_plan(folder: Path, *, time_limit_s: float) -> Outcome:
    """Plan the bundled demo site in a process of its own."""
    site = folder / "demo"
    measure(dcopt("init", site, "--site", "demo"))
    planned = plan(site, folder / "runs", time_limit_s)
    row = course(planned)
    in_time = planned.first is not None and planned.first.wall_s <= 5.0
    is_close = at_most(row["gap_at_end"], 0.02)
    notes = (
        "seconds count from the start of the process, imports included; kernels compiled before",
        "wall seconds include what other work on the machine took; peak memory of one process",
    )
    return Outcome([row], in_time and is_close, notes)
