"""Place workloads with OR-Tools CP-SAT; needs ``numpy`` and ``ortools`` only, in its own process.

``python cp_sat_run.py PROBLEM ANSWER``: PROBLEM is an ``npz`` with ``use`` (class, column) and
``capacity`` (host, column) in whole units, ``members`` (class,) and ``today`` (class, host) counts
of workloads, ``allowed`` (class, host) bool, ``on_mw`` (host,) and ``run_mw`` (class, host)
milliwatts; ``group`` (rule, class) and ``domain`` (rule, host), −1 none, ``most`` (rule, group)
members in a domain; ``seconds`` and ``threads``. ANSWER is an ``npz`` with ``count``
(class, host) and ``status``.
"""

from __future__ import annotations

import sys
from typing import Any

import numpy as np
from ortools.sat.python import cp_model

Sum = cp_model.LinearExpr.weighted_sum


def solve(problem: Any) -> dict[str, Any]:
    """Build the model, hint today's placement and search for some seconds."""
    model = cp_model.CpModel()
    classes, hosts = problem["allowed"].shape
    allowed, members = problem["allowed"], problem["members"].tolist()
    count = [
        [model.new_int_var(0, members[g] if allowed[g, h] else 0, "") for h in range(hosts)]
        for g in range(classes)
    ]
    on = [model.new_bool_var("") for _ in range(hosts)]
    for g in range(classes):
        model.add(sum(count[g]) == members[g])
    for h in range(hosts):
        held = [row[h] for row in count]
        for use, room in zip(problem["use"].T.tolist(), problem["capacity"][h], strict=True):
            model.add(Sum([*held, on[h]], [*use, -int(room)]) <= 0)
    _limit_groups(model, problem, count)
    flat = [one for row in count for one in row]
    watts = [*problem["run_mw"].ravel().tolist(), *problem["on_mw"].tolist()]
    model.minimize(Sum([*flat, *on], watts))
    awake = problem["today"].sum(axis=0) > 0
    for variable, value in zip(flat, problem["today"].ravel().tolist(), strict=True):
        model.add_hint(variable, value)
    for variable, value in zip(on, awake.tolist(), strict=True):
        model.add_hint(variable, value)
    solver = cp_model.CpSolver()
    solver.parameters.cp_model_presolve = False
    solver.parameters.num_workers = int(problem["threads"])
    solver.parameters.max_time_in_seconds = float(problem["seconds"])
    status = solver.solve(model)
    found = np.zeros((classes, hosts), dtype=np.int64)
    if status in (cp_model.OPTIMAL, cp_model.FEASIBLE):
        found = np.array([[solver.value(one) for one in row] for row in count])
    return {"count": found, "status": solver.status_name(status)}


def _limit_groups(model: Any, problem: Any, count: list[list[Any]]) -> None:
    """At most so many members of a group in each domain."""
    rules = zip(problem["group"], problem["domain"], problem["most"], strict=True)
    for group, domain, most in rules:
        for g in np.unique(group[group >= 0]).tolist():
            inside = np.flatnonzero(group == g).tolist()
            for d in np.unique(domain[domain >= 0]).tolist():
                where = np.flatnonzero(domain == d).tolist()
                model.add(sum(count[c][h] for c in inside for h in where) <= int(most[g]))


def main() -> None:
    """Read the problem, solve it, write the answer."""
    with np.load(sys.argv[1]) as stored:
        problem = {name: stored[name] for name in stored.files}
    np.savez(sys.argv[2], **solve(problem))


if __name__ == "__main__":
    main()
