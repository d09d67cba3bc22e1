"""OR-Tools CP-SAT beside us: workloads of one kind counted per host, least watts of the hosts.

It is told what a linear model of whole numbers can be told without further thought: capacity in
every step, which hosts a workload may use, how many of a group a domain may hold, and today's
placement to begin with. A host costs its power without load and what its full load adds, shared by
load. Limits of racks, feeds and cooling are left out and counted as broken afterwards. It goes
without presolve: with it, it found no plan of 1,000 hosts within its time.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from benchmarks.measure import Cost, measure, python
from optimiser.analysis.verdict import Placement
from optimiser.solve.objective import envelope_w
from optimiser.solve.problem import Problem

SCRIPT = Path(__file__).with_name("cp_sat_run.py")
MILLI = 1e3
NAME = "OR-Tools CP-SAT"
NOTE = (
    "CP-SAT: kinds of workloads counted per host, capacity in every step, groups apart, today as "
    "a hint, least watts; no presolve, with which it finds none in time; two threads, a process of "
    "its own"
)


def place(problem: Problem, folder: Path, seconds: float) -> tuple[Placement, Cost, str]:
    """Return CP-SAT's placement with what it cost and its word for how it ended."""
    given, found = folder / "cp-sat.npz", folder / "cp-sat-answer.npz"
    np.savez(given, **_model(problem), seconds=seconds, threads=2)
    cost = measure(python(SCRIPT, given, found))
    with np.load(found) as answer:
        count, status = answer["count"], str(answer["status"])
    host = _unfold(problem, count)
    on = np.zeros(problem.num_hosts, dtype=bool)
    on[host[host >= 0]] = True
    return Placement(host, on), cost, status


def _model(problem: Problem) -> dict[str, np.ndarray]:
    kind, counts = problem.frame.workload_class, problem.counts
    members, first = np.bincount(kind), np.unique(kind, return_index=True)[1]
    flavour, eligibility = problem.flavour[first], problem.eligibility
    shape = (len(members), problem.num_hosts)
    today = np.zeros(shape, dtype=np.int64)
    np.add.at(today, (kind[problem.today >= 0], problem.today[problem.today >= 0]), 1)
    idle, span = _watts(problem)
    column = problem.power_column
    load = problem.use[flavour][:, column].mean(axis=1)[:, None]
    run = span[None, :] * load / np.maximum(problem.rated[:, column[0]], 1)[None, :]
    return {
        "use": problem.use[flavour],
        "capacity": problem.capacity,
        "members": members,
        "today": today,
        "allowed": eligibility.allowed[eligibility.of_workload[first]],
        "on_mw": np.rint(idle * MILLI).astype(np.int64),
        "run_mw": np.rint(run * MILLI).astype(np.int64),
        "group": counts.group[:, first],
        "domain": counts.domain,
        "most": counts.cap,
    }


def _watts(problem: Problem) -> tuple[np.ndarray, np.ndarray]:
    """Return what each host draws more than asleep without load, and what full load adds [W]."""
    kind = problem.twin["host_kind"].values
    ends = np.tile([0.0, 1.0], (problem.num_hosts, 1))
    power = envelope_w(problem, kind, ends)
    idle = power[:, 0] - problem.twin["kind_standby_w"].values[kind]
    return idle, power[:, 1] - power[:, 0]


def _unfold(problem: Problem, count: np.ndarray) -> np.ndarray:
    """Return a host for each workload (workload,) from counts (class, host); −1 where short."""
    host = np.full(problem.num_workloads, -1, dtype=np.int32)
    kind = problem.frame.workload_class
    for number, row in enumerate(count):
        where = np.repeat(np.arange(len(row)), row)
        host[np.flatnonzero(kind == number)[: len(where)]] = where
    return host
