"""Watts against moves on generated sites, with Rebalancer run beside us in its own environment."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.generators.consolidation_site import make_consolidation
from benchmarks.measure import ROOT, Cost, measure
from benchmarks.outcome import Outcome, UnavailableError, Value
from benchmarks.peers.judge import judge
from benchmarks.planned import Planned, plan
from optimiser.analysis.verdict import Placement
from optimiser.schema.plan import FrontierPoint
from optimiser.solve.problem import Problem, lower
from optimiser.store.runs import StoredRun, read_run
from optimiser.workflow.loading import load

SCRIPT = Path(__file__).parents[1] / "peers" / "rebalancer_run.py"
CLOSE = 0.005
NOTES = (
    "watts: idle and load power of the hosts in use, counted alike for every method; idle: the "
    "part that hosts draw without load, which is the goal the peer is given",
    "gap: to the bound of our run without a limit on moves; ours at equal moves: a run of its own "
    "with as many moves as the peer made",
    "searched: best plan of the search; where some of its workloads cannot get there by legal "
    "moves, the stored plan is the nearest that can be reached, and may need more watts",
    "peer: local search by single moves to its end, then with swaps; costs of hosts are given as "
    "shares of the largest, because in watts its goal has no slope on large sites",
    "at most k moves: the peer stopped after so many, beside the point of our curve of few moves",
)
SHARES = (0.1, 0.25, 0.5)
"""Moves of the peer, as shares of all that it makes, at which the curves are compared."""


def consolidation(
    folder: Path, *, workloads: int, hosts: int, time_limit_s: float, peer_s: float
) -> Outcome:
    """Plan a generated site freely, let the peer plan it, and plan it with the peer's moves."""
    interpreter = peer_python()
    site = make_consolidation(folder / "site", workloads, hosts)
    loaded = load(site)
    problem = lower(loaded.twin, loaded.rules, loaded.study.weights)
    free = plan(site, folder / "runs", time_limit_s)
    run = read_run(free.run)
    bound = run.plan.proof.bound
    where, cost = _ask(interpreter, problem, folder, peer_s)
    moves = int((where != problem.today).sum())
    ours = _row("dcopt plan", problem, hosts_of(problem, run), bound, free.cost)
    ours["searched_w"] = _searched(free)
    peer = _row("Rebalancer 1.0.4", problem, where, bound, cost)
    limited_site = make_consolidation(folder / "limited", workloads, hosts, max_moves=moves)
    limited = plan(limited_site, folder / "runs", time_limit_s)
    equal = _row(
        "dcopt plan, equal moves",
        problem,
        hosts_of(problem, read_run(limited.run)),
        bound,
        limited.cost,
    )
    equal["searched_w"] = _searched(limited)
    pairs = []
    for point in _compared(run, moves):
        stopped, cost = _ask(interpreter, problem, folder, peer_s, point.max_moves)
        theirs = _row(f"Rebalancer, {point.max_moves} moves", problem, stopped, point.bound, cost)
        pairs.append((_of_point(point), theirs))
    few = [row for pair in pairs for row in pair]
    is_met = _is_met(ours, peer, equal) and all(
        float(mine["watts"] or 0.0) <= float(theirs["watts"] or 0.0) for mine, theirs in pairs
    )
    notes = [*NOTES, f"the peer may search for {peer_s:g} s, ours for {time_limit_s:g} s"]
    return Outcome([ours, peer, equal, *few], is_met, tuple(notes))


def _compared(run: StoredRun, most: int) -> list[FrontierPoint]:
    """Return the points of our curve that are nearest to some shares of the peer's moves."""
    points = [point for point in run.plan.frontier if 0 < point.max_moves < most]
    if not points:
        return []
    wanted = [min(points, key=lambda p: abs(p.max_moves - share * most)) for share in SHARES]
    return list({point.max_moves: point for point in wanted}.values())


def _of_point(point: FrontierPoint) -> dict[str, Value]:
    """Return a point of the curve as a row; it was computed with the plan without a limit."""
    gap = None if point.bound is None else (point.objective - point.bound) / point.objective
    return {
        "method": f"dcopt, {point.max_moves} moves",
        "watts": point.objective,
        "bound": point.bound,
        "gap": gap,
        "moves": point.moves,
        "hosts_on": point.hosts_on,
    }


