"""What each rule costs a year: the linear relaxation solved again without it.

One model holds every hard rule behind a slack of its own that is held at zero. For each rule in
turn its slacks are set free at no cost, and the relaxation is solved again from the basis of all
rules; what it then saves is the price of the rule. These solves do not depend on one another, so
they run wherever an executor runs them. Where no slack of a rule has a reduced cost
below zero, the duals prove that freeing it saves nothing, and no solve is needed. The price is that
of the relaxation: a fair guide for whole workloads, zero where fractions of hosts get round a rule.
"""

from __future__ import annotations

import time
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
from optimiser.solve.bridge import load_highspy, pass_to_highs, require_ok
from optimiser.solve.compile import compile_model
from optimiser.solve.compiled import Compiled, Floats, Ints
from optimiser.solve.executor import Executor, InProcess
from optimiser.solve.move_bound import count_stays_where_on
from optimiser.solve.problem import Problem
from optimiser.solve.run import RawAnswer, run_highs
from optimiser.solve.settings import SolveSettings
from optimiser.solve.status import SolveStatus
from optimiser.units import HOURS_PER_YEAR

LARGEST_MODEL = 40_000
LARGEST_BY_RACK = 4_000
LEVELS = (("rack",), ("zone",))
NOTHING = 1e-6
"""Share of the whole cost below which a difference is rounding."""

DUST = 1e-9
LEAST_S = 0.2
"""Time of one solve, however late it begins [s]."""


@dataclass(frozen=True)
class _Totals:
    """Cost [money], energy [kWh] and emissions [kg CO2e] over the horizon."""

    cost: float
    kwh: float
    kgco2e: float


@dataclass(frozen=True)
class _Relaxation:
    """The linear model with all rules, as it goes to workers.

    ``compiled`` has no Pyomo objects behind it; ``basis`` are the statuses of columns and rows at
    the optimum, none before it is solved; ``column`` (import,) with ``kwh`` and ``kgco2e`` of one
    kW in each of these columns.
    """

    compiled: Compiled
    column: Ints
    kwh: Floats
    kgco2e: Floats
    basis: tuple[list[int], list[int]] | None = None

    def solve(self, free: Ints, time_limit_s: float) -> tuple[RawAnswer, Any]:
        """Return the answer with some slacks set free, and the HiGHS that found it.

        Always in a new one, so that nothing depends on what the last one was used for.
        """
        upper = self.compiled.col_upper.copy()
        upper[free] = np.inf
        model = self.compiled.with_bounds(self.compiled.col_lower, upper)
        settings = SolveSettings(time_limit_s=max(LEAST_S, time_limit_s))
        highs = pass_to_highs(model, settings.to_options())
        if self.basis is not None:
            require_ok(highs.setBasis(_basis(*self.basis)), "beginning at the basis of all rules")
        return run_highs(highs, model), highs

    def totals(self, raw: RawAnswer) -> _Totals | None:
        """Return what an optimum costs; ``None`` where none was found."""
        if raw.status is not SolveStatus.OPTIMAL or raw.x is None:
            return None
        kw = raw.x[self.column]
        cost = self.compiled.measure_objective(raw.x)
        return _Totals(cost, kwh=float(kw @ self.kwh), kgco2e=float(kw @ self.kgco2e))


def _basis(columns: list[int], rows: list[int]) -> Any:
    highspy = load_highspy()
    basis = highspy.HighsBasis()
    basis.col_status = [highspy.HighsBasisStatus(status) for status in columns]
    basis.row_status = [highspy.HighsBasisStatus(status) for status in rows]
    basis.valid, basis.alien = True, False
    return basis


def _without(relaxation: _Relaxation, free: Ints, time_limit_s: float) -> _Totals | None:
    """Return what all costs once the slacks of a rule are free; the part that goes to workers."""
    return relaxation.totals(relaxation.solve(free, time_limit_s)[0])


