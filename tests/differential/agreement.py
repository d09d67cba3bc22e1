"""Ask the engine, CP-SAT and SCIP about the same sites.

``python -m differential.agreement FIRST COUNT`` prints where they differ.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

from differential.linear_sites import UNIT, linear_site

import optimiser
from optimiser.analysis.verify import verify
from optimiser.errors import InfeasibleError
from optimiser.solve.engine import solve_study
from optimiser.workflow.plan_document import placement_of

TESTS = Path(__file__).parents[1]


OTHERS = {"CP-SAT": "differential.second_solver", "SCIP": "differential.third_solver"}
"""Solvers in processes of their own, by the module that asks them."""


def answers_of(module: str, first: int, count: int) -> dict[int, float | None]:
    """Run another solver in a process of its own; return cost in units or None by seed."""
    paths = os.pathsep.join([str(TESTS), str(Path(optimiser.__file__).parents[1])])
    done = subprocess.run(
        [sys.executable, "-m", module, str(first), str(count)],
        capture_output=True, text=True, check=True, env={**os.environ, "PYTHONPATH": paths},
    )  # fmt: skip
    lines = [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]
    return {line["seed"]: line["units"] for line in lines}


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
    """Return how many sites were compared, how many have a plan, and where solvers differ."""
    found = {name: answers_of(module, first, count) for name, module in OTHERS.items()}
    seeds, wrong, feasible = sorted(found["CP-SAT"]), [], 0
    assert all(sorted(answers) == seeds for answers in found.values())
    for seed in seeds:
        units = engine_units(seed)
        feasible += units is not None
        for name, answers in found.items():
            if not is_same(units, answers[seed]):
                wrong.append(f"seed {seed}: engine {units}, {name} {answers[seed]}")
    return len(seeds), feasible, wrong


def is_same(one: float | None, other: float | None) -> bool:
    """Return whether two answers agree: no plan, or the same cost."""
    if one is None or other is None:
        return one is other
    return abs(one - other) <= 1e-3


def main(first: int, count: int) -> int:
    """Print every disagreement and a summary; return the exit code."""
    compared, feasible, wrong = disagreements(first, count)
    for sentence in wrong:
        print(sentence)
    names = " and ".join(OTHERS)
    print(f"{compared} sites asked of {names}: {feasible} with a plan, {len(wrong)} differences")
    return 1 if wrong or not compared else 0


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]), int(sys.argv[2])))
