"""A plan that nobody will wait for: run as a process, to be stopped from outside.

Prints a line of JSON per tick and, when the engine returns, what it kept.
"""

from __future__ import annotations

import json

from instances.medium_sites import medium_site

from optimiser.analysis.verify import verify
from optimiser.schema.study import SolverSettings, Study
from optimiser.solve.candidate import Candidate
from optimiser.solve.engine import solve_study
from optimiser.solve.progress import Tick
from optimiser.workflow.plan_document import placement_of


def main() -> None:
    """Plan with a gap that is never reached."""
    _, twin, rules = medium_site(num_hosts=16, num_workloads=60)

    def report(tick: Tick) -> None:
        print(json.dumps({"tick": tick.phase, "best": tick.best}), flush=True)

    def check(candidate: Candidate) -> float | None:
        verdict = verify(twin, rules, placement_of(twin, candidate))
        return verdict.penalty if verdict.is_legal else None

    study = Study(solver=SolverSettings(time_limit_s=600.0, gap=0.0))
    result = solve_study(twin, rules, study, report, check)
    kept = {
        "status": result.status,
        "objective": result.candidate.objective,
        "is_legal": check(result.candidate) is not None,
    }
    print(json.dumps(kept), flush=True)


if __name__ == "__main__":
    main()
