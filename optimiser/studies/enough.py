"""Prove that a way out of an infeasible study is enough: relax as told, and find a legal plan.

On large sites the models of :mod:`optimiser.solve.explain` tell how much is missing at least. Here
the limits are relaxed by that much, and the search looks for a plan that the exact checker accepts.
If it finds none, the rule is left out and the plan found then tells how much is enough. No amount
is called enough without a plan that shows it.
"""

from __future__ import annotations

import math
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
import xarray as xr

from optimiser.analysis.verdict import Placement, Violation
from optimiser.analysis.verify import verify
from optimiser.errors import DcoptError
from optimiser.formulation.frame import Frame
from optimiser.formulation.rackrows import IN_TOTAL
from optimiser.schema.policy import (
    AntiAffinity,
    Budget,
    DomainCapacity,
    Headroom,
    RoutingLatency,
    Spread,
)
from optimiser.solve.candidate import Candidate
from optimiser.solve.explain_steps import Relaxation, Step
from optimiser.solve.problem import lower
from optimiser.solve.search import Searcher
from optimiser.twin.placing import PLACEMENT_KINDS
from optimiser.twin.rules import Rule

FACTORS = (1.05, 1.2, 1.5)
"""Multiples of the least capacity that are tried one after the other."""
FIRST_SHARE = 0.3
"""Share of the time left that the least amounts get; often they are just out of reach."""
ROUNDS = 400
FEW = 1_000_000
"""Workloads × hosts up to which all rounds are run at once; beyond, by the clock."""
FIRST_ROUNDS, SLICE_S = 4, 0.2
HOT, COLD = 0.02, 0.001
MOST_RUNS = 6
POLISH_S = 0.7
COUNTS = {
    "headroom": ("amount", -1),
    "spread_max_per_domain": ("max_per_domain", 1),
    "spread_min_domains": ("min_domains", -1),
    "spread_max_skew": ("max_skew", 1),
    "max_moves": ("limit", 1),
    "max_moves_per_service": ("limit", 1),
    "move_budget": ("limit", 1),
    "isolation_limit": ("limit", 1),
    "licence": ("limit", 1),
    "group_count": ("limit", 1),
    "group_capacity": ("limit", 1),
    "free_units": ("count", -1),
    "flow": ("limit_mbit_s", 1),
    "routing_latency": ("limit_ms", 1),
    "max_hosts_on": ("limit", 1),
    "min_hosts_on": ("limit", -1),
}
"""Field of the policy that a count relaxes, and in which direction."""
WATT_PER_KILOWATT = 1000.0


@dataclass(frozen=True)
class _Trial:
    """A relaxed study and what was relaxed in it."""

    twin: xr.Dataset
    rules: tuple[Rule, ...]
    steps: tuple[Step, ...]


class Prover:
    """:func:`prove_enough` for one explanation; loading compiled code does not count as time."""

    def __init__(self) -> None:
        self._loading_s: float | None = None

    def __call__(self, frame: Frame, way: Relaxation, deadline: float) -> Relaxation:
        """Prove one way out until ``deadline`` and what loading took."""
        if self._loading_s is None:
            since = time.monotonic()
            problem = lower(frame.twin, frame.rules, frame.weights)
            searcher = Searcher(problem)
            searcher.place(searcher.load(problem.today, problem.today_on)[:1], 1)
            searcher.run(1, COLD, COLD, 1)
            self._loading_s = time.monotonic() - since
        return prove_enough(frame, way, deadline + self._loading_s)


def prove_enough(frame: Frame, way: Relaxation, deadline: float) -> Relaxation:
    """Return a way out with the amounts that are proven enough, or as it was.

    ``deadline`` is a moment of ``time.monotonic``; a trial that has begun may overrun it a little.
    """
    try:
        for trial in _trials(frame, way, deadline):
            left = deadline - time.monotonic()
            if left <= 0.0:
                return way
            found = find_plan(trial.twin, trial.rules, frame, deadline - (1 - FIRST_SHARE) * left)
            if found is not None:
                return replace(way, enough=trial.steps, host=found.host, host_on=found.on)
        return _measured(frame, way, deadline)
    except DcoptError:  # the least amounts stand without a proof
        return way


def find_plan(
    twin: xr.Dataset,
    rules: Sequence[Rule],
    frame: Frame,
    deadline: float,
    polish_s: float = 0.0,
) -> Candidate | None:
    """Return a plan that the exact checker accepts, or ``None`` when none was found in time.

    The search goes on for ``polish_s`` after the first one, as a cheaper plan asks for less.
    """
    problem = lower(twin, rules, frame.weights)
    searcher = Searcher(problem)
    nowhere = np.full(problem.num_workloads, -1, dtype=np.int32)
    for start in (problem.today, nowhere):
        left = searcher.load(start, problem.today_on)
        searcher.place(left, 1)
        searcher.wake_reserves()
        for run in range(MOST_RUNS):
            if searcher.is_legal and _is_accepted(twin, rules, searcher.candidate()):
                _polish(searcher, min(deadline, time.monotonic() + polish_s))
                better = searcher.candidate()
                if searcher.is_legal and _is_accepted(twin, rules, better):
                    return better
            if time.monotonic() > deadline:
                return None
            run_rounds(searcher, run + 1, deadline)
            searcher.wake_reserves()
    return None


