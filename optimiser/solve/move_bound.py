"""Proven lower limits of the cost of every plan with at most k moves.

One linear relaxation with a row for the number of moves is solved again and again with another k,
each time from the last basis. Its optimum is convex in k, so the duals of one k give a straight
line that lies below the optimum of every other k: a few solves bound the whole curve.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from optimiser.errors import DcoptError, InfeasibleError
from optimiser.formulation.context import context_of
from optimiser.formulation.grouping import group_hosts
from optimiser.formulation.instance import Instance
from optimiser.formulation.linear import Linear, objects
from optimiser.formulation.model import build
from optimiser.formulation.modelling import pyo
from optimiser.schema.policy import MaxMoves
from optimiser.solve.bridge import pass_to_highs, require_ok
from optimiser.solve.certify import safe_dual_bound
from optimiser.solve.compile import compile_model
from optimiser.solve.compiled import Compiled, Floats
from optimiser.solve.problem import Problem
from optimiser.solve.run import run_highs
from optimiser.solve.settings import SolveSettings
from optimiser.solve.status import SolveStatus
from optimiser.solve.tighten import tighten
from optimiser.twin.rules import Rule

LARGEST_MODEL = 40_000
"""Pairs of groups beyond which no relaxation is solved."""
BUDGET = "moves-of-the-frontier"
LEVELS = (("rack",), ("zone",))
LARGEST_BY_RACK = 4_000
MOST_LINES = 16


@dataclass(frozen=True)
class _Line:
    """Duals of one k: a valid limit of every k, ``value`` at ``budget`` and a fall per move."""

    budget: int
    value: float
    slope: float
    dual: Floats

    def at(self, budget: int) -> float:
        """Return the limit that the line gives for another k."""
        return self.value - self.slope * (budget - self.budget)


def bound_by_moves(
    problem: Problem, budgets: Sequence[int], time_limit_s: float = 8.0
) -> list[float | None]:
    """Return for each k what every legal plan with at most k moves costs at least.

    ``inf`` where no plan with so few moves exists (today breaks a rule that takes more to mend);
    ``None`` where nothing was proven in the time, or the site is too large for the relaxation.
    Money over the horizon, move costs included, soft rules at their price.
    """
    deadline = time.monotonic() + time_limit_s
    try:
        compiled = _compiled(problem)
    except InfeasibleError:  # a rule cannot be kept however many move
        return [np.inf] * len(budgets)
    if compiled is None:
        return [None] * len(budgets)
    try:
        return _Curve(compiled, problem.num_workloads, deadline).bounds(budgets)
    except DcoptError:  # the curve of plans stands without a bound
        return [None] * len(budgets)


def _compiled(problem: Problem) -> Compiled | None:
    frame = problem.frame
    everyone = np.ones(problem.num_workloads, dtype=bool)
    policy = MaxMoves(name=BUDGET, limit=problem.num_workloads)
    hosts = np.ones(problem.num_hosts, dtype=bool)
    rule = Rule(BUDGET, "max_moves", policy, None, False, everyone, hosts)
    frame = replace(frame, rules=(*frame.rules, rule))
    for levels, largest in zip(LEVELS, (LARGEST_BY_RACK, LARGEST_MODEL), strict=True):
        grouping = group_hosts(frame, levels)
        if grouping.num_groups * grouping.num_hosts <= largest:
            model = build(Instance(frame, grouping))
            tighten(model)
            count_stays_where_on(model)
            return compile_model(model).as_relaxation()
    return None


def count_stays_where_on(model: pyo.ConcreteModel) -> None:
    r"""Let hosts that are on keep no more workloads than the fullest of them hold today.

    .. math:: \sum_g s_{g,k} \le N_k(j) + n_{k,j+1} (z_k - j) \qquad \forall k, j

    n are the numbers of workloads on the hosts of a class today, largest first, N their running
    sum. The recipe's ``stay_where_on`` says the same of the costs of moves; a budget counts them.
    """
    context = context_of(model)
    instance, grouping = context.instance, context.instance.grouping
    today = instance.twin["workload_host"].values
    known = (today >= 0) & (grouping.workload_group >= 0)
    held = np.bincount(today[known], minlength=instance.twin.sizes["host"])
    _, staying = context.shared["stay"]
    host = instance.today[1][context.shared["stay_known"]]
    model.count_where_on = pyo.Constraint(pyo.Any)
    for k in np.unique(host).tolist():
        values = np.sort(held[grouping.hosts_of(k)])[::-1]
        for j in _corners(values):
            body = Linear().extend(1.0, objects(staying[host == k]))
            body.add(-float(values[j]), context.arrays["awake"][k])
            limit = float(values[:j].sum()) - j * float(values[j])
            model.count_where_on.add((k, j), (None, body.expression(), limit))


def _corners(values: np.ndarray) -> list[int]:
    """Return where falling values change: a line for each, about sixteen at most."""
    corners = np.append(0, np.flatnonzero(np.diff(values)) + 1)
    chosen = np.linspace(0, len(corners) - 1, min(MOST_LINES, len(corners)))
    return np.unique(corners[chosen.astype(int)]).tolist()


class _Curve:
    """The relaxation inside HiGHS, solved for one k after the other."""

    def __init__(self, compiled: Compiled, largest: int, deadline: float) -> None:
        self.compiled = compiled
        self.largest = largest
        self.deadline = deadline
        self.row = next(i for i, c in enumerate(compiled.constraints) if BUDGET in str(c.index()))
        left = max(0.5, deadline - time.monotonic())
        self.highs: Any = pass_to_highs(compiled, SolveSettings(time_limit_s=left).to_options())

    def bounds(self, budgets: Sequence[int]) -> list[float | None]:
        """Return the limit of each k; ``inf`` below a k that is proven impossible."""
        lines: list[_Line] = []
        impossible = -1
        for budget in self._sequence(budgets):
            if time.monotonic() > self.deadline or budget <= impossible:
                break
            line, is_impossible = self._solve(budget)
            if line is not None:
                lines.append(line)
            if is_impossible:
                impossible = max(impossible, budget)
        return [self._best(lines, k, impossible) for k in budgets]

    def _sequence(self, budgets: Sequence[int]) -> list[int]:
        """Return the order of solves: from all moves downwards, each step a small change."""
        return sorted(set(budgets))

    def _limited(self, budget: int) -> Compiled:
        """Return the model for one k; the row holds for any k above the number of workloads."""
        upper = self.compiled.row_upper.copy()
        upper[self.row] += min(budget, self.largest) - self.largest
        return replace(self.compiled, row_upper=upper)

    def _solve(self, budget: int) -> tuple[_Line | None, bool]:
        model = self._limited(budget)
        lower = float(model.row_lower[self.row])
        status = self.highs.changeRowBounds(self.row, lower, float(model.row_upper[self.row]))
        require_ok(status, "changing the number of moves")
        # the limit counts from the first run of the instance
        left = self.highs.getRunTime() + max(0.2, self.deadline - time.monotonic())
        require_ok(self.highs.setOptionValue("time_limit", left), "setting the time limit")
        raw = run_highs(self.highs, model)
        if raw.status is SolveStatus.INFEASIBLE:
            return None, raw.is_proven_infeasible
        if raw.row_dual is None:
            return None, False
        value = safe_dual_bound(model, raw.row_dual)
        slope = max(0.0, -float(raw.row_dual[self.row]))
        return (_Line(budget, value, slope, raw.row_dual) if np.isfinite(value) else None), False

    def _best(self, lines: Sequence[_Line], budget: int, impossible: int) -> float | None:
        """Return the highest line at one k, proven for it with its own right-hand side."""
        if budget <= impossible:
            return float("inf")
        if not lines:
            return None
        best = max(lines, key=lambda line: line.at(budget))
        if best.budget == budget:
            return best.value
        proven = safe_dual_bound(self._limited(budget), best.dual)
        return proven if np.isfinite(proven) else None
