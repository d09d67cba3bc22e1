"""Goals in order of importance: each is made small while those before it keep their value."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import numpy as np
import xarray as xr

from optimiser.schema.plan import GoalValue
from optimiser.schema.policy import AnyPolicy, Budget, MaxHostsOn, MaxMoves
from optimiser.schema.study import Goal, SolverSettings, Study, Weights
from optimiser.solve.candidate import Candidate
from optimiser.solve.executor import Executor
from optimiser.solve.objective import evaluate
from optimiser.solve.problem import Problem, lower
from optimiser.solve.progress import EngineResult, Tick, relative_gap
from optimiser.twin.rules import resolve
from optimiser.twin.spending import UNITS, resolution
from optimiser.workflow.loading import Loaded
from optimiser.workflow.restarts import solve_restarts

HOURS_PER_DAY, KG_PER_TONNE = 24.0, 1000.0
COUNTED = {"hosts_on": "hosts", "moves": "moves"}
EXACT = 1e-9  # what sums of floats may differ by, relative
NOTHING = Weights(
    energy_bill=0.0, carbon_price_per_t=0.0, water=False, move_cost=0.0, move_cost_per_gib=0.0,
    host_on_cost_per_h=0.0, host_move_weight=0.0,
)  # fmt: skip


@dataclass(frozen=True)
class Measured:
    """A study in which one measure is all that costs, ``price`` for each unit of it."""

    goal: Goal
    loaded: Loaded
    problem: Problem
    price: float

    @property
    def unit(self) -> str:
        """Unit of the measure."""
        currency = self.loaded.site_input.site.currency
        return COUNTED.get(self.goal.measure) or UNITS.get(self.goal.measure, currency)

    @property
    def is_counted(self) -> bool:
        """Whether the measure is a whole number."""
        return self.goal.measure in COUNTED

    @property
    def constant(self) -> float:
        """Cost of hours in which energy costs less than nothing, the same for all plans."""
        frame = self.problem.frame
        unpriced = ~frame.is_priced
        return float(frame.net_price[unpriced] @ frame.import_ceiling_kw[unpriced])

    def amount(self, cost: float) -> float:
        """Return the measure that a cost stands for."""
        amount = max(0.0, (cost - self.constant) / self.price)
        return float(np.rint(amount)) if self.is_counted else amount

    def of_plan(self, host: np.ndarray, on: np.ndarray) -> float:
        """Return the measure of a placement: ``host`` (workload,), ``on`` (host,) bool."""
        return self.amount(sum(evaluate(self.problem, host, on).values()))

    def limit(self, value: float) -> float:
        """Return what later goals must keep, in steps that the exact check tells apart."""
        most = value * (1.0 + self.goal.tolerance)
        if self.is_counted:
            return float(np.floor(most + EXACT))
        step = resolution(most)
        return float(np.ceil(most * (1.0 + EXACT) / step) * step)

    def told(self, tick: Tick) -> Tick:
        """Return a line of progress in the unit of the measure."""
        best = None if tick.best is None else (tick.best - self.constant) / self.price
        bound = None if tick.bound is None else (tick.bound - self.constant) / self.price
        return replace(tick, phase=f"{self.goal.measure} {tick.phase}", best=best, bound=bound)

    def proven(self, result: EngineResult) -> tuple[float | None, float | None]:
        """Return bound and gap; prices of soft rules are part of both."""
        if result.bound is None:
            return None, None
        bound = max(0.0, (result.bound - self.constant) / self.price)
        if self.is_counted and all(rule.is_hard for rule in self.loaded.rules):
            bound = float(np.ceil(bound - 1e-6))
        value = (result.candidate.objective - self.constant) / self.price
        return bound, relative_gap(value, bound)


@dataclass(frozen=True)
class Reached:
    """The plan of a study with goals: ``loaded`` keeps their values as rules."""

    loaded: Loaded
    result: EngineResult
    _goals: tuple[tuple[Measured, GoalValue], ...] = ()

    def values(self, plan: Candidate) -> list[GoalValue]:
        """Return the goals with what a plan has of each."""
        return [
            value.model_copy(update={"reached": measured.of_plan(plan.host, plan.on)})
            for measured, value in self._goals
        ]


def solve_goals(loaded: Loaded, executor: Executor, tick: Callable[[Tick], None]) -> Reached:
    """Solve a study goal by goal, each from the plan before it, and at last for money.

    The time limit is shared equally; a work limit holds for each. Ctrl-C ends with the plan at
    hand. Raises as :func:`optimiser.solve.engine.solve_study` does.
    """
    goals, solver = loaded.study.goals, loaded.study.solver
    if not goals:
        return Reached(loaded, solve_restarts(loaded, executor, tick))
    share = solver.model_copy(update={"time_limit_s": solver.time_limit_s / (len(goals) + 1)})
    current, start, found = _with(loaded, solver=share), None, list[tuple[Measured, GoalValue]]()
    for goal in goals:
        measured = measure(current, goal)
        result = solve_restarts(measured.loaded, executor, partial(_tell, tick, measured), start)
        start = result.candidate
        found.append((measured, _value(measured, result)))
        current = keeping(current, goal, found[-1][1].limit)
        if result.status == "interrupted":
            result = _in_money(current, result)
            break
    else:
        result = solve_restarts(current, executor, tick, start)
    return Reached(_with(current, solver=solver), result, tuple(found))


def _tell(tick: Callable[[Tick], None], measured: Measured, state: Tick) -> None:
    tick(measured.told(state))


def _in_money(loaded: Loaded, result: EngineResult) -> EngineResult:
    """Return a plan with what it costs in money, of which nothing is proven."""
    plan = result.candidate
    problem = lower(loaded.twin, loaded.rules, loaded.study.weights)
    candidate = replace(plan, terms=evaluate(problem, plan.host, plan.on))
    return replace(result, candidate=candidate, bound=None, bound_sentence="", duals=None)


def _value(measured: Measured, result: EngineResult) -> GoalValue:
    problem, plan = measured.problem, result.candidate
    value = measured.of_plan(plan.host, plan.on)
    bound, gap = measured.proven(result)
    is_known = bool((problem.today >= 0).all())
    return GoalValue(
        measure=measured.goal.measure,
        unit=measured.unit,
        today=measured.of_plan(problem.today, problem.today_on) if is_known else None,
        value=value,
        bound=bound,
        gap=gap,
        limit=measured.limit(value),
        reached=value,
    )


def keeping(loaded: Loaded, goal: Goal, limit: float) -> Loaded:
    """Return the study with a limit on the measure of a goal as a rule."""
    taken = {policy.name for policy in loaded.policies}
    name = f"goal-{goal.measure.replace('_', '-')}"
    while name in taken:
        name += "-of-study"
    policy = _limit_policy(goal, name, limit)
    study = _with(loaded, policies=[*loaded.study.policies, policy]).study
    # resolved alone, so that no other policy excuses it
    rules = [*loaded.rules, *resolve(loaded.site_input, [policy], loaded.twin)]
    return replace(loaded, study=study, rules=rules)


def _limit_policy(goal: Goal, name: str, limit: float) -> AnyPolicy:
    why = "a goal of the study that comes before money"
    if goal.measure == "hosts_on":
        return MaxHostsOn(name=name, why=why, limit=int(limit))
    if goal.measure == "moves":
        return MaxMoves(name=name, why=why, limit=int(limit))
    return Budget(name=name, why=why, measure=goal.measure, limit=limit)


def measure(loaded: Loaded, goal: Goal) -> Measured:
    """Return a study in which only one measure costs, at what a unit costs on average today.

    So numbers keep their size, and soft rules weigh against the measure as against the bill.
    """
    plain = _measured(loaded, goal, 1.0)
    if goal.measure == "cost":
        return plain
    today = plain.problem.today
    if not (today >= 0).all():
        return plain
    on = plain.problem.today_on
    count = plain.problem.num_workloads if goal.measure == "moves" else plain.of_plan(today, on)
    problem = lower(loaded.twin, loaded.rules, loaded.study.weights)
    money = sum(evaluate(problem, today, on).values())
    return _measured(loaded, goal, money / count) if money > 0.0 and count > 0.0 else plain


def _measured(loaded: Loaded, goal: Goal, price: float) -> Measured:
    twin, weights = _only(loaded.twin, goal, loaded.study, price)
    stage = replace(_with(loaded, weights=weights), twin=twin)
    return Measured(goal, stage, lower(twin, loaded.rules, weights), price)


def _only(twin: xr.Dataset, goal: Goal, study: Study, price: float) -> tuple[xr.Dataset, Weights]:
    """Return twin and weights that price nothing but one measure."""
    days = float(twin["period_h"].values.sum()) / HOURS_PER_DAY
    per_move = price * study.weights.hold_days / days if goal.measure == "moves" else 0.0
    updates: dict[str, dict[str, Any]] = {
        "energy": {"energy_per_kwh": price},
        "carbon": {"carbon_price_per_t": price * KG_PER_TONNE},
        "water": {"water_per_m3": price},
        "cost": {"energy_bill": 1.0, "water": True},
        "hosts_on": {"host_on_cost_per_h": price / (days * HOURS_PER_DAY)},
        "moves": {},
    }
    weights = NOTHING.model_copy(
        update={"hold_days": study.weights.hold_days, **updates[goal.measure]}
    )
    own = np.full(twin.sizes["host"], np.nan if goal.measure == "hosts_on" else 0.0)
    moving = np.full(twin.sizes["workload"], per_move)
    return twin.assign(
        host_own_on_cost_per_h=("host", own), workload_move_cost=("workload", moving)
    ), weights


def _with(loaded: Loaded, **changes: SolverSettings | Weights | Sequence[AnyPolicy]) -> Loaded:
    return replace(loaded, study=loaded.study.model_copy(update=changes))
