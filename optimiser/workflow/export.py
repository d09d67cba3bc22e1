"""Write a stored plan in another tool's form."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from optimiser.connect.roadef_files import assignment_text
from optimiser.errors import RefusedError, UsageError
from optimiser.workflow.verify import judge_placement, open_run


@dataclass(frozen=True)
class ExportReport:
    """The file that was written: how many workloads, how many of them moved, and the objective."""

    run: Path
    target: Path
    workloads: int
    moved: int
    objective: float

    def to_dict(self) -> dict[str, object]:
        """Return the report as plain JSON types."""
        return {
            "run": str(self.run),
            "target": str(self.target),
            "workloads": self.workloads,
            "moved": self.moved,
            "objective": self.objective,
        }


def export_roadef(run: Path, target: Path, *, force: bool = False) -> ExportReport:
    """Write the plan of a run as an assignment of the ROADEF/EURO challenge 2012.

    Machines count from 0 in the order of the hosts table, processes stand in that of the workloads.
    The plan is checked first. Raises ``RefusedError`` for one that does not hold and ``UsageError``
    for a target in the way.
    """
    target = Path(target)
    if target.exists() and not force:
        raise UsageError(f"{target} exists already", "choose another file or add --force")
    opened = open_run(run)
    placement, verdict, unknown = judge_placement(opened)
    wrong = [*opened.refusals, *unknown, *verdict.sentences()]
    if wrong:
        raise RefusedError("the plan does not hold: " + wrong[0], "make it again: dcopt plan")
    host = np.asarray(placement.host)
    target.write_text(assignment_text(host.tolist()), encoding="ascii", newline="\n")
    moved = int((host != opened.twin["workload_host"].values).sum())
    objective = opened.run.plan.proof.objective
    return ExportReport(opened.run.folder, target, len(host), moved, objective)