def rule_prices(
    problem: Problem, time_limit_s: float = 10.0, executor: Executor | None = None
) -> list[RulePrice]:
    """Return what each hard rule costs a year, dearest first.

    Rules that the time did not reach are left out, those with the smallest reduced costs first; so
    are all of them on a site that is too large for the relaxation, or whose rules contradict each
    other. The prices are the same whatever ``executor`` runs the solves, this process by default.
    """
    deadline = time.monotonic() + time_limit_s
    try:
        model = _model(problem)
        if model is None:
            return []
        return _Prices(problem, model, deadline).prices(executor or InProcess())
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
    """The relaxation, solved with all rules and then without each."""

    def __init__(self, problem: Problem, context: Context, deadline: float) -> None:
        self.problem, self.context, self.deadline = problem, context, deadline
        compiled = compile_model(context.model).as_relaxation()
        slacks = [
            slack
            for slack in context.slacks.values()
            if slack.is_elastic and id(slack.variable) in compiled.column_of
        ]
        self.slack = np.array([compiled.column_of[id(s.variable)] for s in slacks], np.int32)
        self.rule = np.array([s.rule for s in slacks], dtype=object)
        self.per_year = HOURS_PER_YEAR / problem.frame.horizon_h
        self.relaxation = self._relaxation(compiled)

    def _relaxation(self, compiled: Compiled) -> _Relaxation:
        """Return the elastic model with the cost of plans as objective, and no slack."""
        twin, is_priced = self.problem.twin, self.problem.frame.is_priced
        total = Linear()
        for name in self.context.recipe.term_names():
            total.plus(self.context.terms[name])
        cost = np.zeros(compiled.num_col)
        column = [compiled.column_of[id(variable)] for variable in total.variables]
        np.add.at(cost, np.array(column, dtype=np.int64), np.array(total.coefs))
        upper = compiled.col_upper.copy()
        upper[self.slack] = 0.0
        imports = [compiled.column_of[id(v)] for v in self.context.arrays["import_kw"]]
        kwh = np.asarray(twin["period_h"].values[is_priced], dtype=np.float64)
        return _Relaxation(
            replace(compiled, cost=cost, offset=total.constant, col_upper=upper,
                    variables=(), constraints=()),
            column=np.array(imports, dtype=np.int32),
            kwh=kwh,
            kgco2e=kwh * twin["carbon_g_per_kwh"].values[is_priced] / 1e3,
        )  # fmt: skip

    def prices(self, executor: Executor) -> list[RulePrice]:
        """Return the price of every hard rule that the time reaches."""
        raw, highs = self.relaxation.solve(self.slack[:0], self._left_s)
        base = self.relaxation.totals(raw)
        if base is None:
            return []
        gain = self._gains(raw.row_dual)
        hard = sorted((r for r in self.problem.rules if r.is_hard), key=lambda r: -gain[r.name])
        dear = [rule.name for rule in hard if gain[rule.name] > DUST]
        free = [self.slack[self.rule == name] for name in dear]
        given = replace(self.relaxation, basis=_statuses(highs))
        with executor.sweep(_without, given, free, self._left_s) as solved:
            without = dict(zip(dear, solved, strict=True))
        told = [(rule, without.get(rule.name, base)) for rule in hard]
        found = [self._price(r.name, r.kind, base, found) for r, found in told if found is not None]
        return sorted(found, key=lambda price: -price.cost_per_year)

    @property
    def _left_s(self) -> float:
        return max(0.0, self.deadline - time.monotonic())

    def _gains(self, row_dual: Floats | None) -> dict[str, float]:
        """Return the largest saving per unit of slack that the duals promise, by rule."""
        if row_dual is None:
            return {rule.name: np.inf for rule in self.problem.rules}
        compiled = self.relaxation.compiled
        terms = compiled.value * row_dual[compiled.index]
        reduced = (compiled.cost - compiled.sum_by_column(terms))[self.slack]
        names = (rule.name for rule in self.problem.rules)
        return {name: float(-reduced[self.rule == name].min(initial=0.0)) for name in names}

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


def _statuses(highs: Any) -> tuple[list[int], list[int]]:
    """Return the statuses of columns and rows in the basis of a solved model."""
    basis = highs.getBasis()
    return [int(s) for s in basis.col_status], [int(s) for s in basis.row_status]
