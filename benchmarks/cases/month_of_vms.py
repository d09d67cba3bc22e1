"""A month of enterprise VMs: what packing hour by hour saves against packing peaks."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path

import numpy as np

from benchmarks.cases.against_peers import problem_of
from benchmarks.cases.consolidation import hosts_of
from benchmarks.measure import dcopt, measure
from benchmarks.outcome import Outcome, Value
from benchmarks.peers.judge import judge
from benchmarks.planned import at_most, plan
from benchmarks.shared import shared_data
from optimiser.analysis.verdict import Placement
from optimiser.store.runs import read_run

FILE = "rnd-2013-7.parquet"
CLOSE = 0.01
NOTES = (
    "every placement is judged on the demand of all hours: kwh over the horizon's mean day; the "
    "plan of peaks was made on a site where each VM uses its most at all hours",
    "both plans know the month; gap: to the bound of the plan's own site",
    "hosts are 64 equal servers of the library with 32 cores and 128 GiB: the trace holds none",
)


def month_of_vms(folder: Path, *, time_limit_s: float) -> Outcome:
    """Plan the month hour by hour and by peaks with ``dcopt plan``; judge both alike."""
    source = shared_data("bitbrains") / FILE
    rows: list[dict[str, Value]] = []
    sites = {"hours": folder / "hours", "peaks": folder / "peaks"}
    for demand, site in sites.items():
        measure(dcopt("import", "bitbrains", source, "-o", site, "--demand", demand))
    problem = problem_of(sites["hours"])
    for demand, site in sites.items():
        planned = plan(site, folder / "runs", time_limit_s)
        run = read_run(planned.run)
        host = hosts_of(problem, run)
        rows.append(
            {
                "packing": demand,
                **asdict(judge(problem, _placement(host, problem.num_hosts))),
                "gap": run.plan.proof.gap,
                "wall_s": planned.cost.wall_s,
                "cpu_s": planned.cost.cpu_s,
                "peak_mb": planned.cost.peak_mb,
            }
        )
    spread = judge(problem, _placement(problem.today, problem.num_hosts))
    rows.append({"packing": "none: spread over all", **asdict(spread)})
    for row in rows:
        row["kwh_over_hours"] = _number(row["kwh_per_day"]) / _number(rows[0]["kwh_per_day"])
    is_legal = rows[0]["broken"] == 0 and rows[0]["unplaced"] == 0
    met = is_legal and at_most(rows[0]["gap"], CLOSE) and _number(rows[1]["kwh_over_hours"]) > 1.0
    return Outcome(rows, met, NOTES)


def _placement(host: np.ndarray, num_hosts: int) -> Placement:
    on = np.zeros(num_hosts, dtype=bool)
    on[host[host >= 0]] = True
    return Placement(host, on)


def _number(value: Value) -> float:
    assert isinstance(value, int | float)
    return float(value)