def run_rounds(searcher: Searcher, seed: int, deadline: float) -> None:
    """Search from hot to cold, on a large site in slices that end with the time."""
    problem = searcher.problem
    is_small = problem.num_workloads * problem.num_hosts <= FEW
    done, count = 0, ROUNDS if is_small else FIRST_ROUNDS
    while done < ROUNDS and (not done or time.monotonic() < deadline):
        count, since = min(count, ROUNDS - done), time.monotonic()
        searcher.run(count, _heat(done), _heat(done + count), seed + done)
        done += count
        each = max(1e-6, time.monotonic() - since) / count
        count = max(1, int(SLICE_S / each))


def _heat(done: int) -> float:
    return float(HOT * (COLD / HOT) ** (done / ROUNDS))


def _polish(searcher: Searcher, until: float) -> None:
    heat = HOT
    while time.monotonic() < until:
        searcher.run(ROUNDS, heat, max(COLD, heat / 2), 1)
        heat = max(COLD, heat / 2)


def _is_accepted(twin: xr.Dataset, rules: Sequence[Rule], found: Candidate) -> bool:
    return verify(twin, rules, Placement(found.host, found.on)).is_legal


def _trials(frame: Frame, way: Relaxation, deadline: float) -> Iterator[_Trial]:
    """Yield the study relaxed by the least amounts and by a little more; nothing if not known how.

    Placement rules let go exactly those for whom the search finds no place within the rule.
    """
    if all(step.constraint in PLACEMENT_KINDS for step in way.steps):
        trial = _let_go(frame, way, deadline)
        if trial is not None:
            yield trial
        return
    trial = _relaxed(frame, way, 1.0)
    if trial is not None:
        yield trial
    if trial is not None and any(step.family == "capacity" for step in way.steps):
        for factor in FACTORS:
            more = _relaxed(frame, way, factor)
            if more is not None:
                yield more


def _relaxed(frame: Frame, way: Relaxation, factor: float) -> _Trial | None:
    twin, rules = frame.twin, {rule.name: rule for rule in frame.rules}
    told: list[Step] = []
    for rule_name in dict.fromkeys(step.family for step in way.steps):
        steps = [step for step in way.steps if step.family == rule_name]
        if rule_name == "capacity":
            twin, grown = _grown(twin, steps, factor)
            told += grown
            continue
        change = _relaxed_rule(rules[rule_name], steps, factor)
        if change is None:
            return None
        rules[rule_name], step = change
        told.append(step)
    return _Trial(twin, tuple(rules.values()), tuple(told))


def _grown(twin: xr.Dataset, steps: Sequence[Step], factor: float) -> tuple[xr.Dataset, list[Step]]:
    """Give each host of a merged class its share of what is missing there."""
    twin = twin.copy()
    capacity = twin["host_capacity"].values.copy()
    names = twin["resource"].values.astype(str).tolist()
    told = []
    for step in steps:
        if step.constraint != "capacity" or not step.hosts:
            continue
        share = math.ceil(step.amount * factor / len(step.hosts))
        capacity[list(step.hosts), names.index(step.unit)] += share
        where = step.where if len(step.hosts) == 1 else f"each of {_like(step)}"
        told.append(replace(step, amount=float(share), where=where))
    twin["host_capacity"] = (twin["host_capacity"].dims, capacity, twin["host_capacity"].attrs)
    return twin, told


def _like(step: Step) -> str:
    return f"the {len(step.hosts)} hosts like {step.where.removeprefix('host ')}"


def _relaxed_rule(rule: Rule, steps: Sequence[Step], factor: float) -> tuple[Rule, Step] | None:
    """Return a rule with its one limit changed for all of its places, and the step that says so.

    ``None`` for limits that are not a number of the policy.
    """
    first, policy = steps[0], rule.policy
    amount = _for_each(rule, steps) * factor
    if isinstance(policy, DomainCapacity) and policy.limit is not None:
        more = _rounded_up(amount / policy.limit_fraction, policy.resource == "power")
        changed = policy.model_copy(update={"limit": policy.limit + more})
        return replace(rule, policy=changed), _everywhere(first, more, policy.domain)
    if isinstance(policy, Budget):
        return replace(rule, limit=rule.limit + amount), replace(first, amount=amount)
    whole = math.ceil(amount - 1e-9)
    step = replace(first, amount=float(whole))
    if isinstance(policy, AntiAffinity):
        crowd = Spread(name=rule.name, domain=policy.domain, max_per_domain=1 + whole)
        return replace(rule, kind="spread", policy=crowd), step
    name, sign = COUNTS.get(first.constraint, ("", 1))
    if isinstance(policy, RoutingLatency) and policy.percentile is not None:
        name, sign = "percentile", -1
    value = getattr(policy, name, None)
    if value is None or len({one.constraint for one in steps}) > 1 or value + sign * whole < 0:
        return None
    counted = replace(rule, policy=policy.model_copy(update={name: value + sign * whole}))
    if isinstance(policy, Headroom):
        step = _everywhere(step, step.amount, policy.domain)
    return counted, step


