"""What each rule costs a year: the linear relaxation solved again without it.

One model holds every hard rule behind a slack of its own that is held at zero. For each rule in
turn its slacks are set free at no cost, and the relaxation is solved again from the basis of all
rules; what it then saves is the price of the rule. Where no slack of a rule has a reduced cost
below zero, the duals prove that freeing it saves nothing, and no solve is needed. The price is that
of the relaxation: a fair guide for whole workloads, zero where fractions of hosts get round a rule.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from optimiser.errors import DcoptError
from optimiser.formulation.context import Context, context_of
from optimiser.formulation.grouping import group_hosts
from optimiser.formulation.instance import Instance
from optimiser.formulation.linear import Linear
from optimiser.formulation.model import build
from optimiser.formulation.recipe import read_recipe
from optimiser.schema.plan import RulePrice
from optimiser.solve.bridge import pass_to_highs, require_ok
from optimiser.solve.compile import compile_model
from optimiser.solve.compiled import Compiled, Floats
from optimiser.solve.move_bound import count_stays_where_on
from optimiser.solve.problem import Problem
from optimiser.solve.run import run_highs
from optimiser.solve.settings import SolveSettings
from optimiser.solve.status import SolveStatus
from optimiser.units import HOURS_PER_YEAR

LARGEST_MODEL = 40_000
LARGEST_BY_RACK = 4_000
LEVELS = (("rack",), ("zone",))
NOTHING = 1e-6
"""Share of the whole cost below which a difference is rounding."""

DUST = 1e-9


@dataclass(frozen=True)
class _Totals:
    """Cost [money], energy [kWh] and emissions [kg CO2e] over the horizon."""

    cost: float
    kwh: float
    kgco2e: float


def rule_prices(problem: Problem, time_limit_s: float = 10.0) -> list[RulePrice]:
    """Return what each hard rule costs a year, dearest first.

    Rules that the time did not reach are left out, those with the smallest reduced costs first; so
    are all of them on a site that is too large for the relaxation, or whose rules contradict each
    other.
    """
    deadline = time.monotonic() + time_limit_s
    try:
        model = _model(problem)
        return [] if model is None else _Prices(problem, model, deadline).prices()
    except DcoptError:  # a plan without prices is still a plan
        return []


def _model(problem: Problem) -> Context | None:
    for levels, largest in zip(LEVELS, (LARGEST_BY_RACK, LARGEST_MODEL), strict=True):
        grouping = group_hosts(problem.frame, levels)
        if grouping.num_groups * grouping.num_hosts <= largest:
            model = build(Instance(problem.frame, grouping), read_recipe(), elastic=True)
            count_stays_where_on(model)
            return context_of(model)
    return None


class _Prices:
    """The relaxation inside HiGHS, solved with all rules and then without each."""

    def __init__(self, problem: Problem, context: Context, deadline: float) -> None:
        self.problem, self.context, self.deadline = problem, context, deadline
        compiled = compile_model(context.model).as_relaxation()
        slacks = [
            slack
            for slack in context.slacks.values()
            if slack.is_elastic and id(slack.variable) in compiled.column_of
        ]
        self.column = np.array([compiled.column_of[id(s.variable)] for s in slacks], np.int64)
        self.rule = np.array([s.rule for s in slacks], dtype=object)
        self.compiled = self._with_money(compiled)
        self.reduced = np.full(self.compiled.num_col, -np.inf)
        self.per_year = HOURS_PER_YEAR / problem.frame.horizon_h
        left = max(1.0, deadline - time.monotonic())
        self.highs: Any = pass_to_highs(
            self.compiled, SolveSettings(time_limit_s=left).to_options()
        )

    def _with_money(self, compiled: Compiled) -> Compiled:
        """Return the elastic model with the cost of plans as objective, and no slack."""
        total = Linear()
        for name in self.context.recipe.term_names():
            total.plus(self.context.terms[name])
        cost = np.zeros(compiled.num_col)
        column = [compiled.column_of[id(variable)] for variable in total.variables]
        np.add.at(cost, np.array(column, dtype=np.int64), np.array(total.coefs))
        upper = compiled.col_upper.copy()
        upper[self.column] = 0.0
        return replace(compiled, cost=cost, offset=total.constant, col_upper=upper)

    def prices(self) -> list[RulePrice]:
        """Return the price of every hard rule that the time reaches."""
        base = self._solve(keep=True)
        if base is None:
            return []
        self.basis = self.highs.getBasis()
        found = []
        gain = {rule.name: self._gain(rule.name) for rule in self.problem.rules if rule.is_hard}
        for rule in sorted(self.problem.rules, key=lambda rule: -gain.get(rule.name, 0.0)):
            if not rule.is_hard:
                continue
            without: _Totals | None = base
            if gain[rule.name] > DUST:
                if time.monotonic() > self.deadline:
                    continue
                without = self._without(self.column[self.rule == rule.name])
            if without is not None:
                found.append(self._price(rule.name, rule.kind, base, without))
        return sorted(found, key=lambda price: -price.cost_per_year)

    def _gain(self, name: str) -> float:
        """Return the largest saving per unit of slack that the duals of all rules promise."""
        mine = self.reduced[self.column[self.rule == name]]
        return float(-mine.min(initial=0.0))

    def _without(self, columns: np.ndarray) -> _Totals | None:
        self._bound(columns, np.inf)
        require_ok(self.highs.setBasis(self.basis), "going back to the basis of all rules")
        found = self._solve(columns)
        self._bound(columns, 0.0)
        return found

    def _bound(self, columns: np.ndarray, upper: float) -> None:
        for column in columns.tolist():
            require_ok(self.highs.changeColBounds(column, 0.0, upper), "freeing a rule")

    def _solve(
        self, free: Sequence[int] | np.ndarray = (), *, keep: bool = False
    ) -> _Totals | None:
        upper = self.compiled.col_upper.copy()
        upper[np.asarray(free, dtype=np.int64)] = np.inf
        model = self.compiled.with_bounds(self.compiled.col_lower, upper)
        left = self.highs.getRunTime() + max(0.2, self.deadline - time.monotonic())
        require_ok(self.highs.setOptionValue("time_limit", left), "setting the time limit")
        raw = run_highs(self.highs, model)
        if raw.status is not SolveStatus.OPTIMAL or raw.x is None:
            return None
        if keep and raw.row_dual is not None:
            terms = self.compiled.value * raw.row_dual[self.compiled.index]
            self.reduced = self.compiled.cost - self.compiled.sum_by_column(terms)
        return self._totals(raw.x)

    def _totals(self, x: Floats) -> _Totals:
        twin, frame = self.problem.twin, self.problem.frame
        columns = [self.compiled.column_of[id(v)] for v in self.context.arrays["import_kw"]]
        kwh = x[columns] * twin["period_h"].values[frame.is_priced]
        grams = twin["carbon_g_per_kwh"].values[frame.is_priced]
        return _Totals(
            cost=self.compiled.measure_objective(x),
            kwh=float(kwh.sum()),
            kgco2e=float(kwh @ grams) / 1e3,
        )

    def _price(self, name: str, kind: str, base: _Totals, without: _Totals) -> RulePrice:
        saved = base.cost - without.cost
        if saved <= NOTHING * abs(base.cost):
            return RulePrice(rule=name, kind=kind, kwh_per_year=0.0, cost_per_year=0.0,
                             kgco2e_per_year=0.0, method="re-solve")  # fmt: skip
        return RulePrice(
            rule=name,
            kind=kind,
            kwh_per_year=(base.kwh - without.kwh) * self.per_year,
            cost_per_year=saved * self.per_year,
            kgco2e_per_year=(base.kgco2e - without.kgco2e) * self.per_year,
            method="re-solve",
        )
