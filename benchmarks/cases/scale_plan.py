"""Plans of the scale instances: how soon, how good, how large."""

from __future__ import annotations

from pathlib import Path

from benchmarks.cases.against_peers import JUDGED, beside_peers, problem_of
from benchmarks.measure import measure, python
from benchmarks.outcome import Outcome
from benchmarks.peers import cp_sat
from benchmarks.planned import at_most, course, plan, warm_up

LARGEST_FOR_PEERS = 20_000
"""Workloads beyond which the heuristics, which look at every host for each, take too long."""


def scale_plan(
    folder: Path, *, hosts: float, workloads: float, time_limit_s: float, first_s: float,
    most_gb: float, most_gap: float,
) -> Outcome:  # fmt: skip
    """Generate a scale instance and plan it; beside the heuristics where they are fast enough."""
    name, site = f"scale-{hosts:.0f}x{workloads:.0f}", folder / "site"
    measure(python("-m", "benchmarks.generators.sites", name, "-o", site))
    warm_up(folder)
    planned = plan(site, folder / "runs", time_limit_s)
    row = {"method": "dcopt plan", **course(planned)}
    row["cpu_ms_per_workload"] = planned.cost.cpu_s * 1e3 / workloads
    met = (
        at_most(row["first_plan_s"], first_s)
        and at_most(row["gap_at_end"], most_gap)
        and at_most(row["peak_mb"], most_gb * 1024.0)
    )
    rows, notes = [row], ["seconds count from the start of the process, reading included"]
    if workloads <= LARGEST_FOR_PEERS:
        problem = problem_of(site)
        placement, cost, ended = cp_sat.place(problem, folder, time_limit_s)
        judged, is_best = beside_peers(problem, planned, [(cp_sat.NAME, placement, cost)])
        rows += judged[1:]
        met = met and is_best
        notes += [*JUDGED, f"{cp_sat.NOTE}; it ended {ended} after {time_limit_s:g} s of search"]
    return Outcome(rows, met, tuple(notes))
