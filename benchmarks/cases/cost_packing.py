"""Cloud balancing: the cost of the computers in use after a minute, beside published values."""

from __future__ import annotations

import json
from pathlib import Path

from benchmarks.measure import dcopt, measure
from benchmarks.outcome import Outcome, Value
from benchmarks.planned import plan
from benchmarks.shared import shared_data
from optimiser.store.runs import StoredRun, read_run

CLOSE = 0.01
BOUND = {"100computers-300processes": 96_670, "400computers-1200processes": 361_010}
"""Lower bounds known before (``BENCHMARKS.md`` §4b of the design)."""
PEERS = {
    "100computers-300processes": {
        "Timefold (Java)": 115_290, "Rebalancer, local optimum": 125_040, "CP-SAT": 101_540,
        "monolithic HiGHS": 110_240, "a 40-line LNS": 96_720,
    },
    "400computers-1200processes": {
        "Timefold (Java)": 447_220, "Rebalancer, local optimum": 496_880, "CP-SAT": 521_610,
        "monolithic HiGHS": 490_580, "a 40-line LNS": 388_950,
    },
}  # fmt: skip
NOTES = (
    "gap: to the bound of our own run; gap to known bound: to the one that was known before",
    "peers: values of the same table, 60 s and two cores, not run again here",
    "cost is summed again from the stored placement and the file",
)


def cost_packing(folder: Path, *, name: str, time_limit_s: float) -> Outcome:
    """Import a problem, plan it, and put the cost beside what others reached."""
    source, site = shared_data("cloud-balancing") / f"{name}.json", folder / "site"
    measure(dcopt("import", "cloud-balancing", source, "-o", site))
    planned = plan(site, folder / "runs", time_limit_s)
    run = read_run(planned.run)
    cost, bound = _cost(source, run), run.plan.proof.bound
    ours: dict[str, Value] = {
        "method": "dcopt plan",
        "cost": cost,
        "bound": bound,
        "gap": None if bound is None else (cost - bound) / cost,
        "gap_to_known_bound": cost / BOUND[name] - 1,
        "first_plan_s": None if planned.first is None else planned.first.wall_s,
        "wall_s": planned.cost.wall_s,
        "cpu_s": planned.cost.cpu_s,
    }
    others: list[dict[str, Value]] = [
        {"method": method, "cost": value, "gap_to_known_bound": value / BOUND[name] - 1}
        for method, value in PEERS[name].items()
    ]
    return Outcome([ours, *others], cost <= (1 + CLOSE) * BOUND[name], NOTES)


def _cost(source: Path, run: StoredRun) -> int:
    """Return the cost of the computers in use. Raises ``RuntimeError`` when one is overfull."""
    document = json.loads(source.read_text(encoding="utf-8"))
    computers = {f"computer-{c['id']}": c for c in document["computerList"]}
    processes = {f"process-{p['id']}": p for p in document["processList"]}
    where = {row.workload: row.host for row in run.placements()}
    if set(where) != set(processes):
        raise RuntimeError("the plan does not place each process once")
    for own, need in (
        ("cpuPower", "requiredCpuPower"),
        ("memory", "requiredMemory"),
        ("networkBandwidth", "requiredNetworkBandwidth"),
    ):
        load = dict.fromkeys(computers, 0)
        for process, computer in where.items():
            load[computer] += processes[process][need]
        if any(load[name] > computer[own] for name, computer in computers.items()):
            raise RuntimeError(f"a computer has too little {own}")
    return sum(computers[name]["cost"] for name in set(where.values()))