def _searched(planned: Planned) -> float | None:
    """Return the watts of the best plan of the search, before its moves were put in order."""
    return next((known.best for known in reversed(planned.ticks) if known.best is not None), None)


def _is_met(ours: dict[str, Value], peer: dict[str, Value], equal: dict[str, Value]) -> bool:
    gap, few, most = ours["gap"], equal["watts"], peer["watts"]
    assert isinstance(few, float)
    assert isinstance(most, float)
    is_close = isinstance(gap, float) and gap <= CLOSE
    return is_close and few <= most * (1 + 1e-9) and not ours["broken"] and not equal["broken"]


def peer_python() -> Path:
    """Return the interpreter of the peers. Raises ``UnavailableError`` when it is not there."""
    home = Path(os.environ.get("DCOPT_PEERS", ROOT.parent / "dcopt-peers"))
    found = home / "bin" / "python"
    if not found.is_file():
        raise UnavailableError(f"no peers in {home.name}: run make peers, or set DCOPT_PEERS")
    return found


def _ask(
    interpreter: Path,
    problem: Problem,
    folder: Path,
    time_limit_s: float,
    max_moves: int | None = None,
) -> tuple[np.ndarray, Cost]:
    """Return the hosts (workload,) that the peer chooses, and what its process cost."""
    source, target = folder / "problem.json", folder / "answer.json"
    source.write_text(json.dumps(_document(problem, time_limit_s, max_moves)), encoding="utf-8")
    cost = measure([interpreter, SCRIPT, source, target])
    chosen = json.loads(target.read_text(encoding="utf-8"))["where"]
    return np.array([int(chosen[str(w)]) for w in range(problem.num_workloads)]), cost


def _document(problem: Problem, seconds: float, max_moves: int | None) -> dict[str, Any]:
    """Return the problem as the peer's script reads it; names are numbers."""
    twin = problem.twin
    kind, rack = twin["host_kind"].values, twin["host_rack"].values
    idle = twin["kind_curve_w"].values[kind, 0]
    request = twin["flavour_request"].values[problem.flavour]
    service, room = twin["workload_service"].values, twin["host_capacity"].values
    hosts = [
        {
            "name": str(h), "rack": str(rack[h]), "idle_w": float(idle[h]),
            "cpu": int(room[h, 0]), "memory": int(room[h, 1]),
        }
        for h in range(problem.num_hosts)
    ]  # fmt: skip
    workloads = [
        {
            "name": str(w), "service": str(service[w]), "host": str(problem.today[w]),
            "cpu": int(request[w, 0]), "memory": int(request[w, 1]),
        }
        for w in range(problem.num_workloads)
    ]  # fmt: skip
    return {"hosts": hosts, "workloads": workloads, "seconds": seconds, "max_moves": max_moves}


def hosts_of(problem: Problem, run: StoredRun) -> np.ndarray:
    """Return the host of each workload in a stored plan (workload,)."""
    names = problem.twin["host"].values.astype(str).tolist()
    number = {name: index for index, name in enumerate(names)}
    chosen = {row.workload: number[row.host] for row in run.placements()}
    return np.array([chosen[name] for name in problem.twin["workload"].values.astype(str)])


def _row(
    method: str, problem: Problem, host: np.ndarray, bound: float | None, cost: Cost
) -> dict[str, Value]:
    on = np.zeros(problem.num_hosts, dtype=bool)
    on[host] = True
    found = judge(problem, Placement(host, on))
    kind = problem.twin["host_kind"].values
    return {
        "method": method,
        "watts": found.objective,
        "idle_w": float(problem.twin["kind_curve_w"].values[kind[on], 0].sum()),
        "bound": bound,
        "gap": None if bound is None else (found.objective - bound) / found.objective,
        "moves": int((host != problem.today).sum()),
        "hosts_on": found.hosts_on,
        "broken": found.broken,
        "wall_s": cost.wall_s,
        "cpu_s": cost.cpu_s,
        "peak_mb": cost.peak_mb,
    }
