"""Plans of real data sets beside the field's heuristics, judged alike."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

import numpy as np

from benchmarks.measure import Cost, dcopt, measure
from benchmarks.outcome import Outcome, Value
from benchmarks.peers.heuristics import PEERS
from benchmarks.peers.judge import judge
from benchmarks.planned import Planned, plan
from benchmarks.shared import shared_data
from optimiser.analysis.verdict import Placement, placement_from_rows
from optimiser.solve.problem import Problem, lower
from optimiser.store.runs import read_run
from optimiser.workflow.loading import load

PUBLISHED_KWH = {"20110303": 163.48, "20110306": 123.28, "20110309": 142.09}
"""LR-MMT 1.2 in CloudSim, doi:10.1002/cpe.1867 (``BENCHMARKS.md`` of the design)."""
JUDGED = (
    "every placement is judged by the same simulation, objective and checker in the same run",
    "first fit takes workloads and hosts as listed; the decreasing ones sort by size",
    "gap: (objective - proven bound) / objective; objective: energy, carbon and hosts on",
)


def gpu_cluster(folder: Path, *, pods: str, which: str, time_limit_s: float) -> Outcome:
    """Import the trace with ``dcopt import``, plan it, and let the peers place the same pods."""
    site, source = folder / "gpu", shared_data("alibaba-gpu-2023")
    chosen = ("--pods", pods, "--which", which)
    told = measure(dcopt("import", "alibaba-gpu", source, "-o", site, *chosen)).output
    rows, met = compare(site, folder, time_limit_s)
    note = told.splitlines()[1].strip()
    return Outcome(rows, met, (note, *JUDGED))


def planetlab(folder: Path, *, day: str, memory: str, time_limit_s: float) -> Outcome:
    """Import a day, plan it once for all 288 steps, and let the peers do the same."""
    site, source = folder / "pl", shared_data(f"planetlab/{day}")
    measure(dcopt("import", "planetlab", source, "-o", site, "--memory", memory))
    rows, met = compare(site, folder, time_limit_s)
    floor = cpu_only_floor_kwh(problem_of(site))
    for row in rows:
        row["kwh_over_floor"] = _number(row["kwh_per_day"]) / floor
    notes = (
        f"floor: {floor:.2f} kWh if CPU could be split and moved freely at every step, on the "
        "most efficient host at its best load; no static placement can reach it",
        "all methods here place once for the whole day and know it (offline, no overload ever); "
        f"LR-MMT, online with about 25,000 migrations, is published with {PUBLISHED_KWH[day]} kWh "
        "without memory",
    )
    return Outcome(rows, met, (*notes, *JUDGED))


def compare(site: Path, folder: Path, time_limit_s: float) -> tuple[list[dict[str, Value]], bool]:
    """Return a row per method, ours first, and whether ours is legal and uses least energy."""
    return beside_peers(problem_of(site), plan(site, folder / "runs", time_limit_s))


def beside_peers(
    problem: Problem, planned: Planned, others: Sequence[tuple[str, Placement, Cost]] = ()
) -> tuple[list[dict[str, Value]], bool]:
    """Let the peers place what was planned, and judge ``others`` too; see :func:`compare`."""
    run = read_run(planned.run)
    rows = [_our_row(problem, planned)]
    for name, place in PEERS.items():
        began, cpu = time.monotonic(), time.process_time()
        room = place(problem)
        wall_s, cpu_s = time.monotonic() - began, time.process_time() - cpu
        devices = room.devices if problem.device_size else None
        found = asdict(judge(problem, Placement(room.host, room.on, devices)))
        rows.append({"method": name, **found, "wall_s": wall_s, "cpu_s": cpu_s})
    for name, placement, cost in others:
        spent: dict[str, Value] = {"wall_s": cost.wall_s, "cpu_s": cost.cpu_s}
        rows.append({"method": name, **asdict(judge(problem, placement)), **spent})
    for row in rows:
        # serving fewer workloads costs less, so its distance to the bound says nothing
        bound = None if row["unplaced"] else run.plan.proof.bound
        row["gap"] = _gap(_number(row["objective"]), bound)
        row["kwh_over_ours"] = _number(row["kwh_per_day"]) / _number(rows[0]["kwh_per_day"])
    complete = [row for row in rows[1:] if not row["unplaced"]]
    least = min((_number(row["kwh_per_day"]) for row in complete), default=np.inf)
    is_legal = rows[0]["unplaced"] == 0 and rows[0]["broken"] == 0
    return rows, is_legal and _number(rows[0]["kwh_per_day"]) < least


def _our_row(problem: Problem, planned: Planned) -> dict[str, Value]:
    run = read_run(planned.run)
    import pandas as pd

    table = pd.DataFrame(run.placements())
    placement, _ = placement_from_rows(problem.twin, table, run.plan.hosts_on)
    return {
        "method": "dcopt plan",
        **asdict(judge(problem, placement)),
        "wall_s": planned.cost.wall_s,
        "cpu_s": planned.cost.cpu_s,
        "first_plan_cpu_s": None if planned.first is None else planned.first.cpu_s,
    }


def problem_of(site: Path) -> Problem:
    loaded = load(site)
    return lower(loaded.twin, loaded.rules, loaded.study.weights)


def cpu_only_floor_kwh(problem: Problem) -> float:
    """Return the energy if load were divisible and free to move at every step [kWh a day].

    Demand at each step times the least power per unit of any kind at any load from 10 % on;
    standby of sleeping hosts is left out, so it is a floor for every method.
    """
    twin = problem.twin
    column, kind = problem.power_column, twin["host_kind"].values
    demand = problem.use[problem.flavour][:, column].sum(axis=0)
    curve = twin["kind_curve_w"].values[kind][:, 1:]
    load = np.arange(1, curve.shape[1] + 1) / curve.shape[1]
    per_unit = (curve / (load * problem.capacity[:, column[:1]])).min()
    step_h = np.bincount(twin["step_of_time"].values, weights=twin["period_h"].values)
    return float((demand * step_h).sum() * per_unit / 1e3 * 24.0 / step_h.sum())


def _gap(objective: float, bound: float | None) -> float | None:
    return None if bound is None else (objective - bound) / max(abs(objective), 1e-9)


def _number(value: Value) -> float:
    assert isinstance(value, int | float)
    return float(value)
