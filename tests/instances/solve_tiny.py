"""Build, solve and read a tiny instance in one call."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
import pyomo.environ as pyo
import xarray as xr
from instances.constraint_cases import CASES
from instances.tiny import tiny

from optimiser.formulation.extract import believed_terms, extract
from optimiser.formulation.frame import Frame, prepare
from optimiser.formulation.grouping import group_exact, group_hosts
from optimiser.formulation.instance import Instance
from optimiser.formulation.model import build
from optimiser.schema.study import Weights
from optimiser.solve.compile import compile_model
from optimiser.solve.here import solve_here
from optimiser.solve.settings import SolveSettings


@dataclass(frozen=True)
class Answer:
    """A solved tiny instance."""

    model: pyo.ConcreteModel
    twin: xr.Dataset
    objective: float
    terms: dict[str, float]
    host: np.ndarray
    on: np.ndarray

    @property
    def where(self) -> dict[str, str]:
        """Host name of each workload."""
        names = self.twin["host"].values
        return {
            str(w): str(names[h])
            for w, h in zip(self.twin["workload"].values, self.host, strict=True)
        }

    @property
    def awake(self) -> set[str]:
        """Names of the hosts that are on."""
        return {str(name) for name in self.twin["host"].values[self.on]}


def frame_of(*args: Any, weights: dict[str, Any] | None = None, **options: Any) -> Frame:
    """Return the frame of ``tiny(*args, **options)``."""
    given = options.pop("capacity_not_worse", None)
    _, twin, rules = tiny(*args, weights=weights or {}, **options)
    return prepare(twin, rules, Weights(**(weights or {})), capacity_not_worse=given)


def instance_of(*args: Any, **options: Any) -> Instance:
    """Return the exact instance of ``tiny(*args, **options)``."""
    frame = frame_of(*args, **options)
    return Instance(frame, group_exact(frame))


@cache
def case_instance(name: str, is_tight: bool = True) -> Instance:
    """Return the tight or the loose instance of a constraint, built once for all tests."""
    case = dict(CASES[name][0 if is_tight else 1])
    is_merged = case.pop("is_merged", False)
    frame = frame_of(**case)
    return Instance(frame, group_hosts(frame, ()) if is_merged else group_exact(frame))


def solve_model(model: pyo.ConcreteModel) -> float | None:
    """Solve to proven optimality, load the values, return the objective; None if infeasible."""
    compiled = compile_model(model)
    answer = solve_here(compiled, SolveSettings(gap=0.0, time_limit_s=20.0))
    if answer.x is None:
        return None
    compiled.load_values(answer.x)
    return float(answer.objective)


def solve_relaxation(model: pyo.ConcreteModel) -> float:
    """Return the optimum of the linear relaxation."""
    answer = solve_here(compile_model(model).as_relaxation(), SolveSettings(time_limit_s=20.0))
    assert answer.objective is not None
    return float(answer.objective)


def solve_tiny(*args: Any, **options: Any) -> Answer | None:
    """Return the optimum of ``tiny(*args, **options)``, or None when there is none."""
    return solve_instance(instance_of(*args, **options))


def solve_instance(instance: Instance) -> Answer | None:
    """Return the optimum of an exact instance, or None when there is none."""
    model = build(instance)
    objective = solve_model(model)
    if objective is None:
        return None
    host, on = extract(model)
    return Answer(model, instance.twin, objective, believed_terms(model), host, on)


__all__ = [
    "Answer",
    "case_instance",
    "frame_of",
    "instance_of",
    "solve_instance",
    "solve_model",
    "solve_relaxation",
    "solve_tiny",
]