def _for_each(rule: Rule, steps: Sequence[Step]) -> float:
    """Return how much the limit of a rule must change at least, which is one for all places."""
    total = [step.amount for step in steps if step.where == IN_TOTAL]
    named = [step.amount for step in steps if step.where != IN_TOTAL]
    places = max(1, len(np.unique(rule.domain[rule.domain >= 0])))
    return max([*named, *(amount / places for amount in total)])


def _everywhere(step: Step, amount: float, level: str) -> Step:
    where = step.where if level == "site" else f"every {level}"
    return replace(step, amount=amount, where=where)


def _rounded_up(amount: float, is_power: bool) -> float:
    per_unit = WATT_PER_KILOWATT if is_power else 1.0
    return math.ceil(amount * per_unit - 1e-9) / per_unit


def _let_go(frame: Frame, way: Relaxation, deadline: float) -> _Trial | None:
    """Free those workloads from a placement rule for whom the search finds no place within it."""
    names = {step.rule for step in way.steps}
    homeless = _homeless(frame, deadline)
    if not homeless.any():
        return None
    rules = tuple(freed(rule, homeless) if rule.name in names else rule for rule in frame.rules)
    who = tuple(frame.twin["workload"].values.astype(str)[homeless].tolist())
    first = way.steps[0]
    step = replace(first, where="", amount=float(len(who)), unit="workloads", who=who)
    return _Trial(frame.twin, rules, (step,))


def _homeless(frame: Frame, deadline: float) -> np.ndarray:
    """Return for whom no place is found (W,) bool, from today's placement or from none.

    Takes half of the time that is left, as the plan without them has to be found, too.
    """
    now = time.monotonic()
    half = now + max(0.0, deadline - now) / 2
    problem = lower(frame.twin, frame.rules, frame.weights)
    searcher = Searcher(problem)
    fewest = np.ones(problem.num_workloads, dtype=bool)
    for start in (problem.today, np.full(problem.num_workloads, -1, dtype=np.int32)):
        left = searcher.load(start, problem.today_on)
        searcher.place(left, 1)
        run_rounds(searcher, 1, (now + half) / 2 if start is problem.today else half)
        found = searcher.candidate().host < 0
        if found.sum() < fewest.sum():
            fewest = found
    return fewest


def freed(rule: Rule, workloads: np.ndarray) -> Rule:
    """Return a placement rule that no longer holds for some workloads (W,) bool."""
    assert rule.allowed is not None and rule.allowed_class is not None
    everywhere = np.ones((1, rule.allowed.shape[1]), dtype=bool)
    classes = np.where(workloads, len(rule.allowed), rule.allowed_class).astype(np.int32)
    return replace(
        rule,
        workloads=rule.workloads & ~workloads,
        allowed=np.vstack([rule.allowed, everywhere]),
        allowed_class=classes,
    )


def _measured(frame: Frame, way: Relaxation, deadline: float) -> Relaxation:
    """Leave the rule out, find a plan, and measure how far that breaks the rule: so much is enough.

    For limits that are not a number of the policy, such as ratings and temperatures.
    """
    family = way.steps[0].family
    if {step.family for step in way.steps} != {family} or family == "capacity":
        return way
    others = tuple(rule for rule in frame.rules if rule.name != family)
    if time.monotonic() > deadline or len(others) == len(frame.rules):
        return way
    found = find_plan(frame.twin, others, frame, deadline, POLISH_S)
    if found is None:
        return way
    verdict = verify(frame.twin, frame.rules, Placement(found.host, found.on))
    broken = [v for v in verdict.violations if v.rule == family]
    if not broken or verdict.broken.get(family, 0) > len(broken):
        return way  # more places than the checker lists
    rule = next(rule for rule in frame.rules if rule.name == family)
    steps = _measured_steps(rule, way.steps, broken)
    return replace(way, enough=steps, host=found.host, host_on=found.on)


def _measured_steps(
    rule: Rule, told: Sequence[Step], broken: Sequence[Violation]
) -> tuple[Step, ...]:
    """Return by how much a plan exceeds a rule, as steps."""
    first = replace(told[0], who=(), hosts=())
    if first.constraint in PLACEMENT_KINDS:
        who = tuple(v.where.removeprefix("workload ").partition(" on ")[0] for v in broken)
        return (replace(first, where="", amount=float(len(who)), unit="workloads", who=who),)
    policy, most = rule.policy, max(v.amount for v in broken)
    if isinstance(policy, DomainCapacity) and policy.limit is not None:
        return (_everywhere(first, most, policy.domain),)
    if isinstance(policy, Headroom):
        return (_everywhere(first, most, policy.domain),)
    if first.constraint in ("max_moves", "move_budget", "budget", "max_hosts_on", "min_hosts_on"):
        return (replace(first, amount=most),)
    return tuple(replace(first, where=v.where, amount=v.amount, unit=v.unit) for v in broken)
