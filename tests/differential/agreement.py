"""Ask both solvers about the same sites: ``python -m differential.agreement FIRST COUNT``."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from differential.linear_sites import UNIT, linear_site

import optimiser
from optimiser.analysis.verify import verify
from optimiser.errors import InfeasibleError
from optimiser.solve.engine import solve_study
from optimiser.workflow.plan_document import placement_of

TESTS = Path(__file__).parents[1]


def second_answers(first: int, count: int) -> list[dict[str, Any]]:
    """Run the second solver in a process of its own; return an answer per seed it takes."""
    paths = os.pathsep.join([str(TESTS), str(Path(optimiser.__file__).parents[1])])
    done = subprocess.run(
        [sys.executable, "-m", "differential.second_solver", str(first), str(count)],
        capture_output=True, text=True, check=True, env={**os.environ, "PYTHONPATH": paths},
    )  # fmt: skip
    return [json.loads(line) for line in done.stdout.splitlines()]


def engine_units(seed: int) -> float | None:
    """Return the cost of the engine's proven optimum in units; None when it says infeasible."""
    site = linear_site(seed)
    assert site is not None
    twin, rules, study = site
    try:
        result = solve_study(
            twin, rules, study, None,
            lambda c: 0.0 if verify(twin, rules, placement_of(twin, c)).is_legal else None,
        )  # fmt: skip
    except InfeasibleError:
        return None
    assert result.gap is not None and result.gap <= 1e-5
    return result.candidate.objective / UNIT


def disagreements(first: int, count: int) -> tuple[int, int, list[str]]:
    """Return how many sites were compared, how many have a plan, and where the solvers differ."""
    answers, wrong = second_answers(first, count), []
    for answer in answers:
        units = engine_units(answer["seed"])
        same = (units is None) == (answer["units"] is None)
        if not same or (units is not None and abs(units - answer["units"]) > 1e-3):
            wrong.append(f"seed {answer['seed']}: engine {units}, second {answer['units']}")
    return len(answers), sum(a["feasible"] for a in answers), wrong


def main(first: int, count: int) -> int:
    """Print every disagreement and a summary; return the exit code."""
    compared, feasible, wrong = disagreements(first, count)
    for sentence in wrong:
        print(sentence)
    print(f"{compared} sites asked of a second solver: {feasible} with a plan, {len(wrong)} differ")
    return 1 if wrong or not compared else 0


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]), int(sys.argv[2])))
