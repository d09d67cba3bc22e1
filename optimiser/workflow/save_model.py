"""Keep the model behind the bound as an LP file that other solvers read."""

from __future__ import annotations

from pathlib import Path

from optimiser.formulation.grouping import group_hosts
from optimiser.formulation.instance import Instance
from optimiser.formulation.model import build
from optimiser.solve.problem import Problem

LEVELS = ("rack",)
"""Hosts that are alike and stand in one rack are merged, as for the tightest linear bound."""


def write_model(problem: Problem, path: Path) -> None:
    """Write the model with readable names; constraints are called as in the recipe."""
    model = build(Instance(problem.frame, group_hosts(problem.frame, LEVELS)))
    model.write(str(path), io_options={"symbolic_solver_labels": True})
