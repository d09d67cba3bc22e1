"""Run Rebalancer on a consolidation problem; needs CPython 3.12 and ``rebalancer`` only.

``python rebalancer_run.py PROBLEM ANSWER``: PROBLEM is JSON with ``hosts`` (name, rack, idle_w,
amounts), ``workloads`` (name, service, host, amounts), ``seconds`` and ``max_moves`` (null for no
limit); ANSWER gets ``where`` (workload → host), ``wall_s`` and ``cpu_s``.
"""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path
from typing import Any

from rebalancer import ProblemSolver  # type: ignore[import-not-found]

STAGES = (("singleMoveTypeSpec",), ("singleMoveTypeSpec", "swapMoveTypeSpec"))
"""Kinds of moves of each local search, one after the other: single moves to their end, then with
swaps."""
ABSOLUTE = 1
"""Enumerations go by number here; this one limits counts rather than shares."""


def build(problem: dict[str, Any]) -> Any:
    """Return the solver of a problem: capacities, racks apart, least idle watts of hosts in use."""
    solver = ProblemSolver(service_name="rebalancer", service_scope="consolidation")
    solver.set_object_name("workload").set_container_name("host")
    solver.disable_solution_summary()
    here: dict[str, list[str]] = {host["name"]: [] for host in problem["hosts"]}
    services: dict[str, list[str]] = {}
    for workload in problem["workloads"]:
        here[workload["host"]].append(workload["name"])
        services.setdefault(workload["service"], []).append(workload["name"])
    solver.set_assignment(here)
    solver.add_scope("rack", {host["name"]: host["rack"] for host in problem["hosts"]})
    solver.add_partition("service", services)
    for resource in ("cpu", "memory"):
        needs = {w["name"]: float(w[resource]) for w in problem["workloads"]}
        room = {h["name"]: float(h[resource]) for h in problem["hosts"]}
        solver.add_object_dimension(resource, needs)
        solver.add_container_dimension(resource, room)
        spec = {"name": resource, "scope": "host", "dimension": resource}
        solver.add_constraint({"capacitySpec": spec})
    apart = {
        "name": "apart", "scope": "rack", "partitionName": "service",
        "limit": {"type": ABSOLUTE, "globalLimit": 1},
    }  # fmt: skip
    solver.add_constraint({"groupCountSpec": apart})
    # costs above one flatten the smooth form of the goal: with watts no single move gains anything
    most = max(float(host["idle_w"]) for host in problem["hosts"])
    costs = {host["name"]: float(host["idle_w"]) / most for host in problem["hosts"]}
    free = {"name": "idle", "scope": "host", "dimension": "cpu", "containerCosts": costs}
    solver.add_goal({"minimizeContainersSpec": free})
    # a limit of moves counts for each stage
    for kinds in STAGES if problem["max_moves"] is None else STAGES[:1]:
        solver.add_solver({"localSearchSolverSpec": _search(problem, kinds)})
    return solver


def _search(problem: dict[str, Any], kinds: tuple[str, ...]) -> dict[str, Any]:
    search: dict[str, Any] = {
        "solveTime": int(problem["seconds"] / len(STAGES)),
        "moveTypeList": [{kind: {}} for kind in kinds],
        "randomSeed": 1,
    }
    if problem["max_moves"] is not None:
        search["stopAfterMoves"] = int(problem["max_moves"])
    return search


def main(source: str, target: str) -> None:
    """Solve the problem in a file and write the answer to another."""
    problem = json.loads(Path(source).read_text(encoding="utf-8"))
    began, cpu = time.monotonic(), time.process_time()
    solution = build(problem).solve()
    answer = {
        "where": solution["assignment"],
        "wall_s": time.monotonic() - began,
        "cpu_s": time.process_time() - cpu,
    }
    Path(target).write_text(json.dumps(answer), encoding="utf-8")


if __name__ == "__main__":
    main(*sys.argv[1:])
