"""One judge for every method: the same simulation, objective and checker."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from optimiser.analysis.verdict import Placement
from optimiser.analysis.verify import verify
from optimiser.solve.objective import evaluate
from optimiser.solve.problem import Problem
from optimiser.twin.simulate import simulate, summary


@dataclass(frozen=True)
class Judgement:
    """What a placement is worth.

    ``kwh_per_day`` facility energy by the full simulation; ``objective`` in money over the
    horizon as the planner counts it; ``unplaced`` workloads without a host; ``broken`` limits of
    hard rules that are not kept, unplaced workloads apart.
    """

    hosts_on: int
    kwh_per_day: float
    objective: float
    unplaced: int
    broken: int


def judge(problem: Problem, placement: Placement) -> Judgement:
    """Simulate, price and check a placement."""
    twin, host, on = problem.twin, np.asarray(placement.host), np.asarray(placement.host_on)
    told = summary(simulate(twin, host, on), twin)
    # a workload that runs nowhere has no devices either, which is no second fault
    devices = placement.devices if (host >= 0).all() else None
    verdict = verify(twin, problem.rules, Placement(host, on, devices))
    hard = {violation.rule for violation in verdict.violations} - {"assign"}
    return Judgement(
        hosts_on=int(on.sum()),
        kwh_per_day=told["facility_kwh"] * 24.0 / told["hours"],
        objective=sum(evaluate(problem, host, on).values()),
        unplaced=int((host < 0).sum()),
        broken=sum(count for rule, count in verdict.broken.items() if rule in hard),
    )
