"""Why no plan exists, in business words, and the cheapest ways out.

Arithmetic comes first (:func:`optimiser.solve.precheck.precheck`). Then the elastic model, in which
every hard rule may be broken at a price relative to its limit, is solved once in full and once for
every rule that could give way alone. On small sites each host stands for itself and a way out comes
with a placement that uses it; on large sites hosts of a zone are merged and amounts are lower
limits. Relaxing as told mends 1,008 of 1,008 planted conflicts of 21 kinds
(``tests/instances/planted.py``, sampled in the test suite).
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

import numpy as np
import xarray as xr

from optimiser.errors import InfeasibleError
from optimiser.formulation.context import Context, Slack, context_of
from optimiser.formulation.extract import extract
from optimiser.formulation.frame import Frame, prepare, without_groups
from optimiser.formulation.grouping import group_exact, group_hosts
from optimiser.formulation.instance import Instance
from optimiser.formulation.model import build
from optimiser.formulation.modelling import pyo
from optimiser.formulation.recipe import read_recipe
from optimiser.solve.compile import compile_model
from optimiser.solve.compiled import Compiled
from optimiser.solve.explain_steps import Relaxation, Step, read_steps
from optimiser.solve.here import solve_here
from optimiser.solve.precheck import Finding, precheck
from optimiser.solve.problem import Problem
from optimiser.solve.settings import SolveResult, SolveSettings
from optimiser.solve.uptime import out_of_reach

EXACT_PAIRS = 3_000
"""Pairs of workload groups and hosts up to which each host stands for itself."""
EXACT_STEPS = 60_000
"""Pairs times steps up to which that stays a matter of seconds."""
MOST_FINDINGS = 8
NOTHING = 1e-6
SKIPPED_BLOCKS = ("soft_rules", "placement_prices")
METERED_BLOCKS = ("facility", "budgets")
"""Blocks that only budgets ask for."""


Prove = Callable[[Frame, Relaxation, float], Relaxation]
"""Looks for a plan that shows a way out to be enough, until a moment of ``time.monotonic``."""


def explain_infeasible(
    problem: Problem, time_limit_s: float = 5.0, prove: Prove | None = None
) -> list[Finding]:
    """Return what makes every plan impossible and what would mend it, cheapest way out first.

    Impossibilities that arithmetic proves come before the ways out. An empty list means that
    nothing stands in the way as far as the models can tell within ``time_limit_s`` (the solver may
    overrun it a little). ``prove`` gets the ways out of large sites, where amounts are least ones.
    """
    deadline = time.monotonic() + time_limit_s
    proven = precheck(problem)
    if out_of_reach(problem):
        return proven  # targets no placement meets: nothing else is worth relaxing before them
    ways_out = find_relaxations(problem.frame, time_limit_s)
    if prove is not None:
        ways_out = [w if w.is_exact else prove(problem.frame, w, deadline) for w in ways_out]
    told = [way.finding() for way in ways_out[:MOST_FINDINGS]]
    if any(way.is_exact for way in ways_out):
        more = "that alone may not be enough: the complete ways out follow"
        proven = [replace(finding, remedy=f"{finding.remedy}; {more}") for finding in proven]
    return [*proven, *told]


def infeasible_error(
    problem: Problem, because: str = "", time_limit_s: float = 5.0
) -> InfeasibleError:
    """Return the error that tells why no plan exists; ``because`` is what proved it."""
    findings = explain_infeasible(problem, time_limit_s)
    head = "no plan can keep every rule" + (f": {because}" if because else "")
    return InfeasibleError("\n".join([head, *map(str, findings)]), findings)


def find_relaxations(frame: Frame, time_limit_s: float = 5.0) -> list[Relaxation]:
    """Return the ways out of an infeasible study, cheapest first; empty when there is no need.

    Each rule that can give way alone is one way out. When none can, the cheapest combination is the
    only one. Prices are shares of limits, so that kilowatts, replicas and moves compare.
    """
    deadline = time.monotonic() + time_limit_s
    for instance in _instances(frame):
        try:
            found = _Elastic(instance, deadline).ways_out()
        except InfeasibleError:  # no host is usable at all, so no limit is to blame
            return []
        if found or time.monotonic() > deadline:
            return found
    return []


def _instances(frame: Frame) -> Iterator[Instance]:
    """Yield the models to ask: the exact one, or relaxations from small to large."""
    exact = group_exact(frame)
    pairs, steps = exact.num_groups * exact.num_hosts, frame.twin.sizes["step"]
    if pairs <= EXACT_PAIRS and pairs * steps <= EXACT_STEPS:
        yield Instance(frame, exact)
        return
    if has_budget(frame):  # sums over time are not to be judged by the busiest steps
        flat = without_groups(frame)
        yield Instance(flat, group_hosts(flat, ()))
    brief = _busiest(frame)
    yield Instance(brief, group_hosts(brief, ("zone",)))
    if pairs <= EXACT_PAIRS:
        yield Instance(brief, group_exact(brief))
    yield Instance(brief, group_hosts(brief, ("rack",)))
    yield Instance(frame, group_hosts(frame, ("zone",)))


def _busiest(frame: Frame) -> Frame:
    """Return the frame of the same site at the steps of greatest demand only.

    Rules hold at every step by itself, so what is impossible there is impossible.
    """
    twin = frame.twin
    demand = np.bincount(twin["workload_flavour"].values, minlength=twin.sizes["flavour"])
    total = np.tensordot(demand, twin["flavour_usage"].values, axes=1)
    steps = np.unique(total.argmax(axis=1))
    if len(steps) == twin.sizes["step"]:
        return frame
    return prepare(
        at_steps(twin, steps),
        frame.rules,
        frame.weights,
        capacity_not_worse=frame.capacity_not_worse,
    )


def at_steps(twin: xr.Dataset, steps: np.ndarray) -> xr.Dataset:
    """Return the twin with only some demand steps (n,) and the periods that belong to them."""
    step = twin["step_of_time"].values
    renumber = np.full(twin.sizes["step"], -1)
    renumber[steps] = np.arange(len(steps))
    brief = twin.isel(step=steps, time=np.flatnonzero(renumber[step] >= 0))
    brief["step_of_time"] = (
        "time",
        renumber[step[renumber[step] >= 0]],
        twin["step_of_time"].attrs,
    )
    return brief


@dataclass(frozen=True)
class _Solved:
    """One answer of the elastic model: the point, its price and the duals of an LP."""

    x: np.ndarray
    price: float
    least_price: float | None
    row_dual: np.ndarray | None


class _Elastic:
    """The elastic model of one instance, asked again with other rules held firm."""

    def __init__(self, instance: Instance, deadline: float) -> None:
        recipe = read_recipe()
        skipped = skipped_blocks(instance.frame)
        blocks = [name for name in recipe.blocks if name not in skipped]
        small = recipe.model_copy(update={"blocks": blocks, "terms": []})
        self.model: pyo.ConcreteModel = build(instance, small, elastic=True)
        self.context: Context = context_of(self.model)
        compiled = compile_model(self.model)
        self.is_exact = instance.grouping.is_exact
        self.compiled: Compiled = compiled if self.is_exact else compiled.as_relaxation()
        self.deadline = deadline
        self.slacks = [
            slack
            for slack in self.context.slacks.values()
            if slack.is_elastic and id(slack.variable) in self.compiled.column_of
        ]
        self.column = np.array(
            [self.compiled.column_of[id(s.variable)] for s in self.slacks], dtype=np.int64
        )
        self.family = np.array([family_of(slack) for slack in self.slacks], dtype=object)

    def ways_out(self) -> list[Relaxation]:
        """Return single ways out, else the cheapest combination, else nothing."""
        full = self._solve(np.ones(len(self.slacks), dtype=bool))
        if full is None:
            return []
        whole = self._read(full)
        if not whole.steps:
            return []
        alone = {step.family for step in whole.steps}
        if len(alone) == 1:  # the cheapest way out is one rule's own
            whole = replace(whole, family=alone.pop())
        singles = [way for way in map(self._alone, self._suspects(full)) if way is not None]
        return sorted(singles, key=lambda way: way.price) or [whole]

    def _suspects(self, full: _Solved) -> list[str]:
        """Return the rules that may suffice alone.

        The duals of an LP prove it infeasible; the proof stands unless a row in it gives way.
        """
        chosen = np.ones(len(self.slacks), dtype=bool)
        if full.row_dual is not None:
            in_proof = np.abs(full.row_dual) > 1e-9
            entries = in_proof[self.compiled.index]
            touched = np.bincount(
                self.compiled.entry_column, weights=entries, minlength=self.compiled.num_col
            )
            chosen = touched[self.column] > 0
        used = np.zeros(len(self.slacks), dtype=bool)
        used[full.x[self.column] > NOTHING] = True
        first = dict.fromkeys(self.family[used & chosen].tolist())
        return list(first | dict.fromkeys(self.family[chosen].tolist()))

    def _alone(self, family: str) -> Relaxation | None:
        if time.monotonic() > self.deadline:
            return None
        found = self._solve(self.family == family)
        if found is None:
            return None
        way = self._read(found)
        same = {step.family for step in way.steps} == {family}
        return replace(way, family=family) if same else None

    def _solve(self, may_give: np.ndarray) -> _Solved | None:
        """Solve with the slacks outside ``may_give`` (slack,) held at zero."""
        upper = self.compiled.col_upper.copy()
        upper[self.column[~may_give]] = 0.0
        left = max(0.5, self.deadline - time.monotonic())
        settings = SolveSettings(time_limit_s=left, gap=0.0 if self.is_exact else 1e-4)
        model = self.compiled.with_bounds(self.compiled.col_lower, upper)
        answer: SolveResult = solve_here(model, settings)
        if answer.x is None or answer.objective is None:
            return None
        return _Solved(answer.x, float(answer.objective), answer.bound, answer.row_dual)

    def _read(self, found: _Solved) -> Relaxation:
        """Return what an answer relaxes, with the placement that uses it where it is one."""
        amount = np.where(found.x[self.column] > NOTHING, found.x[self.column], 0.0)
        given = [(s, float(a)) for s, a in zip(self.slacks, amount, strict=True) if a > 0.0]
        if not self.is_exact:
            count = self._counts(found.x)
            steps = tuple(map(self._with_hosts, read_steps(self.context, given, None, count)))
            return Relaxation("", steps, found.price)
        self.compiled.load_values(found.x)
        host, on = extract(self.model)
        steps = read_steps(self.context, given, host, None)
        if len(given) == len(steps) == 1 and found.least_price is not None:
            steps = (replace(steps[0], least=max(0.0, found.least_price / given[0][0].weight)),)
        return Relaxation("", steps, found.price, True, host, on)

    def _with_hosts(self, step: Step) -> Step:
        """Return a step about a class of hosts with all hosts of the class."""
        instance = self.context.instance
        name = step.where.removeprefix("host ")
        if step.constraint != "capacity" or name not in instance.host_names:
            return step
        hosts = instance.grouping.hosts_of(instance.host_names.index(name))
        return replace(step, hosts=tuple(np.asarray(hosts).tolist()))

    def _counts(self, x: np.ndarray) -> np.ndarray:
        """Return the number of workloads on each pair (pair,)."""
        place = self.context.arrays["place"]
        column = np.array([self.compiled.column_of.get(id(v), -1) for v in place])
        return np.where(column >= 0, x[column], 0.0)


def skipped_blocks(frame: Frame) -> tuple[str, ...]:
    """Return the blocks that say nothing about what is possible."""
    if has_budget(frame):
        return SKIPPED_BLOCKS
    return (*SKIPPED_BLOCKS, *METERED_BLOCKS)


def has_budget(frame: Frame) -> bool:
    """Whether what the site draws is limited."""
    return any(rule.kind == "budget" and rule.is_hard for rule in frame.rules)


def family_of(slack: Slack) -> str:
    """Return what gives way together: a rule, or the capacity of hosts."""
    return "capacity" if slack.constraint in ("capacity", "device_packing") else slack.rule


__all__ = ["Finding", "Relaxation", "explain_infeasible", "find_relaxations", "infeasible_error"]
